#include "server/body_flows.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "server/spi.hpp"
#include "server/subtransaction.hpp"

#include "server/compat.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/parser.h"
}

namespace rlsproof::server {

namespace {

constexpr int kMostSteps = 3; // from an argument through variables to a column

struct Mentions {
    List *names; // of char *
    List *keys;  // of char *, beside each; "" for none
};

const char *plain_name(Node *node) {
    while (node != nullptr && IsA(node, TypeCast)) node = castNode(TypeCast, node)->arg;
    if (node != nullptr && IsA(node, ParamRef)) return psprintf("$%d", castNode(ParamRef, node)->number);
    if (node == nullptr || !IsA(node, ColumnRef)) return nullptr;
    const List *fields = castNode(ColumnRef, node)->fields;
    return list_length(fields) == 1 && IsA(linitial(fields), String) ? strVal(linitial(fields)) : nullptr;
}

void mention(Mentions *mentions, const char *name, const char *key) {
    mentions->names = lappend(mentions->names, (void *)name);
    mentions->keys = lappend(mentions->keys, (void *)key);
}

bool find_mentions(Node *node, void *context) {
    if (node == nullptr || IsA(node, SubLink) || IsA(node, RangeVar)) return false;
    auto *mentions = (Mentions *)context;
    if (IsA(node, A_Expr) && castNode(A_Expr, node)->lexpr != nullptr && castNode(A_Expr, node)->rexpr != nullptr &&
        IsA(castNode(A_Expr, node)->rexpr, A_Const)) {
        const char *object = plain_name(castNode(A_Expr, node)->lexpr);
        Node *key = (Node *)&castNode(A_Const, castNode(A_Expr, node)->rexpr)->val;
        if (object != nullptr && strncmp(strVal(llast(castNode(A_Expr, node)->name)), "->", 2) == 0 &&
            IsA(key, String)) {
            mention(mentions, object, strVal(key));
            return false;
        }
    }
    if (const char *name = plain_name(node)) {
        mention(mentions, name, "");
        return false;
    }
    return compat::walk_raw(node, find_mentions, context);
}

void look_for_mentions(Node *node, Mentions *mentions) {
    (void)find_mentions(node, mentions);
}

List *parse(const char *sql, int mode) {
    return raw_parser(sql, (RawParseMode)mode);
}

using MadeOf = std::map<std::string, std::set<std::pair<std::string, std::string>>>;

void add(MadeOf &made, const std::string &variable, Node *value) {
    Mentions mentions{NIL, NIL};
    call(look_for_mentions, value, &mentions);
    for (int i = 0; i < list_length(mentions.names); i++)
        made[variable].emplace((const char *)list_nth(mentions.names, i), (const char *)list_nth(mentions.keys, i));
}

void read(const sqltext::PlpgsqlText &text, const std::function<void(const std::string &, Node *)> &use) {
    if (text.run) return;
    const RawParseMode mode = text.declared            ? RAW_PARSE_PLPGSQL_EXPR
                              : text.variables.empty() ? RAW_PARSE_PLPGSQL_ASSIGN1
                                                       : RAW_PARSE_DEFAULT;
    List *statements = NIL;
    if (!attempt(Finish::commit, [&] { statements = call(parse, text.sql.c_str(), (int)mode); }).ok ||
        statements == NIL)
        return;
    Node *statement = linitial_node(RawStmt, statements)->stmt;
    if (IsA(statement, PLAssignStmt)) {
        use(castNode(PLAssignStmt, statement)->name, (Node *)castNode(PLAssignStmt, statement)->val->targetList);
    } else if (IsA(statement, SelectStmt)) {
        const List *columns = castNode(SelectStmt, statement)->targetList;
        for (size_t i = 0; i < text.variables.size() && (int)i < list_length(columns); i++)
            use(text.variables[i], list_nth_node(ResTarget, columns, (int)i)->val);
    }
}

} // namespace

std::set<std::string> plain_names_in(Node *expression) {
    Mentions mentions{NIL, NIL};
    call(look_for_mentions, expression, &mentions);
    std::set<std::string> names;
    for (int i = 0; i < list_length(mentions.names); i++) names.insert((const char *)list_nth(mentions.names, i));
    return names;
}

void each_assigned(const std::vector<sqltext::PlpgsqlText> &texts,
                   const std::function<void(const std::string &, Node *)> &use) {
    for (const sqltext::PlpgsqlText &text : texts) read(text, use);
}

void follow_variables(const std::vector<sqltext::PlpgsqlText> &texts, BodyFacts &facts) {
    if (facts.flows.empty()) return;
    MadeOf made;
    each_assigned(texts, [&](const std::string &variable, Node *value) { add(made, variable, value); });
    for (int step = 0; step < kMostSteps; step++)
        for (const Flow &flow : std::set<Flow>(facts.flows))
            if (const auto found = made.find(flow.argument); found != made.end())
                for (const auto &[name, key] : found->second)
                    facts.flows.insert({flow.into, name, key.empty() ? flow.key : key});
}

} // namespace rlsproof::server
