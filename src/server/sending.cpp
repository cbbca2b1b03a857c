#include "model/cell.hpp"
#include "model/name_words.hpp"
#include "model/world.hpp"
#include "sqltext/sqltext.hpp"

#include "server/sending.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/argument_paths.hpp"
#include "server/body_flows.hpp"
#include "server/body_names.hpp"
#include "server/body_source.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/vault.hpp"

#include "server/compat.hpp"

extern "C" {
#include "access/transam.h"
#include "nodes/parsenodes.h"
}

namespace rlsproof::server {

namespace {

constexpr int kMostSteps = 4; // from an argument through variables to what is sent

constexpr const char *kProgram = "COPY with PROGRAM";

constexpr const char *kSenders = R"(
select p.oid, pg_catalog.format('%I.%I', n.nspname, p.proname)
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
left join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid
  and d.deptype = 'e'
left join pg_catalog.pg_extension e on e.oid = d.refobjid
where (n.nspname = 'net' and p.proname ~ '^http_(get|post|delete)$')
   or (e.extname = 'http' and p.proname ~ '^http(_(get|post|put|patch|delete|head))?$')
   or (e.extname = 'dblink' and p.proname ~ '^dblink(_connect(_u)?|_exec|_open|_send_query)?$'))";

// A body as far as this room looks at it: nodes of statements, in the server's memory.
struct Nodes {
    List *calls;     // of FuncCall *
    List *constants; // of char *
    List *compared;  // of Node *: either side
    bool program;
};

bool is_comparison(const A_Expr *expression) {
    const std::string name = last_of(expression->name);
    return expression->kind != AEXPR_NULLIF && expression->lexpr != nullptr && expression->rexpr != nullptr &&
           (expression->kind != AEXPR_OP || name.find_first_of("=<>~") != name.npos) && name.find('-') == name.npos;
}

bool walk_body(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *nodes = (Nodes *)context;
    switch (nodeTag(node)) {
    case T_RangeVar: return false;
    case T_PLAssignStmt: return walk_body((Node *)castNode(PLAssignStmt, node)->val, context);
    case T_FuncCall: nodes->calls = lappend(nodes->calls, node); break;
    case T_A_Const: {
        const auto *constant = castNode(A_Const, node);
        if (!constant->isnull && IsA(&constant->val, String))
            nodes->constants = lappend(nodes->constants, strVal(&constant->val));
        return false;
    }
    case T_A_Expr:
        if (is_comparison(castNode(A_Expr, node)))
            nodes->compared =
                lappend(lappend(nodes->compared, castNode(A_Expr, node)->lexpr), castNode(A_Expr, node)->rexpr);
        break;
    default: break;
    }
    return compat::walk_raw(node, walk_body, context);
}

void walk_statement(Node *statement, Nodes *nodes) {
    switch (nodeTag(statement)) {
    case T_CallStmt: (void)walk_body((Node *)castNode(CallStmt, statement)->funccall, nodes); break;
    case T_CopyStmt: nodes->program = nodes->program || castNode(CopyStmt, statement)->is_program; break;
    case T_SelectStmt:
    case T_InsertStmt:
    case T_UpdateStmt:
    case T_DeleteStmt:
    case T_MergeStmt:
    case T_PLAssignStmt: (void)walk_body(statement, nodes); break;
    default: break;
    }
}

void walk_statements(const List *statements, Nodes *nodes) {
    for (int i = 0; i < list_length(statements); i++)
        walk_statement(list_nth_node(RawStmt, statements, i)->stmt, nodes);
}

struct Argument {
    std::string name; // of a named argument; empty where it stands for where it is
    Node *value;
};

std::vector<Argument> arguments_of(const FuncCall *call) {
    std::vector<Argument> arguments;
    each(call->args, [&](Node *node, size_t) {
        if (IsA(node, NamedArgExpr))
            arguments.push_back({castNode(NamedArgExpr, node)->name, (Node *)castNode(NamedArgExpr, node)->arg});
        else
            arguments.push_back({"", node});
    });
    return arguments;
}

// Where what is sent goes to: the first argument, as a rule; of http() the second field of a row.
Node *address_of(const FuncCall *call) {
    const std::vector<Argument> arguments = arguments_of(call);
    for (const Argument &argument : arguments)
        if (argument.name == "url" || argument.name == "uri") return argument.value;
    if (arguments.empty() || !arguments.front().name.empty()) return nullptr;
    Node *first = beneath_casts(arguments.front().value);
    if (first == nullptr || !IsA(first, RowExpr)) return first;
    const List *fields = castNode(RowExpr, first)->args;
    return list_length(fields) > 1 ? (Node *)list_nth(fields, 1) : nullptr;
}

// What a text begins with: who gives that says where it goes, and who gives the rest does not.
Node *beginning_of(Node *node) {
    constexpr std::array<std::string_view, 7> kKeeping = {"concat", "trim",    "btrim", "rtrim",
                                                          "lower",  "replace", "left"};
    for (;;) {
        node = beneath_casts(node);
        if (node == nullptr) return nullptr;
        if (IsA(node, List) && castNode(List, node) != NIL) {
            node = (Node *)linitial(castNode(List, node));
        } else if (IsA(node, ResTarget)) {
            node = castNode(ResTarget, node)->val;
        } else if (IsA(node, A_Expr) && last_of(castNode(A_Expr, node)->name) == "||") {
            node = castNode(A_Expr, node)->lexpr;
        } else if (IsA(node, CoalesceExpr)) {
            node = (Node *)linitial(castNode(CoalesceExpr, node)->args);
        } else if (IsA(node, FuncCall) && castNode(FuncCall, node)->args != NIL &&
                   std::find(kKeeping.begin(), kKeeping.end(), last_of(castNode(FuncCall, node)->funcname)) !=
                       kKeeping.end()) {
            node = (Node *)linitial(castNode(FuncCall, node)->args);
        } else {
            return IsA(node, ColumnRef) || IsA(node, ParamRef) ? node : nullptr;
        }
    }
}

// How a function is called that is not there, and by its name would send something.
std::string unresolved(const List *name) {
    const std::string function = last_of(name);
    const std::string schema = list_length(name) > 1 ? strVal(list_nth(name, list_length(name) - 2)) : "";
    constexpr std::array<std::string_view, 6> kMethods = {"get", "post", "put", "patch", "delete", "head"};
    const bool method = function.starts_with("http_") &&
                        std::find(kMethods.begin(), kMethods.end(), function.substr(5)) != kMethods.end();
    const bool of_extension = schema == "net" || schema == "extensions" || schema == "http";
    if (method && (schema.empty() || of_extension)) return schema.empty() ? function : schema + "." + function;
    return function == "http" && of_extension ? schema + ".http" : "";
}

std::string in_small_letters(std::string text) {
    for (char &letter : text) letter = (char)pg_ascii_tolower((unsigned char)letter);
    return text;
}

// The role that a token speaks of which stands in a text; nothing where there is no token. What it holds is not checked
// by anybody here: the server reads it as whoever it is shown to does.
std::optional<std::string> role_of_token(const std::string &text) {
    const size_t start = text.find("eyJ");
    const size_t first = start == text.npos ? text.npos : text.find('.', start);
    const size_t second = first == text.npos ? text.npos : text.find('.', first + 1);
    if (second == text.npos) return std::nullopt;
    std::string payload = text.substr(first + 1, second - first - 1);
    std::replace(payload.begin(), payload.end(), '-', '+');
    std::replace(payload.begin(), payload.end(), '_', '/');
    payload.resize((payload.size() + 3) / 4 * 4, '=');
    std::string role;
    const Outcome outcome = attempt(Finish::rollback, [&] {
        role =
            query(
                "select pg_catalog.convert_from(pg_catalog.decode($1, 'base64'), 'UTF8')::pg_catalog.jsonb ->> 'role'",
                {payload})
                .text(0, 0);
    });
    return outcome.ok ? std::optional(role) : std::nullopt;
}

// What the constants of a body, and what it reads, say of the key that is shown.
void note_key(const Nodes &nodes, const Body &body, Sending &sending) {
    bool header = false, known_to_all = false;
    for (int i = 0; i < list_length(nodes.constants); i++) {
        const std::string text = (const char *)list_nth(nodes.constants, i);
        const std::string small = in_small_letters(text);
        for (const char *word : {"authorization", "bearer ", "apikey", "api-key"})
            header = header || small.find(word) != small.npos;
        const std::optional<std::string> role = role_of_token(text);
        if (!role) continue;
        if (*role == "anon") { // everybody has that one
            known_to_all = true;
            continue;
        }
        if (sending.says_key && *role != "service_role") continue;
        sending.key = role->empty() ? "a token" : fmt::format("a token of the role {}", *role);
        sending.own_key = sending.says_key = true;
    }
    if (sending.own_key || !header) return;
    if (is_vault(body)) sending.key = "a secret out of the vault";
    for (const auto &[setting, type] : body.settings)
        if (sending.key.empty() && says_key(setting) && !setting.starts_with("request."))
            sending.key = fmt::format("what the setting {} holds", setting);
    sending.own_key = !sending.key.empty();
    if (sending.key.empty() && !known_to_all) sending.key = "a header that says who is asking";
}

// Of what a helper shows and what is shown here, the worse.
void take_key(const Sending &inner, Sending &sending) {
    if (std::pair(inner.says_key, inner.own_key) > std::pair(sending.says_key, sending.own_key) || sending.key.empty())
        sending.key = inner.key;
    sending.own_key = sending.own_key || inner.own_key;
    sending.says_key = sending.says_key || inner.says_key;
}

// What a function's arguments go into, itself and by way of variables.
class Flows {
public:
    using MadeOf = std::map<std::string, std::set<std::string>>;

    Flows(const std::vector<std::string> &arguments, const std::vector<sqltext::PlpgsqlText> &variables)
        : arguments_(arguments) {
        each_assigned(variables, [&](const std::string &variable, Node *value) {
            made_of_[variable].merge(plain_names_in(value));
            if (Node *beginning = beginning_of(value)) begins_[variable].merge(plain_names_in(beginning));
        });
    }

    void add_all(Node *value, std::set<std::string> &to) const { add(plain_names_in(value), made_of_, to); }
    void add_beginning(Node *value, std::set<std::string> &to) const {
        if (Node *beginning = beginning_of(value)) add(plain_names_in(beginning), begins_, to);
    }

private:
    // As a body calls it; one without a name by its number alone.
    std::string argument(const std::string &name) const {
        if (!name.starts_with('$'))
            return std::find(arguments_.begin(), arguments_.end(), name) == arguments_.end() ? "" : name;
        const size_t number = std::strtoul(name.c_str() + 1, nullptr, 10);
        if (number == 0 || number > arguments_.size()) return "";
        return arguments_[number - 1].empty() ? name : arguments_[number - 1];
    }

    void add(std::set<std::string> names, const MadeOf &made, std::set<std::string> &to) const {
        for (int step = 0; step < kMostSteps; step++)
            for (const std::string &name : std::set<std::string>(names))
                if (const auto found = made.find(name); found != made.end())
                    names.insert(found->second.begin(), found->second.end());
        for (const std::string &name : names)
            if (const std::string is = argument(name); !is.empty()) to.insert(is);
    }

    const std::vector<std::string> &arguments_;
    MadeOf made_of_, begins_;
};

bool has(const std::vector<std::string> &names, const std::string &name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

} // namespace

// How a function is called that sends; empty where it does not by itself.
std::string Sendings::sends_by(const List *name, const List *functions) {
    if (functions == NIL) return unresolved(name);
    if (!senders_) {
        senders_.emplace();
        const Rows rows = query(kSenders);
        for (size_t i = 0; i < rows.size(); i++) senders_->emplace(rows.oid(i, 0), rows.text(i, 1));
    }
    for (int i = 0; i < list_length(functions); i++)
        if (const auto found = senders_->find(list_nth_oid(functions, i)); found != senders_->end())
            return found->second;
    return "";
}

const Sending &Sendings::of(Oid function) {
    static const Sending nothing;
    if (function < FirstNormalObjectId) return nothing;
    if (const auto known = read_.find(function); known != read_.end()) return known->second;
    read_.emplace(function, Sending()); // whoever calls itself sends no more by that
    Sending sending = read(function);
    if (sending.by.empty()) return nothing;
    return read_[function] = std::move(sending);
}

Sending Sendings::read(Oid function) {
    Sending sending;
    const BodyText text = body_text(function);
    if (text.language.empty()) return sending;
    const Body &body = book_.bodies.of(function);
    std::set<std::string> sent, address, compared;
    (void)attempt(Finish::rollback, [&] {
        const BodyPieces pieces = read_pieces(text);
        const Flows flows(text.arguments, pieces.variables);
        Nodes nodes{};
        for (const List *statements : pieces.statements)
            call(walk_statements, (const List *)statements, (Nodes *)&nodes);
        if (nodes.program) sending.by.insert(kProgram);
        note_key(nodes, body, sending);
        std::set<const Node *> sends; // what comes of that weighs nothing of what was given
        each(nodes.calls, [&](Node *node, size_t) {
            auto *const expression = castNode(FuncCall, node);
            const List *functions = call(functions_named, expression->funcname);
            const std::vector<Argument> handed = arguments_of(expression);
            if (const std::string by = sends_by(expression->funcname, functions); !by.empty()) {
                sending.by.insert(by);
                sends.insert(node);
                for (const Argument &what : handed) flows.add_all(what.value, sent);
                flows.add_beginning(address_of(expression), address);
                return;
            }
            for (int i = 0; i < list_length(functions); i++) {
                const Oid helper = list_nth_oid(functions, i);
                const Sending &inner = of(helper);
                if (inner.by.empty()) continue;
                sending.by.insert(inner.by.begin(), inner.by.end());
                sends.insert(node);
                if (sending.through.empty())
                    sending.through = inner.through.empty() ? book_.function_name(helper) : inner.through;
                sending.weighs = sending.weighs || inner.weighs;
                take_key(inner, sending);
                const std::vector<std::string> names = body_text(helper).arguments;
                for (size_t at = 0; at < handed.size(); at++) {
                    std::string name = handed[at].name;
                    if (name.empty() && at < names.size()) name = names[at];
                    if (name.empty()) name = fmt::format("${}", at + 1);
                    if (has(inner.given, name)) flows.add_all(handed[at].value, sent);
                    if (has(inner.address, name)) flows.add_beginning(handed[at].value, address);
                }
            }
        });
        if (sending.by.empty()) return;
        each(nodes.compared, [&](Node *side, size_t) {
            if (!sends.contains(beneath_casts(side))) flows.add_all(side, compared);
        });
    });
    sending.weighs = sending.weighs || !compared.empty();
    for (const std::string &name : compared)
        if (!sent.contains(name) && (says_key(name) || says_secret(name) || says_code(name))) sending.word = name;
    sending.given.assign(sent.begin(), sent.end());
    sending.address.assign(address.begin(), address.end());
    // What it sends by is known, whether it is there or not.
    const auto is_why = [&](const std::string &by) {
        return body.unknown_reason == fmt::format("there is no function {}()", by) ||
               (by == kProgram && body.unknown_reason.starts_with("it runs COPY"));
    };
    sending.known = body.known || std::any_of(sending.by.begin(), sending.by.end(), is_why);
    return sending;
}

void weigh_sending(const Function &function, Cell &cell) {
    const Sending &sending = function.sending;
    const std::string sends = fmt::format("it makes the server send something by {}", fmt::join(sending.by, ", "));
    if (function.asks_who) {
        cell.reason += fmt::format("; {}, and looks at who is calling", sends);
        return;
    }
    const std::string doubt = !sending.word.empty() ? "it compares " + sending.word + " with something first"
                              : sending.known       ? ""
                                                    : function.unknown_reason;
    cell.evidence = doubt.empty() ? Evidence::structural : Evidence::none;
    cell.verdict = !doubt.empty() ? Verdict::unknown : cell.declared ? Verdict::leak : Verdict::open;
    cell.reason = fmt::format("it runs as {}: {}, and {}", function.owner, sends,
                              doubt.empty() ? "nothing in it looks at who is calling" : doubt);
    cell.sends = true;
    cell.idle = false;
}

} // namespace rlsproof::server
