#include "sqltext/sqltext.hpp"

#include "server/body_documents.hpp"

#include <algorithm>
#include <utility>

#include "server/argument_paths.hpp"
#include "server/body_names.hpp"
#include "server/handed.hpp"
#include "server/identity.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

#include "server/compat.hpp"

extern "C" {
#include "access/transam.h"
#include "parser/parser.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server {

namespace {

constexpr int kMostRounds = 3; // variables that are made of other variables
constexpr int kMostWithin = 2; // functions that a document is handed on to

// What a trigger's function has in place of arguments.
const std::vector<std::string> kRowsOfTriggers{"new", "old"};

} // namespace

void merge(Place &into, const Place &other) {
    if (!into.compared) {
        into.compared = other.compared;
        into.before = other.before;
    }
    if (!into.written) into.written = other.written;
    if (into.type.empty()) into.type = other.type;
    into.weighed = into.weighed || other.weighed;
    into.null_asked = into.null_asked || other.null_asked;
    into.words.insert(into.words.end(), other.words.begin(), other.words.end());
    for (const auto &[name, member] : other.members) merge(into.members[name], member);
    if (other.element != nullptr) {
        if (into.element == nullptr) into.element = std::make_shared<Place>();
        into.in_text = into.in_text || other.in_text;
        merge(*into.element, *other.element);
    }
}

namespace {

std::map<size_t, Place> read(Oid function, int depth);

class Reader {
public:
    Reader(std::string function, std::vector<std::string> arguments, int depth)
        : depth_(depth), paths_(std::move(function), std::move(arguments)) {}

    void read_sql(const std::string &sql) { read_statements(parse_as(sql, (int)RAW_PARSE_DEFAULT)); }
    void read_plpgsql(const std::string &definition);

    std::map<size_t, Place> places;

private:
    void read_statements(const List *statements) {
        each(statements, [&](Node *statement, size_t) { read_piece(castNode(RawStmt, statement)->stmt); });
    }
    void read_piece(Node *statement);
    void read_node(Node *node);
    void read_insert(const InsertStmt *insert);
    void read_call(const FuncCall *call);
    void compare(Node *left, Node *right);
    void weigh(Node *value);
    void write(const RangeVar *table, const std::string &column, Node *value);

    Place &at(const Path &path);
    void touch(Node *node) {
        if (const MaybePath path = paths_.path_of(node)) (void)at(*path);
    }

    const int depth_;
    ArgumentPaths paths_;
};

Place &Reader::at(const Path &path) {
    Place *place = &places[path.argument];
    for (const std::string &step : path.steps) {
        if (step.empty() || step == ",") {
            if (place->element == nullptr) place->element = std::make_shared<Place>();
            place->in_text = place->in_text || step == ",";
            place = place->element.get();
        } else {
            place = &place->members[step];
        }
    }
    return *place;
}

void Reader::compare(Node *left, Node *right) {
    const auto column = paths_.column_of(left);
    const MaybePath path = paths_.path_of(right);
    Node *other = beneath_casts(right);
    if (!column || !path) return;
    // A plain name may as well be the column's.
    if (IsA(other, ColumnRef) && list_length(castNode(ColumnRef, other)->fields) == 1 && paths_.column_of(right))
        return;
    Place &place = at(*path);
    if (place.compared) return;
    place.compared = column;
    place.before = path->before;
}

// amount <= stock, and day < last + 1 as well.
void Reader::weigh(Node *value) {
    for (;;) {
        value = beneath_casts(value);
        if (value == nullptr || !IsA(value, A_Expr)) break;
        const std::string name = last_of(castNode(A_Expr, value)->name);
        if (name != "+" && name != "-") break;
        value = castNode(A_Expr, value)->lexpr;
    }
    if (const MaybePath path = paths_.path_of(value)) at(*path).weighed = true;
}

void Reader::write(const RangeVar *table, const std::string &column, Node *value) {
    const MaybePath path = paths_.path_of(value);
    const Oid relation = path ? call(relation_named, table) : InvalidOid;
    const int number = OidIsValid(relation) ? call(get_attnum, relation, column.c_str()) : 0;
    if (number <= 0) return;
    Place &place = at(*path);
    if (!place.written) place.written = Column{relation, number};
}

// The name of a table's column by its position; empty where it has not got so many.
std::string name_at(const RangeVar *table, size_t position) {
    const Oid relation = call(relation_named, table);
    const Rows rows =
        query("select attname from pg_catalog.pg_attribute where attrelid = $1::oid and attnum > 0 and not "
              "attisdropped order by attnum offset $2::int limit 1",
              {std::to_string(relation), std::to_string(position)});
    return rows.empty() ? "" : rows.text(0, 0);
}

void Reader::read_insert(const InsertStmt *insert) {
    const auto *select = (const SelectStmt *)insert->selectStmt;
    if (select == nullptr || !IsA(select, SelectStmt)) return;
    const auto read_row = [&](const List *row) {
        each(row, [&](Node *value, size_t position) {
            if (IsA(value, ResTarget)) value = castNode(ResTarget, value)->val;
            if ((int)position < list_length(insert->cols))
                write(insert->relation, list_nth_node(ResTarget, insert->cols, (int)position)->name, value);
            else if (insert->cols == NIL)
                write(insert->relation, name_at(insert->relation, position), value);
        });
    };
    read_row(select->targetList);
    each(select->valuesLists, [&](Node *row, size_t) { read_row((const List *)row); });
}

// What the helper takes out of what it is handed is taken out of it here.
void Reader::read_call(const FuncCall *function) {
    if (depth_ >= kMostWithin) return;
    each(function->args, [&](Node *argument, size_t position) {
        if (IsA(argument, NamedArgExpr)) return;
        const MaybePath path = paths_.path_of(argument);
        if (!path) return;
        const List *callees = call(functions_named, (List *)function->funcname);
        for (int i = 0; i < list_length(callees); i++) {
            const Oid callee = list_nth_oid(callees, i);
            if (callee < FirstNormalObjectId) continue;
            const std::vector<Column> columns = compared_with_argument(callee, (int)position);
            Place &place = at(*path);
            if (!columns.empty() && !place.compared) place.compared = columns.front();
            std::map<size_t, Place> within = read(callee, depth_ + 1);
            if (const auto there = within.find(position); there != within.end()) merge(place, there->second);
        }
    });
}

void Reader::read_node(Node *node) {
    switch (nodeTag(node)) {
    case T_ColumnRef: {
        // A plain argument is no part of anything.
        const List *fields = castNode(ColumnRef, node)->fields;
        if (list_length(fields) > 1) touch(node);
        break;
    }
    case T_TypeCast: {
        const auto *cast = castNode(TypeCast, node);
        const MaybePath path = paths_.path_of(cast->arg);
        const std::string type = last_of(cast->typeName->names);
        if (!path || type == "text" || type == "varchar") break;
        Place &place = at(*path);
        if (place.type.empty() && cast->typeName->arrayBounds == NIL) place.type = type;
        break;
    }
    case T_A_Expr: {
        const auto *expression = castNode(A_Expr, node);
        if (expression->lexpr == nullptr) break;
        const std::string name = last_of(expression->name);
        touch(node);
        if (name == "<" || name == ">" || name == "<=" || name == ">=") {
            weigh(expression->lexpr);
            weigh(expression->rexpr);
        }
        if (name.find("BETWEEN") != std::string::npos) {
            weigh(expression->lexpr);
            each((const List *)expression->rexpr, [&](Node *limit, size_t) { weigh(limit); });
        }
        if (name == "=") {
            compare(expression->lexpr, expression->rexpr);
            compare(expression->rexpr, expression->lexpr);
        }
        if (name != "=" && name != "<>") break;
        const MaybePath path = paths_.path_of(expression->lexpr);
        if (!path) break;
        Node *other = beneath_casts(expression->rexpr);
        const auto note = [&](Node *value, size_t) {
            if (const auto word = constant_in(value); word && !word->empty()) at(*path).words.push_back(*word);
        };
        note(other, 0);
        if (other != nullptr && IsA(other, List)) each((const List *)other, note);
        if (other != nullptr && IsA(other, A_ArrayExpr)) each(castNode(A_ArrayExpr, other)->elements, note);
        break;
    }
    case T_NullTest:
        if (const MaybePath path = paths_.path_of((Node *)castNode(NullTest, node)->arg)) at(*path).null_asked = true;
        break;
    case T_CaseExpr:
        if (const MaybePath path = paths_.path_of((Node *)castNode(CaseExpr, node)->arg))
            each(castNode(CaseExpr, node)->args, [&](Node *when, size_t) {
                if (const auto word = constant_in((Node *)castNode(CaseWhen, when)->expr))
                    at(*path).words.push_back(*word);
            });
        break;
    case T_SubLink: {
        const auto *link = castNode(SubLink, node);
        touch(node);
        if (link->testexpr != nullptr && link->subLinkType == ANY_SUBLINK) compare(link->testexpr, node);
        break;
    }
    case T_FuncCall:
        touch(node);
        read_call(castNode(FuncCall, node));
        break;
    case T_InsertStmt: read_insert(castNode(InsertStmt, node)); break;
    case T_UpdateStmt:
        each(castNode(UpdateStmt, node)->targetList, [&](Node *target, size_t) {
            write(castNode(UpdateStmt, node)->relation, castNode(ResTarget, target)->name,
                  castNode(ResTarget, target)->val);
        });
        break;
    default: break;
    }
}

void Reader::read_piece(Node *statement) {
    paths_.enter(statement);
    for (const auto &[path, type] : paths_.types()) at(path).type = type;
    each(paths_.nodes(), [&](Node *node, size_t) { read_node(node); });
}

// PL/pgSQL's pieces are statements, expressions or assignments; which one is only known by trying.
void Reader::read_plpgsql(const std::string &definition) {
    sqltext::PlpgsqlBody body;
    try {
        body = sqltext::plpgsql(definition);
    } catch (const Error &) {
        return;
    }
    for (int round = 0; round < kMostRounds; round++)
        for (const sqltext::PlpgsqlText &text : body.texts) paths_.read_variable(text);
    for (const std::string &piece : body.queries)
        for (const int mode : {(int)RAW_PARSE_DEFAULT, (int)RAW_PARSE_PLPGSQL_EXPR, (int)RAW_PARSE_PLPGSQL_ASSIGN1}) {
            const List *statements = parse_as(piece, mode);
            if (statements == NIL) continue;
            read_statements(statements);
            break;
        }
}

std::map<size_t, Place> read(Oid function, int depth) {
    std::map<size_t, Place> places;
    const Rows rows = query(R"(
select l.lanname, pg_catalog.pg_get_functiondef(p.oid),
       coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), ''), p.prosrc, p.proname,
       (select split_part(c, '=', 2) from unnest(p.proconfig) c where c like 'search_path=%'),
       array(select coalesce(p.proargnames[a.at], '') from unnest(coalesce(p.proargmodes, array_fill('i'::"char", array[p.pronargs::int])))
             with ordinality a(mode, at) where a.mode in ('i', 'b', 'v') order by a.at),
       p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype
from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
where p.oid = $1::oid and p.prokind in ('f', 'p') and l.lanname in ('sql', 'plpgsql'))",
                            {std::to_string(function)});
    if (rows.empty()) return places;
    Reader reader(rows.text(0, 4), rows.boolean(0, 7) ? kRowsOfTriggers : rows.list(0, 6), depth);
    (void)attempt(Finish::rollback, [&] {
        if (rows.value(0, 5))
            set_locally("search_path", rows.text(0, 5) == "\"\"" ? "" : rows.text(0, 5));
        else
            use_default_search_path();
        const std::string &parsed = rows.text(0, 2);
        if (rows.text(0, 0) == "plpgsql")
            reader.read_plpgsql(rows.text(0, 1));
        else if (parsed.starts_with("RETURN "))
            reader.read_sql("SELECT " + parsed.substr(7));
        else if (parsed.starts_with("BEGIN ATOMIC"))
            reader.read_sql(parsed.substr(12, parsed.rfind("END") - 12));
        else
            reader.read_sql(rows.text(0, 3));
    });
    return std::move(reader.places);
}

} // namespace

bool weighs(const Place &place) {
    return place.weighed || (place.element != nullptr && weighs(*place.element)) ||
           std::any_of(place.members.begin(), place.members.end(),
                       [](const auto &member) { return weighs(member.second); });
}

std::map<size_t, Place> read_documents(Oid function) {
    return read(function, 0);
}

Place read_written_row(Oid function) {
    Place row;
    for (const auto &[position, place] : read(function, 0)) merge(row, place);
    return row;
}

} // namespace rlsproof::server
