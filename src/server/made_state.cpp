#include "base/text.hpp"
#include "prove/prover.hpp"

#include "server/made_state.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

namespace {

constexpr double kMostToClear = 20000; // rows of a table that are put out of the way
constexpr int kMostParents = 12;       // generations of rows that a row refers to

// A value that is none of the literals: the n-th of its type. Nothing where the type has to be left to its default.
Candidate unnamed(const expr::Type &type, int64_t n) {
    if (type.name == "uuid") return fmt::format("0ddba11e-0000-4000-8000-{:012d}", n);
    if (type.name == "text" || type.name == "character" || type.name == "public.citext" ||
        type.name == "extensions.citext")
        return fmt::format("value {}", n);
    if (type.name == "bytea") return fmt::format("\\x{:04x}", n);
    if (type.name == "macaddr") return fmt::format("08:00:2b:01:02:{:02x}", n % 256);
    if (type.sort == expr::Sort::decimal) return fmt::format("{}", 100 + n);
    if (type.name == "inet" || type.name == "cidr") return fmt::format("192.0.2.{}", n % 250);
    if (type.name == "interval") return fmt::format("{} hours", n);
    if (type.name == "jsonb" || type.name == "json") return n == 1 ? "{}" : fmt::format("{{\"n\": {}}}", n);
    if (type.name.ends_with("[]") && n == 1) return "{}";
    return std::nullopt;
}

// As the server reads an array.
std::string array_text(const std::vector<Candidate> &elements) {
    std::string text;
    for (const Candidate &element : elements) {
        text += text.empty() ? "" : ",";
        if (!element) {
            text += "NULL";
            continue;
        }
        text += '"';
        for (const char c : *element) {
            if (c == '"' || c == '\\') text += '\\';
            text += c;
        }
        text += '"';
    }
    return "{" + text + "}";
}

std::string timestamp_text(const expr::Type &type, int64_t microseconds, const std::optional<int64_t> &now) {
    const char *cast = type.name == "timestamptz" ? "timestamptz" : "timestamp";
    // Times are kept as they lie to the present one, where the question is about that.
    const std::string from = now ? "now()" : "timestamptz '2000-01-01 00:00:00+00'";
    const int64_t distance = now ? microseconds - *now : microseconds;
    const Rows made = query(fmt::format("select (({} + interval '1 microsecond' * {}::float8)::{})::text", from,
                                        std::clamp<int64_t>(distance, -3000000000000000, 3000000000000000), cast));
    return made.text(0, 0);
}

} // namespace

Candidate MadeState::candidate(const expr::Type &type, const prove::ModelValue &value) const {
    if (value.null) return std::nullopt;
    if (type.is_boolean()) return value.number != 0 ? "t" : "f";
    if (value.literal) return *value.literal;
    if (value.lists) {
        std::vector<Candidate> elements;
        for (const prove::ModelValue &element : value.elements) {
            elements.push_back(candidate(value.element_type, element));
            if (!elements.back() && !element.null) return std::nullopt;
        }
        return array_text(elements);
    }
    if (type.sort != expr::Sort::number) return unnamed(type, value.number);
    const std::vector<std::string> labels = schema_.labels(type.name);
    if (!labels.empty())
        return value.number >= 0 && value.number < (int64_t)labels.size() ? Candidate(labels[(size_t)value.number])
                                                                          : std::nullopt;
    std::optional<int64_t> now;
    if (const auto found = reply_.parameters.find("now()"); found != reply_.parameters.end()) now = found->second;
    if (type.name == "timestamptz" || type.name == "timestamp") return timestamp_text(type, value.number, now);
    if (type.name == "date")
        return query(fmt::format("select (date '2000-01-01' + {}::int)::text",
                                 std::clamp<int64_t>(value.number, -700000, 2000000)))
            .text(0, 0);
    if (type.name == "time")
        return query(fmt::format("select (time '00:00' + interval '1 microsecond' * {}::float8)::text",
                                 std::clamp<int64_t>(value.number, 0, 86399999999)))
            .text(0, 0);
    return std::to_string(value.number);
}

Values MadeState::wanted(const prove::ModelRow &row) const {
    Values values;
    const prove::Table &table = question_.tables[(size_t)row.table];
    for (const auto &[number, value] : row.values) {
        const Candidate made = candidate(table.column(number)->type, value);
        if (made || value.null) values.emplace(number, made);
    }
    return values;
}

// What a row that is only there to be referred to refers to itself: nothing where that may be, else a row that was made
// before it, or itself.
Values MadeState::ties_of(const TableShape &shape, const Values &values) const {
    Values ties;
    for (const ForeignKey &key : shape.foreign_keys) {
        const auto there = parents_.find(key.parent);
        const Values *parent = key.parent == shape.id ? &values : there != parents_.end() ? &there->second : nullptr;
        for (size_t i = 0; i < key.columns.size(); i++) {
            const ColumnShape *column = shape.column(key.columns[i]);
            if (values.contains(key.columns[i]) || column == nullptr) continue;
            if (!column->not_null)
                ties[column->number] = std::nullopt;
            else if (const auto value = parent != nullptr ? parent->find(key.parent_columns[i]) : values.end();
                     parent != nullptr && value != parent->end())
                ties[column->number] = value->second;
        }
    }
    return ties;
}

// What a row refers to has to be there, in tables that the question does not speak of as well.
bool MadeState::parents_of(const TableShape &shape, const Values &values, int depth) {
    if (depth > kMostParents) return no("rows refer to one another without end");
    for (const ForeignKey &key : shape.foreign_keys) {
        const TableShape *parent = tables_.of(key.parent);
        if (parent == nullptr) continue;
        Values wanted;
        std::string where;
        bool whole = true;
        for (size_t i = 0; i < key.columns.size(); i++) {
            const auto value = values.find(key.columns[i]);
            const ColumnShape *column = parent->column(key.parent_columns[i]);
            whole = whole && value != values.end() && value->second && column != nullptr;
            if (!whole) break;
            wanted[column->number] = value->second;
            where += fmt::format("{}{} = {}", where.empty() ? "" : " and ", column->name,
                                 Maker::literal(*column, value->second));
        }
        if (!whole || !query(fmt::format("select 1 from {} where {}", parent->name, where), {}, false).empty())
            continue;
        std::string why;
        const std::optional<Row> made = maker_.insert(*parent, wanted, why, ties_of(*parent, wanted));
        if (!made) return no(fmt::format("no row of {} could be made: {}", parent->name, why));
        script_.push_back(Maker::insert_statement(*parent, made->values));
        parents_.insert_or_assign(parent->id, made->values);
        if (!parents_of(*parent, made->values, depth + 1)) return false;
    }
    return true;
}

bool MadeState::put_in(const prove::ModelRow &row) {
    const TableShape *shape = tables_.of(schema_.relation(row.table));
    if (shape == nullptr) return no("rows of the server's own tables cannot be made");
    std::string why;
    const Values values = wanted(row);
    const std::optional<Row> made = maker_.insert(*shape, values, why, ties_of(*shape, values));
    if (!made) return no(fmt::format("a row of {} could not be made: {}", shape->name, why));
    script_.push_back(Maker::insert_statement(*shape, made->values));
    if (row.subject == 0) subject_ = *made;
    put_in_.emplace_back(shape, made->values);
    made_.insert_or_assign({row.table, row.number}, *made);
    return true;
}

bool MadeState::put_in() {
    const Outcome off = attempt(Finish::commit, [] { set_locally("session_replication_role", "replica"); });
    if (!off.ok) return no("triggers could not be switched off: " + off.message);
    for (size_t i = 0; i < question_.tables.size(); i++) {
        const prove::Table &table = question_.tables[i];
        if (!reply_.tables_used.contains(table.name) || table.of >= 0) continue;
        const TableShape *shape = tables_.of(schema_.relation((int)i));
        if (shape == nullptr || !shape->made || shape->rows > kMostToClear) continue;
        long gone = 0;
        const Outcome cleared = attempt(Finish::commit, [&] { gone = execute("delete from " + table.name); });
        if (!cleared.ok) return no(fmt::format("{} could not be emptied: {}", table.name, cleared.message));
        if (gone > 0) cleared_.push_back("delete from " + table.name);
    }
    for (const prove::ModelRow &row : reply_.rows)
        if (row.present && question_.tables[(size_t)row.table].of < 0 && !put_in(row)) return false;
    for (const auto &[shape, values] : put_in_)
        if (!parents_of(*shape, values, 0)) return false;
    return true;
}

Values MadeState::whole(const TableShape &shape, const prove::ModelRow &row, bool new_keys) {
    Values values = wanted(row);
    for (const std::vector<int> &key : shape.keys)
        if (new_keys)
            for (const int column : key) values.erase(column);
    const Values ties = ties_of(shape, values);
    values.insert(ties.begin(), ties.end());
    return maker_.values(shape, values);
}

std::string MadeState::witness(const Persona &persona, const std::set<std::string> &unset_as_empty,
                               const std::string &statement) const {
    std::string script =
        "begin;\nset local session_replication_role = replica; -- the rows below, and nothing of triggers\n";
    for (const std::string &gone : cleared_) script += gone + "; -- until the rollback\n";
    for (const std::string &row : script_) script += row + ";\n";
    for (const auto &[name, value] : persona.settings)
        script += fmt::format("select set_config({}, {}, true);\n", quote_literal(name), quote_literal(value));
    for (const std::string &name : unset_as_empty)
        script += fmt::format("select set_config({}, '', true);\n", quote_literal(name));
    script += fmt::format("set local role {};\n{};\nrollback;", quote_identifier(persona.role), statement);
    std::string rows;
    for (const std::string &row : script_) rows += (rows.empty() ? "" : ", ") + text::json(row);
    return fmt::format(R"({{"persona": {}, "role": {}, "rows": [{}], "statement": {}, "script": {}}})",
                       text::json(persona.name), text::json(persona.role), rows, text::json(statement),
                       text::json(script));
}

} // namespace rlsproof::server
