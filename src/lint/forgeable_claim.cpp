// Something that users write themselves decides: user_metadata of a token or an account in a policy or a view, copied
// into a column that others decide by, a header of the request that says whose rows are shown, or an identity setting
// that a function sets to what its caller names.
#include <algorithm>

#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

namespace {

constexpr const char *kUserMetadata = "Every signed-in user may set user_metadata (raw_user_meta_data in the accounts "
                                      "table) to anything; app_metadata is written by the server alone.";

void policies(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Relation &relation : world.relations) {
        std::vector<std::string> names, ways;
        for (const Policy &policy : relation.policies) {
            if (policy.facts.forgeable.empty()) continue;
            names.push_back('"' + policy.name + '"');
            for (const std::string &way : policy.facts.forgeable)
                if (std::find(ways.begin(), ways.end(), way) == ways.end()) ways.push_back(way);
        }
        const bool view = names.empty() && !relation.forgeable.empty();
        if (names.empty() && !view) continue;
        if (view) ways = relation.forgeable;
        Finding finding = start(rule);
        finding.level = Level::error;
        finding.object = relation.name;
        finding.message =
            view ? fmt::format("the view {} filters by {}, which users write themselves", relation.name, listed(ways))
                 : fmt::format("the {} {} of {} {} by {}, which users write themselves",
                               names.size() == 1 ? "policy" : "policies", listed(names), relation.name,
                               names.size() == 1 ? "decides" : "decide", listed(ways));
        finding.detail = kUserMetadata;
        finding.hint = "Read the value from app_metadata, or from a table that users may not write.";
        if (std::all_of(ways.begin(), ways.end(),
                        [](const std::string &way) { return way.starts_with("the header "); })) {
            finding.detail =
                "A browser says there where it is; whoever calls the API without one says what is asked for.";
            finding.hint = "Ask who is calling: a header that everybody may send turns nobody away.";
        }
        if (std::all_of(ways.begin(), ways.end(),
                        [](const std::string &way) { return way.starts_with("the end of the e-mail "); })) {
            finding.detail = "Anybody may own a domain that ends so, as evilcorp.com ends in corp.com.";
            finding.hint = "Let the pattern begin with the sign before the domain: '%@corp.com'.";
        }
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

// Whose rows are shown is what the request says: a header or a cookie is its sender's word.
void sent(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Relation &relation : world.relations) {
        std::vector<std::string> names, columns;
        bool alone = false;
        for (const Policy &policy : relation.policies) {
            const std::vector<std::string> &by =
                policy.facts.sent.empty() ? policy.facts.sent_signed_in : policy.facts.sent;
            if (!by.empty()) names.push_back('"' + policy.name + '"');
            for (const std::string &column : by)
                if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
            alone = alone || !policy.facts.sent.empty();
        }
        if (names.empty()) continue;
        // Restrictive policies that look at the caller may hold it back.
        const bool held = std::any_of(relation.policies.begin(), relation.policies.end(),
                                      [](const Policy &policy) { return !policy.permissive && policy.facts.asks_who; });
        Finding finding = start(rule);
        finding.level = alone && !held ? Level::error : Level::warning;
        finding.object = relation.name;
        finding.key = fmt::format("{}:{}:request", finding.rule, finding.object);
        finding.message =
            fmt::format("the {} {} of {} {} {} with a header or cookie of the request, which callers write "
                        "themselves",
                        names.size() == 1 ? "policy" : "policies", listed(names), relation.name,
                        names.size() == 1 ? "compares" : "compare", listed(columns));
        finding.detail = alone
                             ? "Whoever sends somebody else's id gets to what belongs to that: nothing beside it asks "
                               "who is calling."
                             : "Whoever is signed in and sends somebody else's id gets to what belongs to that: what "
                               "stands beside it asks whether somebody is signed in, and not who.";
        finding.hint = "Ask a table of members whether the caller belongs to what the header names.";
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

// Whoever connects directly may set what they like. Only where an API stands between is a function that does it a way
// around.
bool has_api(const World &world) {
    return std::any_of(world.personas.begin(), world.personas.end(), [](const Persona &persona) {
        return !persona.login.empty() || (persona.uid.empty() && !persona.declared);
    });
}

void copies(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    std::vector<std::string> done;
    for (const AccountCopy &copy : world.account_copies) {
        if (std::find(done.begin(), done.end(), copy.function) != done.end()) continue;
        done.push_back(copy.function);
        std::vector<std::string> columns;
        for (const AccountCopy &other : world.account_copies)
            if (other.function == copy.function) columns.push_back(other.column);
        Finding finding = start(rule);
        finding.level = Level::error;
        finding.object = copy.function;
        finding.message = fmt::format("whoever signs up decides {}: the trigger on {} copies it from what they send",
                                      listed(columns), copy.account);
        finding.detail = kUserMetadata;
        finding.hint = "Leave the column to its default and let somebody entitled change it afterwards.";
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

void setters(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    if (!has_api(world)) return;
    for (const Function &function : world.functions) {
        if (function.sets_identity.empty() || function.asks_who) continue;
        const std::vector<std::string> callers = strangers_of(world, function);
        if (callers.empty()) continue;
        Finding finding = start(rule);
        finding.level = Level::error;
        finding.object = function.name;
        finding.message = fmt::format("{} may call {}, which sets {} to what the call brings along", listed(callers),
                                      signature(function), listed(function.sets_identity));
        finding.detail = "Policies take that setting for the caller's identity: for the rest of the transaction the "
                         "caller is whom it names.";
        if (function.sets_by_name) finding.detail += " The call says which setting it is: it may be any other, too.";
        finding.hint = "Take EXECUTE from everybody but the server, or drop the function.";
        finding.fix = revoke_execute(world, function, callers);
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

// A function with its owner's rights lets its caller do what it does for what that one says of himself.
void guards(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Function &function : world.functions) {
        // A helper says no more than yes or no; who asks it is told.
        if (function.forgeable.empty() || function.yes_or_no) continue;
        const std::vector<std::string> callers = strangers_of(world, function);
        if (callers.empty()) continue;
        Finding finding = start(rule);
        finding.level = Level::warning;
        finding.object = function.name;
        const std::string named = function.name.substr(std::string_view("rpc:").size());
        finding.message = fmt::format("{} may call {}, which compares user metadata{}, and users write that themselves",
                                      listed(callers), signature(function),
                                      named == function.forgeable ? "" : fmt::format(" by {}", function.forgeable));
        finding.detail =
            fmt::format("{} It is SECURITY DEFINER, and runs with the rights of {}: whoever is let through "
                        "by that does what only those may do whom it is meant for.",
                        kUserMetadata, function.owner);
        finding.hint = "Read the value from app_metadata, or from a table that users may not write.";
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

} // namespace

void forgeable_claim(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    policies(world, rule, findings);
    if (has_api(world)) sent(world, rule, findings);
    copies(world, rule, findings);
    setters(world, rule, findings);
    guards(world, rule, findings);
}

} // namespace rlsproof::lint
