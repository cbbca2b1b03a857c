#include "server/argument_paths.hpp"

#include <algorithm>
#include <utility>

#include "server/body_names.hpp"
#include "server/subtransaction.hpp"

#include "server/compat.hpp"

extern "C" {
#include "parser/parser.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server {

namespace {

// The nodes of a statement that are of use, before anything in them is understood.
struct Nodes {
    List *all;
};

bool collect_nodes(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *nodes = (Nodes *)context;
    nodes->all = lappend(nodes->all, node);
    if (IsA(node, PLAssignStmt)) return collect_nodes((Node *)castNode(PLAssignStmt, node)->val, context);
    if (IsA(node, RangeVar)) return false;
    return compat::walk_raw(node, collect_nodes, context);
}

void collect_statement(Node *node, Nodes *nodes) {
    (void)collect_nodes(node, nodes);
}

List *parse(const char *sql, int mode) {
    return raw_parser(sql, (RawParseMode)mode);
}

// json and jsonb have the same functions.
std::string plain_name(const FuncCall *call) {
    std::string name = last_of(call->funcname);
    for (const std::string prefix : {"jsonb_", "json_"})
        if (name.starts_with(prefix)) return "json_" + name.substr(prefix.size());
    return name;
}

bool is_one_of(const std::string &name, std::initializer_list<const char *> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// What is behind the @ of an address, in one of the ways to say so.
bool takes_domain(const FuncCall *call, const std::string &name) {
    if (!is_one_of(name, {"split_part", "substring", "substr", "right", "regexp_replace"})) return false;
    Nodes nodes{};
    rlsproof::server::call(collect_statement, (Node *)call, &nodes);
    bool found = false;
    each(nodes.all, [&](Node *node, size_t) {
        const auto word = IsA(node, A_Const) ? constant_in(node) : std::nullopt;
        found = found || (word && word->find('@') != std::string::npos);
    });
    if (name != "split_part") return found;
    return found && constant_in((Node *)llast(call->args)) == "2";
}

} // namespace

List *parse_as(const std::string &sql, int mode) {
    List *statements = NIL;
    const Outcome outcome = attempt(Finish::commit, [&] { statements = call(parse, sql.c_str(), mode); });
    return outcome.ok ? statements : NIL;
}

std::string last_of(const List *names) {
    return names != NIL && IsA(llast(names), String) ? strVal(llast(names)) : "";
}

Node *beneath_casts(Node *node) {
    while (node != nullptr && IsA(node, TypeCast)) node = castNode(TypeCast, node)->arg;
    return node;
}

std::optional<std::string> constant_in(Node *node) {
    node = beneath_casts(node);
    if (node == nullptr || !IsA(node, A_Const) || castNode(A_Const, node)->isnull) return std::nullopt;
    Node *value = (Node *)&castNode(A_Const, node)->val;
    if (IsA(value, String)) return strVal(value);
    if (IsA(value, Integer)) return std::to_string(intVal(value));
    if (IsA(value, Float)) return castNode(Float, value)->fval;
    return std::nullopt;
}

std::optional<Column> ArgumentPaths::column_of(Node *node) const {
    node = beneath_casts(node);
    // lower(trim(x)) is x
    while (node != nullptr && IsA(node, FuncCall) && list_length(castNode(FuncCall, node)->args) == 1 &&
           is_one_of(last_of(castNode(FuncCall, node)->funcname), {"lower", "upper", "btrim"}))
        node = beneath_casts((Node *)linitial(castNode(FuncCall, node)->args));
    if (node == nullptr || !IsA(node, ColumnRef)) return std::nullopt;
    const List *fields = castNode(ColumnRef, node)->fields;
    const std::string name = last_of(fields);
    if (name.empty() || list_length(fields) > 3) return std::nullopt;
    const std::string owner = list_length(fields) > 1 ? strVal(list_nth(fields, list_length(fields) - 2)) : "";
    for (const Table &table : tables_) {
        if (!owner.empty() && owner != table.known_as) continue;
        const int number = call(get_attnum, table.relation, name.c_str());
        if (number > 0) return Column{table.relation, number};
    }
    return std::nullopt;
}

MaybePath ArgumentPaths::part_of(const Source &source, const std::string &name) {
    if (const auto column = source.columns.find(name); column != source.columns.end()) return column->second;
    if (source.whole && source.open) return source.whole->then(name);
    return std::nullopt;
}

MaybePath ArgumentPaths::path_of(const ColumnRef *column) const {
    std::vector<std::string> names;
    each(column->fields, [&](Node *field, size_t) { names.push_back(IsA(field, String) ? strVal(field) : "*"); });
    if (names.size() == 2 && names[0] == function_ &&
        std::find(arguments_.begin(), arguments_.end(), names[1]) != arguments_.end())
        names.erase(names.begin());
    const auto argument = std::find(arguments_.begin(), arguments_.end(), names.front());
    const auto whole = [](const Source &source) {
        return source.whole || source.columns.size() != 1 ? source.whole : source.columns.begin()->second;
    };
    if (names.size() == 1) {
        if (const auto source = sources_.find(names[0]); source != sources_.end()) return whole(source->second);
        for (const auto &[alias, source] : sources_)
            if (const auto known = source.columns.find(names[0]); known != source.columns.end()) return known->second;
        if (const auto variable = variables_.find(names[0]); variable != variables_.end())
            return whole(variable->second);
        if (argument != arguments_.end()) return Path{(size_t)(argument - arguments_.begin())};
        return std::nullopt;
    }
    if (names.size() != 2) return std::nullopt;
    for (const auto *known : {&sources_, &variables_})
        if (const auto source = known->find(names[0]); source != known->end())
            return names[1] == "*" ? source->second.whole : part_of(source->second, names[1]);
    if (argument == arguments_.end()) return std::nullopt;
    const Path path{(size_t)(argument - arguments_.begin())};
    return names[1] == "*" ? path : path.then(names[1]);
}

MaybePath ArgumentPaths::path_of(const FuncCall *call) const {
    const std::string name = plain_name(call);
    const int count = list_length(call->args);
    if (count == 0 || name.find("length") != std::string::npos || is_one_of(name, {"json_typeof", "json_object_keys"}))
        return std::nullopt;
    const MaybePath first = path_of((Node *)linitial(call->args));
    if (is_one_of(name, {"json_populate_record", "json_populate_recordset"})) {
        const MaybePath document = path_of((Node *)llast(call->args));
        return document && name == "json_populate_recordset" ? document->then("") : document;
    }
    if (!first) return std::nullopt;
    if (is_one_of(name, {"string_to_array", "string_to_table", "regexp_split_to_array", "regexp_split_to_table"}))
        return first->then(",");
    // A list in a text is told by its element already.
    if (name == "unnest") return !first->steps.empty() && first->steps.back() == "," ? first : first->then("");
    if (is_one_of(name, {"json_array_elements", "json_array_elements_text", "json_to_recordset"}))
        return first->then("");
    if (is_one_of(name, {"json_extract_path", "json_extract_path_text"})) {
        MaybePath path = first;
        each(call->args, [&](Node *key, size_t at) {
            if (const auto step = constant_in(key); at > 0 && step) path = path->then(*step);
        });
        return path;
    }
    if (takes_domain(call, name)) {
        Path path = *first;
        path.before = "made@";
        return path;
    }
    return first; // lower(trim(x)) is x
}

MaybePath ArgumentPaths::path_of(const A_Expr *expression) const {
    const MaybePath object = expression->lexpr != nullptr ? path_of(expression->lexpr) : std::nullopt;
    if (!object || expression->kind == AEXPR_NULLIF) return object;
    const std::string name = last_of(expression->name);
    if (name == "->" || name == "->>") {
        Node *key = beneath_casts(expression->rexpr);
        const auto step = constant_in(key);
        const bool is_name = step && IsA(&castNode(A_Const, key)->val, String);
        return object->then(is_name ? *step : "");
    }
    if (name != "#>" && name != "#>>") return std::nullopt;
    std::vector<std::string> steps;
    if (const auto text = constant_in(expression->rexpr)) {
        std::string step;
        for (const char c : *text + ",") {
            if (c == ',' || c == '}') {
                if (!step.empty()) steps.push_back(std::exchange(step, ""));
            } else if (c != '{' && c != '"' && c != ' ') {
                step += c;
            }
        }
    } else if (Node *list = beneath_casts(expression->rexpr); list != nullptr && IsA(list, A_ArrayExpr)) {
        each(castNode(A_ArrayExpr, list)->elements,
             [&](Node *step, size_t) { steps.push_back(constant_in(step).value_or("0")); });
    }
    MaybePath path = object;
    for (const std::string &step : steps)
        path = path->then(step.find_first_not_of("-0123456789") == std::string::npos ? "" : step);
    return path;
}

MaybePath ArgumentPaths::path_of(Node *node) const {
    node = beneath_casts(node);
    if (node == nullptr) return std::nullopt;
    switch (nodeTag(node)) {
    case T_ColumnRef: return path_of(castNode(ColumnRef, node));
    case T_FuncCall: return path_of(castNode(FuncCall, node));
    case T_A_Expr: return path_of(castNode(A_Expr, node));
    case T_ParamRef: {
        const auto number = (size_t)castNode(ParamRef, node)->number;
        return number >= 1 && number <= arguments_.size() ? MaybePath(Path{number - 1}) : std::nullopt;
    }
    case T_CoalesceExpr: return path_of((Node *)linitial(castNode(CoalesceExpr, node)->args));
    case T_SubLink: {
        Node *select = castNode(SubLink, node)->subselect;
        if (!IsA(select, SelectStmt) || castNode(SelectStmt, select)->targetList == NIL) return std::nullopt;
        return path_of(linitial_node(ResTarget, castNode(SelectStmt, select)->targetList)->val);
    }
    case T_A_Indirection: {
        MaybePath path = path_of(castNode(A_Indirection, node)->arg);
        each(castNode(A_Indirection, node)->indirection, [&](Node *step, size_t) {
            if (!path) return;
            if (IsA(step, String)) path = path->then(strVal(step));
            if (!IsA(step, A_Indices)) return;
            Node *index = beneath_casts(castNode(A_Indices, step)->uidx);
            const auto key = constant_in(index);
            const bool is_name = key && IsA(&castNode(A_Const, index)->val, String);
            // An element of a list in a text is told already.
            if (is_name || path->steps.empty() || path->steps.back() != ",") path = path->then(is_name ? *key : "");
        });
        return path;
    }
    default: return std::nullopt;
    }
}

void ArgumentPaths::enter_function(const RangeFunction *item) {
    if (item->functions == NIL) return;
    const auto *function = (const List *)linitial(item->functions);
    Node *what = (Node *)linitial(function);
    const MaybePath path = path_of(what);
    if (!path) return;
    const std::string name = IsA(what, FuncCall) ? plain_name(castNode(FuncCall, what)) : "";
    const bool is_record = name.find("_record") != std::string::npos;
    Source source{{}, path, is_record || name == "unnest"};
    const std::string alias = item->alias != nullptr ? item->alias->aliasname : name;
    const auto *columns = (const List *)lsecond(function);
    for (const List *definitions : {columns, (const List *)item->coldeflist})
        each(definitions, [&](Node *node, size_t) {
            const auto *column = castNode(ColumnDef, node);
            const Path member = path->then(column->colname);
            source.columns.emplace(column->colname, member);
            types_.emplace_back(member,
                                (column->typeName->arrayBounds != NIL ? "_" : "") + last_of(column->typeName->names));
        });
    if (!is_record) {
        std::string column = name.starts_with("json_") ? "value" : alias;
        if (item->alias != nullptr && item->alias->colnames != NIL) column = strVal(linitial(item->alias->colnames));
        source.columns.emplace(column, *path);
    }
    sources_.insert_or_assign(alias, std::move(source));
}

Source ArgumentPaths::source_of(const SelectStmt *select) const {
    Source source;
    if (select->op != SETOP_NONE) return source_of(select->larg);
    each(select->targetList, [&](Node *node, size_t) {
        const auto *target = castNode(ResTarget, node);
        Node *value = beneath_casts(target->val);
        if (value != nullptr && IsA(value, ColumnRef) && IsA(llast(castNode(ColumnRef, value)->fields), A_Star)) {
            const List *fields = castNode(ColumnRef, value)->fields;
            for (const auto &[alias, from] : sources_) {
                if (list_length(fields) > 1 && alias != strVal(linitial(fields))) continue;
                source.columns.insert(from.columns.begin(), from.columns.end());
                if (from.whole) source.whole = from.whole;
                source.open = source.open || from.open;
            }
            return;
        }
        const MaybePath path = path_of(target->val);
        if (!path) return;
        std::string name = target->name != nullptr ? target->name : "";
        if (name.empty() && value != nullptr && IsA(value, ColumnRef))
            name = last_of(castNode(ColumnRef, value)->fields);
        if (name.empty() && value != nullptr && IsA(value, FuncCall))
            name = last_of(castNode(FuncCall, value)->funcname);
        source.columns.emplace(name, *path);
    });
    return source;
}

// Tables and sources of the statement, however deep they are in it.
void ArgumentPaths::enter(Node *statement) {
    types_.clear();
    tables_.clear();
    sources_.clear();
    Nodes nodes{};
    call(collect_statement, statement, &nodes);
    nodes_ = nodes.all;
    std::vector<std::pair<std::string, const SelectStmt *>> selects;
    each(nodes_, [&](Node *node, size_t) {
        if (IsA(node, RangeSubselect) && castNode(RangeSubselect, node)->alias != nullptr)
            selects.emplace_back(castNode(RangeSubselect, node)->alias->aliasname,
                                 (const SelectStmt *)castNode(RangeSubselect, node)->subquery);
        if (IsA(node, CommonTableExpr) && IsA(castNode(CommonTableExpr, node)->ctequery, SelectStmt))
            selects.emplace_back(castNode(CommonTableExpr, node)->ctename,
                                 (const SelectStmt *)castNode(CommonTableExpr, node)->ctequery);
    });
    for (int round = 0; round < 2; round++) {
        each(nodes_, [&](Node *node, size_t) {
            if (IsA(node, RangeFunction)) enter_function(castNode(RangeFunction, node));
        });
        for (const auto &[name, select] : selects)
            if (Source source = source_of(select); source.whole || !source.columns.empty())
                sources_.insert_or_assign(name, std::move(source));
    }
    const auto add_table = [&](const RangeVar *table) {
        const std::string known_as = table->alias != nullptr ? table->alias->aliasname : table->relname;
        const auto named = std::find_if(selects.begin(), selects.end(),
                                        [&](const auto &select) { return select.first == table->relname; });
        if (named != selects.end()) {
            if (const auto source = sources_.find(table->relname); source != sources_.end())
                sources_.insert({known_as, source->second});
            return;
        }
        if (const Oid relation = call(relation_named, table); OidIsValid(relation))
            tables_.push_back({known_as, relation});
    };
    each(nodes_, [&](Node *node, size_t) {
        if (IsA(node, RangeVar)) add_table(castNode(RangeVar, node));
    });
}

void ArgumentPaths::read_variable(const sqltext::PlpgsqlText &text) {
    if (text.run) return;
    const RawParseMode mode = text.declared            ? RAW_PARSE_PLPGSQL_EXPR
                              : text.variables.empty() ? RAW_PARSE_PLPGSQL_ASSIGN1
                                                       : RAW_PARSE_DEFAULT;
    const List *statements = parse_as(text.sql, (int)mode);
    if (statements == NIL) return;
    Node *statement = linitial_node(RawStmt, statements)->stmt;
    std::vector<std::string> variables = text.variables;
    const bool assigns = IsA(statement, PLAssignStmt);
    if (assigns) variables = {castNode(PLAssignStmt, statement)->name};
    const auto *select = assigns ? castNode(PLAssignStmt, statement)->val : (const SelectStmt *)statement;
    if (!IsA(select, SelectStmt) || variables.empty()) return;
    if (assigns && castNode(PLAssignStmt, statement)->indirection != NIL) return;
    enter(statement);
    Source source = source_of(select);
    if (variables.size() > 1) {
        for (size_t i = 0; i < variables.size() && (int)i < list_length(select->targetList); i++)
            if (const MaybePath path = path_of(list_nth_node(ResTarget, select->targetList, (int)i)->val))
                variables_.insert({variables[i], Source{{}, path, true}});
        return;
    }
    if (!source.whole && list_length(select->targetList) == 1) {
        source.whole = path_of(linitial_node(ResTarget, select->targetList)->val);
        source.open = true;
    }
    if (source.whole || !source.columns.empty()) variables_.insert({variables.front(), std::move(source)});
}

} // namespace rlsproof::server
