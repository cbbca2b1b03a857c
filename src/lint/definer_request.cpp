// A function that runs with its owner's rights and sends something to somebody else, in the server's own name and with
// its keys. Nothing in it looks at who is calling.
#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

namespace {

// It goes where its caller says, or says what its caller says with a key that its caller has not got; and nothing
// weighs what it is given.
bool is_grave(const Sending &sending) {
    return !sending.weighs && (!sending.address.empty() || (!sending.given.empty() && sending.own_key));
}

} // namespace

void definer_request(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Function &function : world.functions) {
        const Sending &sending = function.sending;
        if (!function.definer || function.asks_who || sending.by.empty()) continue;
        const std::vector<std::string> callers = strangers_of(world, function);
        if (callers.empty()) continue;
        const bool doubtful = !sending.known || !sending.word.empty();
        Finding finding = start(rule);
        finding.level = doubtful ? Level::note : is_grave(sending) ? Level::error : Level::warning;
        finding.object = function.name;
        const bool program = sending.by.begin()->starts_with("COPY");
        finding.message = fmt::format("{} may make the server {} by calling {}", listed(callers),
                                      program ? "run a program" : "send a request", signature(function));
        if (!sending.address.empty()) finding.message += fmt::format(", to where {} says", listed(sending.address));
        if (!sending.key.empty()) finding.message += fmt::format(", with {}", sending.key);
        finding.detail = fmt::format(
            "It is SECURITY DEFINER: it {} {} with the rights of {}{}, and nothing in it looks at who is calling.",
            program ? "runs" : "calls", listed(std::vector<std::string>(sending.by.begin(), sending.by.end())),
            function.owner,
            sending.through.empty() ? "" : ", by way of " + sending.through.substr(sending.through.find(':') + 1));
        if (!sending.given.empty())
            finding.detail += fmt::format(" Of what it is given {} {} into the request.", listed(sending.given),
                                          sending.given.size() == 1 ? "goes" : "go");
        if (sending.says_key) finding.detail += " The token stands in the text of a function.";
        if (!sending.word.empty())
            finding.detail += fmt::format(" It compares {} with something; whether that turns away whoever does not "
                                          "know it is not known.",
                                          sending.word);
        if (!sending.known)
            finding.detail += fmt::format(" What else it does is unknown: {}.", function.unknown_reason);
        finding.hint = "Take EXECUTE from everybody but the server: a trigger function that is SECURITY DEFINER and a "
                       "job that is run at its time call it all the same. Else let it check who is calling.";
        if (sending.says_key) finding.hint += " Put the key into the vault, and draw a new one.";
        finding.fix = revoke_execute(world, function, callers);
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
