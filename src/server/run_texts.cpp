#include "sqltext/sqltext.hpp"

#include "server/run_texts.hpp"

#include <algorithm>
#include <cstring>
#include <regex>

#include <fmt/format.h>

#include "server/spi.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/parser.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostPieces = 500;

using Kind = TextPiece::Kind;

std::string last_name(const List *names) {
    return names != NIL && IsA(llast(names), String) ? strVal(llast(names)) : "";
}

// Types whose values hold no text of their caller's making; of regclass and its likes the text is a quoted name.
enum class Holds { text, name, value };

Holds holds(const std::string &type) {
    if (type.starts_with("reg")) return Holds::name;
    for (const char *text : {"text", "varchar", "bpchar", "char", "name", "citext", "json", "jsonb"})
        if (type == text) return Holds::text;
    return Holds::value;
}

MadeText quoted(MadeText made, Kind kind) {
    for (TextPiece &piece : made) {
        if (piece.kind == Kind::constant) piece.text = quote_identifier(piece.text);
        if (piece.kind == Kind::sql) piece.kind = kind;
    }
    return made;
}

MadeText altered(MadeText made) {
    for (TextPiece &piece : made) piece.altered = true;
    return made;
}

MadeText maybe(MadeText made) {
    for (TextPiece &piece : made) piece.maybe = true;
    return made;
}

void append(MadeText &made, const MadeText &more) {
    made.insert(made.end(), more.begin(), more.end());
    if (made.size() > kMostPieces) made = {{Kind::unknown, ""}};
}

const MadeText kUnknown = {{Kind::unknown, ""}};
const MadeText kValue = {{Kind::value, ""}};

// Raw trees are only looked at: nothing here can raise an error of the server.
class Reader {
public:
    Reader(std::string function, std::vector<std::string> names, std::vector<std::string> types)
        : function_(std::move(function)), names_(std::move(names)), types_(std::move(types)) {}

    void declare(const std::string &variable, Node *value) { variables_[variable] = make(value); }

    void assign(const std::string &variable, Node *value) {
        MadeText made = make(value);
        MadeText &before = variables_[variable];
        // Which of two ways was gone is not followed: what was there before may be there still.
        const bool plain = before.empty() || (before.size() == 1 && before.front().kind != Kind::sql);
        if (!plain && !mentions(value, variable)) {
            made = maybe(std::move(made));
            append(made, maybe(before));
        }
        before = std::move(made);
    }

    MadeText make(Node *node) const {
        if (node == nullptr) return kUnknown;
        switch (nodeTag(node)) {
        case T_A_Const: {
            auto *constant = castNode(A_Const, node);
            Node *value = (Node *)&constant->val;
            if (constant->isnull) return {};
            if (!IsA(value, String)) return kValue;
            MadeText made;
            made.push_back({Kind::constant, strVal(value)});
            return made;
        }
        case T_TypeCast: {
            const Holds type = holds(last_name(castNode(TypeCast, node)->typeName->names));
            MadeText made = make(castNode(TypeCast, node)->arg);
            return type == Holds::text ? made : type == Holds::name ? quoted(std::move(made), Kind::relation) : kValue;
        }
        case T_ParamRef: return argument((size_t)castNode(ParamRef, node)->number - 1);
        case T_ColumnRef: return named(castNode(ColumnRef, node)->fields);
        case T_A_Expr: return operation(castNode(A_Expr, node));
        case T_FuncCall: return called(castNode(FuncCall, node));
        case T_CoalesceExpr: return first_of(castNode(CoalesceExpr, node)->args);
        case T_CaseExpr: {
            MadeText made = make((Node *)castNode(CaseExpr, node)->defresult);
            ListCell *cell;
            foreach (cell, castNode(CaseExpr, node)->args)
                append(made, make((Node *)lfirst_node(CaseWhen, cell)->result));
            return maybe(std::move(made));
        }
        case T_SubLink: return make(castNode(SubLink, node)->subselect);
        case T_SelectStmt: {
            MadeText made;
            ListCell *cell;
            foreach (cell, castNode(SelectStmt, node)->targetList)
                append(made, make(lfirst_node(ResTarget, cell)->val));
            const auto *select = castNode(SelectStmt, node);
            const bool alone = select->fromClause == NIL && list_length(select->targetList) == 1;
            return alone ? made : altered(std::move(made));
        }
        case T_A_ArrayExpr: return several(castNode(A_ArrayExpr, node)->elements);
        case T_A_Indirection: return altered(make(castNode(A_Indirection, node)->arg));
        case T_BoolExpr:
        case T_NullTest: return kValue;
        default: return kUnknown;
        }
    }

private:
    MadeText argument(size_t number) const {
        if (number >= names_.size()) return kUnknown;
        const Holds type = holds(types_[number]);
        if (type == Holds::value) return kValue;
        return {{type == Holds::text ? Kind::sql : Kind::relation,
                 names_[number].empty() ? fmt::format("${}", number + 1) : names_[number]}};
    }

    MadeText named(const List *fields) const {
        const int count = list_length(fields);
        if (count > 2 || !IsA(llast(fields), String)) return kUnknown;
        const std::string last = strVal(llast(fields)),
                          first = IsA(linitial(fields), String) ? strVal(linitial(fields)) : "";
        // A field of a row, or an argument by the function's name.
        const std::string &name = count == 2 && first != function_ ? first : last;
        MadeText made;
        if (const auto variable = variables_.find(name); variable != variables_.end())
            made = variable->second;
        else if (const auto at = std::find(names_.begin(), names_.end(), name); at != names_.end())
            made = argument((size_t)(at - names_.begin()));
        else
            return kUnknown;
        return &name == &first ? altered(std::move(made)) : made;
    }

    MadeText operation(const A_Expr *expression) const {
        const std::string name = last_name(expression->name);
        if (name == "||") {
            MadeText made = make(expression->lexpr);
            append(made, make(expression->rexpr));
            return made;
        }
        const bool part = name.starts_with("->") || name.starts_with("#>");
        return part ? altered(make(expression->lexpr)) : kValue;
    }

    MadeText several(const List *list) const {
        MadeText made;
        for (int i = 0; i < list_length(list); i++) append(made, make((Node *)list_nth(list, i)));
        return altered(std::move(made));
    }

    // What stands in for NULL is not met: every argument is given.
    MadeText first_of(const List *list) const {
        MadeText made = make((Node *)linitial(list));
        for (int i = 1; i < list_length(list); i++) {
            const MadeText other = make((Node *)list_nth(list, i));
            const auto plain = [](const TextPiece &piece) { return piece.kind == Kind::constant; };
            if (!std::all_of(other.begin(), other.end(), plain)) append(made, maybe(other));
        }
        return made;
    }

    MadeText called(const FuncCall *call) const {
        const std::string name = last_name(call->funcname);
        if (call->args == NIL) return name == "now" ? kValue : kUnknown;
        auto *first = (Node *)linitial(call->args);
        if (name == "quote_literal" || name == "quote_nullable") return kValue;
        if (name == "quote_ident") return quoted(make(first), Kind::name);
        if (name == "to_regclass") return quoted(make(first), Kind::relation);
        for (const char *same : {"btrim", "rtrim", "ltrim", "lower", "upper"})
            if (name == same) return make(first);
        for (const char *number : {"length", "count", "char_length", "jsonb_array_length", "array_length", "ascii"})
            if (name == number) return kValue;
        if (name == "concat") {
            MadeText made;
            for (int i = 0; i < list_length(call->args); i++) append(made, make((Node *)list_nth(call->args, i)));
            return made;
        }
        if (name == "format") return formatted(call->args);
        return several(call->args);
    }

    // %s, %I and %L, also as %2$s.
    MadeText formatted(const List *arguments) const {
        const MadeText text = make((Node *)linitial(arguments));
        const auto constant = [](const TextPiece &piece) { return piece.kind == Kind::constant && !piece.altered; };
        if (!std::all_of(text.begin(), text.end(), constant)) return several(arguments);
        std::string pattern;
        for (const TextPiece &piece : text) pattern += piece.text;
        MadeText made;
        int next = 1;
        for (size_t at = 0; at < pattern.size();) {
            const size_t sign = std::min(pattern.find('%', at), pattern.size());
            if (sign > at) append(made, {{Kind::constant, pattern.substr(at, sign - at)}});
            size_t end = sign + 1;
            while (end < pattern.size() && strchr("0123456789$-*", pattern[end]) != nullptr) end++;
            if (sign >= pattern.size() || end >= pattern.size()) break;
            at = end + 1;
            if (pattern[end] == '%') {
                append(made, {{Kind::constant, "%"}});
                continue;
            }
            const std::string between = pattern.substr(sign + 1, end - sign - 1);
            if (!between.empty() && between.back() == '$') next = std::atoi(between.c_str());
            if (next < 1 || next >= list_length(arguments)) return kUnknown;
            const MadeText value = make((Node *)list_nth(arguments, next++));
            append(made, pattern[end] == 's' ? value : pattern[end] == 'I' ? quoted(value, Kind::name) : kValue);
        }
        return made;
    }

    static bool mentions(Node *node, const std::string &variable) {
        if (node == nullptr) return false;
        const auto any = [&](const List *list) {
            for (int i = 0; i < list_length(list); i++)
                if (mentions((Node *)list_nth(list, i), variable)) return true;
            return false;
        };
        switch (nodeTag(node)) {
        case T_ColumnRef: return last_name(castNode(ColumnRef, node)->fields) == variable;
        case T_TypeCast: return mentions(castNode(TypeCast, node)->arg, variable);
        case T_A_Expr:
            return mentions(castNode(A_Expr, node)->lexpr, variable) ||
                   mentions(castNode(A_Expr, node)->rexpr, variable);
        case T_FuncCall: return any(castNode(FuncCall, node)->args);
        case T_CoalesceExpr: return any(castNode(CoalesceExpr, node)->args);
        default: return false;
        }
    }

    std::string function_;
    std::vector<std::string> names_;
    std::vector<std::string> types_;
    std::map<std::string, MadeText> variables_;
};

List *parse(const char *sql, int mode) {
    return raw_parser(sql, (RawParseMode)mode);
}

// The value of an expression, which is parsed as what SELECT selects.
Node *parsed(const std::string &sql, int mode) {
    List *statements = NIL;
    if (!attempt(Finish::commit, [&] { statements = call(parse, sql.c_str(), mode); }).ok || statements == NIL)
        return nullptr;
    return linitial_node(RawStmt, statements)->stmt;
}

// Whether the next name is a table's: another one is a column's of a table that is named already.
bool names_a_table(const std::string &before) {
    static const std::regex kBefore("(^|[^a-z_])(from|join|into|update|table|only|truncate)\\s+(\"?[a-z0-9_]+\"?\\.)?$",
                                    std::regex::icase);
    return std::regex_search(before, kBefore);
}

void read(Reader &reader, const sqltext::PlpgsqlText &text, RunTexts &found) {
    if (text.run || text.declared) {
        Node *expression = parsed(text.sql, RAW_PARSE_PLPGSQL_EXPR);
        if (text.run)
            found.all.push_back(reader.make(expression));
        else if (expression != nullptr)
            reader.declare(text.variables.front(), expression);
        return;
    }
    Node *statement = parsed(text.sql, text.variables.empty() ? RAW_PARSE_PLPGSQL_ASSIGN1 : RAW_PARSE_DEFAULT);
    if (statement == nullptr) return;
    if (IsA(statement, PLAssignStmt)) {
        auto *assignment = castNode(PLAssignStmt, statement);
        reader.assign(assignment->name, (Node *)assignment->val);
    } else if (IsA(statement, SelectStmt)) {
        const List *columns = castNode(SelectStmt, statement)->targetList;
        for (size_t i = 0; i < text.variables.size() && (int)i < list_length(columns); i++)
            reader.assign(text.variables[i], list_nth_node(ResTarget, columns, (int)i)->val);
    }
}

} // namespace

RunTexts read_run_texts(Oid function) {
    RunTexts found;
    const Rows rows = query(R"(
select pg_catalog.pg_get_functiondef(p.oid), p.proname,
       array(select coalesce(p.proargnames[a.at], '') from unnest(coalesce(p.proargmodes, array_fill('i'::"char", array[p.pronargs::int])))
             with ordinality a(mode, at) where a.mode in ('i', 'b', 'v') order by a.at),
       array(select case when t.typcategory in ('S', 'A', 'C', 'P') or t.typname = 'hstore' then 'text' else t.typname end
             from unnest(p.proargtypes::oid[]) with ordinality a(type, at) join pg_catalog.pg_type t on t.oid = a.type
             order by a.at)
from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
where p.oid = $1::oid and p.prokind in ('f', 'p') and l.lanname = 'plpgsql')",
                            {std::to_string(function)});
    if (rows.empty()) return found;
    sqltext::PlpgsqlBody body;
    try {
        body = sqltext::plpgsql(rows.text(0, 0));
    } catch (const Error &) {
        return found; // Bodies says of what cannot be read that it is unknown
    }
    if (!body.dynamic) return found;
    (void)attempt(Finish::rollback, [&] {
        Reader reader(rows.text(0, 1), rows.list(0, 2), rows.list(0, 3));
        for (const sqltext::PlpgsqlText &text : body.texts) read(reader, text, found);
    });
    found.every_one = !found.all.empty();
    for (const MadeText &made : found.all) {
        bool has = false;
        std::string before;
        for (const TextPiece &piece : made) {
            if (piece.kind == Kind::sql) found.as_sql.insert(piece.text);
            if (piece.kind == Kind::relation || (piece.kind == Kind::name && names_a_table(before)))
                found.as_table.insert(piece.text);
            const bool as_it_comes = piece.kind == Kind::sql && !piece.altered;
            found.unaltered = found.unaltered || as_it_comes;
            has = has || (as_it_comes && !piece.maybe);
            before = piece.kind == Kind::constant ? piece.text : "";
        }
        found.every_one = found.every_one && has;
    }
    return found;
}

std::optional<std::string> composed(const MadeText &made, const std::map<std::string, std::string> &given) {
    std::string text;
    for (const TextPiece &piece : made) {
        if (piece.altered || piece.maybe) return std::nullopt;
        const auto value = given.find(piece.text);
        switch (piece.kind) {
        case Kind::constant: text += piece.text; break;
        case Kind::value: text += "'1'"; break;
        case Kind::sql:
        case Kind::name:
        case Kind::relation:
            if (value == given.end()) return std::nullopt;
            text += piece.kind == Kind::name ? quote_identifier(value->second) : value->second;
            break;
        default: return std::nullopt;
        }
    }
    return text;
}

} // namespace rlsproof::server
