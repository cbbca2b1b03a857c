// rlsproof.explain(): one cell told from the grant to the verdict.
#include "base/finding.hpp"
#include "base/text.hpp"
#include "model/cell.hpp"
#include "model/expectation.hpp"
#include "model/world.hpp"
#include "prove/prover.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/access.hpp"
#include "server/identity.hpp"
#include "server/names.hpp"
#include "server/personas.hpp"
#include "server/privileges.hpp"
#include "server/proofs.hpp"
#include "server/result.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/verify.hpp"
#include "server/world.hpp"

#include "server/compat.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kWidth = 78;

class Explanation {
public:
    Explanation(const World &world, const Persona &persona, std::string object, Command command)
        : world_(world), persona_(persona), object_(std::move(object)), command_(command),
          stored_(object_.starts_with("bucket:") ? "storage.objects" : object_) {}

    std::vector<std::string> tell();

private:
    void say(size_t indent, const std::string &text);
    void privilege();
    void function(const Function &function);
    void relation(const Relation &relation);
    void row_security(const Relation &relation);
    void policies(const Relation &relation);
    void policy(const Policy &policy, const PolicyFold *fold);
    void result(const Relation &relation);
    void clause(const std::string &keyword, const std::string &sql, Truth truth, bool permissive, bool new_rows);
    void verdict();
    void proofs(const Relation &relation);
    void proof(const CellToProve &cell, const Proof &proof);
    std::string lower_command() const;

    const World &world_;
    const Persona &persona_;
    std::string object_;
    Command command_;
    std::string stored_; // the relation whose rows it is about
    bool held_ = false;
    std::vector<std::string> lines_;
};

void Explanation::say(size_t indent, const std::string &text) {
    const std::string blanks(indent, ' ');
    for (const std::string &line : text::wrap(one_line(text), kWidth - indent)) lines_.push_back(blanks + line);
}

std::string Explanation::lower_command() const {
    std::string lower(name(command_));
    for (char &c : lower) c = (char)tolower((unsigned char)c);
    return lower;
}

bool has_a_say(const Policy &policy, Command command) {
    return policy.command == "ALL" || policy.command == name(command);
}

// What one policy does with the rows, by what its clause folds to.
std::string_view effect(Truth truth, bool permissive, bool new_rows) {
    if (permissive)
        return truth == Truth::always
                   ? new_rows ? "true for every new row: lets all of them in" : "true for every row: adds all of them"
               : truth == Truth::depends
                   ? new_rows ? "lets in the new rows it is true for" : "adds the rows it is true for"
                   : "false for this identity, whatever the rows hold: adds nothing";
    return truth == Truth::always ? "true for every row: takes nothing away"
           : truth == Truth::depends
               ? new_rows ? "keeps out the new rows it is not true for" : "takes away the rows it is not true for"
               : "false for this identity, whatever the rows hold: takes everything away";
}

void Explanation::clause(const std::string &keyword, const std::string &sql, Truth truth, bool permissive,
                         bool new_rows) {
    say(4, keyword + " " + sql);
    say(6, std::string(effect(truth, permissive, new_rows)));
}

void Explanation::policy(const Policy &policy, const PolicyFold *fold) {
    say(2, fmt::format("{} policy \"{}\" for {} to {}", policy.permissive ? "permissive" : "restrictive", policy.name,
                       policy.command, fmt::join(policy.roles, ", ")));
    if (fold == nullptr || !fold->binds) {
        say(6, fmt::format("not for {}", persona_.role));
        return;
    }
    const bool reads = command_ != Command::insert, writes = command_ == Command::insert || command_ == Command::update;
    if (reads && !policy.predicate.empty())
        clause("USING", policy.predicate, fold->rows, policy.permissive, false);
    else if (reads && policy.permissive)
        say(6, "has no USING: adds no row");
    if (!writes) return;
    if (!policy.check.empty())
        clause("WITH CHECK", policy.check, fold->checks, policy.permissive, true);
    else if (command_ == Command::update && !policy.predicate.empty())
        say(6, "and asks the same of the rows as they are afterwards");
    else if (!policy.predicate.empty())
        clause("USING, asked of new rows in place of a WITH CHECK:", policy.predicate, fold->checks, policy.permissive,
               true);
    else if (policy.permissive)
        say(6, "has no WITH CHECK: lets no new row in");
}

void Explanation::policies(const Relation &relation) {
    std::vector<PolicyFold> folds;
    const Outcome outcome = attempt(Finish::rollback, [&] {
        assume(identity_of(persona_));
        folds = fold_policies(relation.id);
    });
    if (!outcome.ok) say(2, fmt::format("what they come to is unknown: {}: {}", outcome.sqlstate, outcome.message));
    size_t others = 0, permissive = 0;
    for (const Policy &policy : relation.policies) {
        if (!has_a_say(policy, command_)) {
            others++;
            continue;
        }
        const auto fold = std::find_if(folds.begin(), folds.end(),
                                       [&](const PolicyFold &candidate) { return candidate.name == policy.name; });
        permissive += policy.permissive && fold != folds.end() && fold->binds;
        this->policy(policy, fold == folds.end() ? nullptr : &*fold);
    }
    if (others > 0) say(2, text::plural(others, "policy is", "policies are") + " for other commands");
    if (permissive == 0) say(2, fmt::format("no permissive policy lets {} {} anything", persona_.role, name(command_)));
}

void Explanation::row_security(const Relation &relation) {
    if (!relation.is_table()) return;
    if (!relation.row_security) {
        say(0, relation.policies.empty()
                   ? "Row security: off"
                   : fmt::format("Row security: off, so its {} not in force",
                                 text::plural(relation.policies.size(), "policy is", "policies are")));
        return;
    }
    const Reach *reach = relation.reach_of(persona_.name);
    if (reach != nullptr && !reach->row_security) {
        Exemptions exemptions;
        say(0, fmt::format("Row security: on, and {} is past it ({})", persona_.role,
                           exemptions.why(relation, persona_.role)));
        return;
    }
    say(0, fmt::format("Row security: on{}, and it binds {}", relation.forced ? ", forced on the owner too" : "",
                       persona_.role));
    policies(relation);
}

// What the server makes of the statement.
void Explanation::result(const Relation &relation) {
    const std::vector<Access> cells = read_access(world_, persona_.name, object_);
    const auto cell =
        std::find_if(cells.begin(), cells.end(), [&](const Access &access) { return access.command == command_; });
    if (cell == cells.end() || !cell->held) return;
    if (!cell->predicate.empty()) {
        say(0, cell->rows == Reached::unknown ? "The server refuses the statement:" : "The server adds:");
        say(2, cell->predicate);
    }
    if (!cell->via.empty() && !relation.is_table()) say(0, "By way of: " + cell->via);
    say(0, fmt::format("Rows by privilege and policy: {}", word(cell->rows)));
    if (command_ != Command::update && command_ != Command::remove) return;
    if (!relation.row_security) return;
    std::string predicate;
    const Outcome outcome = attempt(Finish::rollback, [&] {
        assume(identity_of(persona_));
        for (const BaseRelation &base : rewrite(statement_for(relation, persona_, command_, true)))
            if (base.target) predicate = one_line(base.predicate);
    });
    if (!outcome.ok || predicate.empty() || predicate == cell->predicate) return;
    say(0, "A statement that reads rows, as any WHERE does, must pass the SELECT policies too:");
    say(2, predicate);
}

void Explanation::privilege() {
    const Privileges privileges({persona_});
    const Privilege &privilege = privileges.of(persona_.name, stored_, command_);
    held_ = privilege.held;
    if (!held_) {
        say(0, privilege.way == "-" ? "Privilege: none" : "Privilege: none " + privilege.way.substr(2));
        return;
    }
    say(0, "Privilege: held");
    for (size_t start = 0; start < privilege.way.size();) {
        const size_t end = std::min(privilege.way.find("; ", start), privilege.way.size());
        say(2, privilege.way.substr(start, end - start));
        start = end + 2;
    }
}

void Explanation::function(const Function &function) {
    if (!held_) return;
    if (!function.definer) {
        say(0, "It runs with its caller's rights: whatever it does, the caller may do without it.");
        return;
    }
    say(0, fmt::format("It runs as {} (SECURITY DEFINER), whoever calls it.", function.owner));
    for (const Touch &touch : function.touches)
        say(2, fmt::format("{} {}{}", touch.written ? "writes" : "reads", touch.relation,
                           touch.has_row_security && !touch.binds_owner ? ", past its policies" : ""));
    if (!function.body_known) say(2, "not everything it touches is known: " + function.unknown_reason);
    say(0, function.asks_who ? "It looks at who is calling." : "It never looks at who is calling.");
    if (!function.pinned_search_path) say(0, "Its search_path is the caller's.");
}

void Explanation::relation(const Relation &relation) {
    if (!held_) return;
    if (!row_wise(command_)) {
        say(0, fmt::format("No policy has a say in {}.", name(command_)));
        return;
    }
    row_security(relation);
    result(relation);
}

void Explanation::verdict() {
    say(0, "");
    const Verification verification = verify(world_, {persona_.name, object_, std::string(name(command_))});
    if (verification.cells.empty()) {
        say(0, "Verdict: unknown");
        if (stored_ == "storage.objects") say(2, "files are looked at bucket by bucket: name the bucket");
        for (const std::string &note : verification.notes) say(2, note);
        return;
    }
    const Cell &cell = verification.cells.front();
    say(0, fmt::format("Verdict: {}", name(cell.verdict)));
    say(2, fmt::format("expected: {}{}", cell.expected, cell.declared ? "" : " (nobody declared it)"));
    say(2, fmt::format("evidence: {}", name(cell.evidence)));
    say(2, fmt::format("reason: {}", cell.reason));
    if (const Relation *relation = world_.relation(stored_)) proofs(*relation);
    if (cell.verdict == Verdict::open || cell.verdict == Verdict::leak) {
        say(0, "");
        say(0, "If it is meant:");
        lines_.push_back(fmt::format("  SELECT rlsproof.expect({}, {}, {}, 'all');", quote_literal(persona_.name),
                                     quote_literal(object_), quote_literal(lower_command())));
    }
    if (cell.witness.empty()) return;
    say(0, "To see it happen:");
    const std::string script = query("select $1::jsonb ->> 'script'", {cell.witness}).text(0, 0);
    for (const std::string_view line : text::lines(script)) lines_.push_back("  " + std::string(line));
}

// One direction in words.
void Explanation::proof(const CellToProve &cell, const Proof &proof) {
    const bool more = cell.direction == Direction::no_more;
    const std::string head = more ? "no more than was declared" : "no less than was declared";
    if (proof.verdict != Proof::Verdict::refuted) {
        say(2, fmt::format("{}: {}", head,
                           proof.reason.starts_with(name(proof.verdict))
                               ? proof.reason
                               : fmt::format("{}: {}", name(proof.verdict), proof.reason)));
        return;
    }
    static constexpr std::pair<Command, std::pair<const char *, const char *>> kDoes[] = {
        {Command::select, {"sees", "see"}},
        {Command::insert, {"puts in", "put in"}},
        {Command::update, {"changes", "change"}},
        {Command::remove, {"removes", "remove"}}};
    const auto *does =
        std::find_if(std::begin(kDoes), std::end(kDoes), [&](const auto &pair) { return pair.first == command_; });
    const std::string row = proof.row.empty() ? "a row" : "the row (" + proof.row + ")";
    const std::string declared = cell.expected == "none" ? "nothing was declared"
                                 : cell.expected == "all"
                                     ? "all was declared"
                                     : fmt::format("it is {} scope \"{}\"", more ? "outside of" : "in", cell.expected);
    if (more)
        say(2, fmt::format("{}: refuted: {} {} {}, and {}", head, persona_.name, does->second.first, row, declared));
    else
        say(2, fmt::format("{}: refuted: {} does not {} {}, and {}", head, persona_.name, does->second.second, row,
                           declared));
    for (const std::string &reason : proof.because) say(4, reason);
    if (proof.because.empty() && !proof.row.empty()) say(4, "no permissive policy is true of it");
    say(4, "in a state that was made and undone");
}

// What does not depend on the rows that happen to be there.
void Explanation::proofs(const Relation &relation) {
    const Reach *reach = relation.reach_of(persona_.name);
    if (!held_ || !row_wise(command_) || !relation.is_table() || reach == nullptr || !reach->row_security ||
        stored_ != object_)
        return;
    std::string why;
    std::optional<CellToProve> cell = cell_to_prove(world_, persona_, relation, command_, read_declared(), why);
    if (!cell || !why_not_assumed(persona_).empty()) return;
    const Tables tables = Tables::read();
    say(0, "Whatever the tables hold, with these claims:");
    undone([&] {
        Proofs asked(tables, true);
        for (const Direction direction : {Direction::no_more, Direction::no_less}) {
            cell->direction = direction;
            proof(*cell, asked.prove(*cell));
        }
    });
}

std::vector<std::string> Explanation::tell() {
    const Relation *found = world_.relation(stored_);
    const auto callable = std::find_if(world_.functions.begin(), world_.functions.end(),
                                       [&](const Function &candidate) { return candidate.name == object_; });
    say(0, fmt::format("{} (role {}): {} on {}, a {}", persona_.name, persona_.role, name(command_), object_,
                       found == nullptr     ? "function"
                       : stored_ == object_ ? name(found->kind)
                                            : "bucket"));
    say(0, "");
    privilege();
    if (found != nullptr)
        relation(*found);
    else if (callable != world_.functions.end())
        function(*callable);
    verdict();
    return std::move(lines_);
}

// The object in full, having made sure that the command means something for it.
std::string object_for(const World &world, const std::string &written, Command command) {
    const std::string object = object_named(written);
    const bool bucket = object.starts_with("bucket:");
    const Relation *relation = world.relation(bucket ? "storage.objects" : object);
    const bool callable = std::any_of(world.functions.begin(), world.functions.end(),
                                      [&](const Function &function) { return function.name == object; });
    if (relation == nullptr && !callable)
        throw Error(Code::unsupported, fmt::format("\"{}\" cannot be explained", object),
                    "Name one table, view or function: public.orders, rpc:public.pay(uuid).");
    if (bucket && relation != nullptr && !row_wise(command))
        throw Error(Code::invalid_input, fmt::format("{} means nothing for {}", name(command), object),
                    "The files of a bucket know SELECT, INSERT, UPDATE and DELETE.");
    if (relation == nullptr ? command == Command::execute : knows(*relation, command)) return object;
    if (relation != nullptr && command == Command::maintain && !compat::has_maintain)
        throw Error(Code::unsupported, "this server has no privilege MAINTAIN", "PostgreSQL 17 is the first with it.");
    throw Error(Code::invalid_input, fmt::format("{} means nothing for {}", name(command), object),
                relation == nullptr           ? "A function is executed: EXECUTE."
                : command == Command::execute ? "EXECUTE is for functions: rpc:public.pay(uuid)."
                                              : fmt::format("It is a {}.", name(relation->kind)));
}

std::string required(const char *argument, const char *what) {
    if (argument == nullptr)
        throw Error(Code::invalid_input, fmt::format("{} must not be null", what),
                    "One cell is explained at a time; rlsproof.access() and rlsproof.verify() show many.");
    return argument;
}

} // namespace

extern "C" {
PG_FUNCTION_INFO_V1(rlsproof_explain);

Datum rlsproof_explain(PG_FUNCTION_ARGS) {
    const char *persona = text_argument(fcinfo, 0);
    const char *object = text_argument(fcinfo, 1);
    const char *command = text_argument(fcinfo, 2);
    return enter([&]() -> Datum {
        const Command wanted = command_named(required(command, "the command"));
        const World world = read_world();
        const std::string asking = required(persona, "the persona");
        const Persona &who = persona_named(world, asking);
        const std::string what = object_for(world, required(object, "the object"), wanted);
        return_lines(fcinfo, Explanation(world, who, what, wanted).tell());
        return 0;
    });
}
}

} // namespace rlsproof::server
