#include "server/handed.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "server/facts.hpp"
#include "server/hint_walk.hpp"
#include "server/spi.hpp"

namespace rlsproof::server {

std::vector<Column> compared_with_argument(Oid function, int position) {
    std::vector<Column> columns;
    const BodyFacts facts = read_body_facts(function);
    if (facts.compared.empty()) return columns;
    const Rows name = query(R"(
select coalesce(p.proargnames[m.at], '') from pg_catalog.pg_proc p,
  unnest(coalesce(p.proargmodes, array_fill('i'::"char", array[p.pronargs::int]))) with ordinality m(mode, at)
where p.oid = $1::oid and m.mode in ('i', 'b', 'v') order by m.at offset $2::int limit 1)",
                            {std::to_string(function), std::to_string(position)});
    const std::string numbered = fmt::format("${}", position + 1);
    for (const auto &[column, argument] : facts.compared)
        if (argument == numbered || (!name.empty() && !name.text(0, 0).empty() && argument == name.text(0, 0)))
            columns.push_back(column);
    return columns;
}

std::vector<Column> columns_named(const Body &body, const std::set<std::string> &names) {
    std::vector<Column> columns;
    if (body.relations.empty() || names.empty()) return columns;
    std::vector<std::string> relations;
    for (const auto &[relation, written] : body.relations) relations.push_back(std::to_string(relation));
    const Rows rows = query("select attrelid, attnum from pg_catalog.pg_attribute where attrelid = any($1::oid[]) "
                            "and attnum > 0 and not attisdropped and attname = any($2::name[]) order by 1, 2",
                            {array_literal(relations), array_literal({names.begin(), names.end()})});
    for (size_t i = 0; i < rows.size(); i++) columns.push_back({rows.oid(i, 0), (int)rows.number(i, 1)});
    return columns;
}

namespace {

constexpr size_t kMostOfOne = 24;  // values of one column
constexpr size_t kMostAnswers = 2; // columns that a helper may say

struct Type {
    Oid id;
    char category;
};

Type type_of(const Column &column) {
    const Rows rows = query("select t.oid, t.typcategory from pg_catalog.pg_attribute a join pg_catalog.pg_type t "
                            "on t.oid = a.atttypid where a.attrelid = $1::oid and a.attnum = $2::int2",
                            {std::to_string(column.relation), std::to_string(column.number)});
    return rows.empty() ? Type{InvalidOid, 0} : Type{rows.oid(0, 0), rows.text(0, 1)[0]};
}

void add_once(std::vector<Candidate> &values, const Candidate &value) {
    if (values.size() < kMostOfOne && std::find(values.begin(), values.end(), value) == values.end())
        values.push_back(value);
}

// my_role() = 'boss' asks the column that my_role() says of the caller: one of words, and not one that it compares.
std::vector<Column> said_by(const Body &body, const Hints &hints) {
    std::set<std::string> names = body.column_names;
    for (const auto &[name, value] : body.compared) names.erase(name);
    for (const auto &[name, value] : body.flags) names.erase(name);
    std::vector<Column> columns;
    if (!body.asks_who) return columns;
    for (const Column &column : columns_named(body, names)) {
        const char category = type_of(column).category;
        if ((category == 'S' || category == 'E') && !hints.identity.contains(column)) columns.push_back(column);
    }
    if (columns.size() > kMostAnswers) columns.clear();
    return columns;
}

// What a helper asks of the rows that it reads.
std::vector<std::pair<Column, Candidate>> asked_by(const Body &body, Hints &hints) {
    std::vector<std::pair<Column, Candidate>> result;
    for (const auto &[name, value] : body.compared)
        for (const Column &column : columns_named(body, {name})) result.emplace_back(column, value);
    for (const auto &[name, value] : body.flags)
        for (const Column &column : columns_named(body, {name})) result.emplace_back(column, value);
    for (const Column &column : columns_named(body, body.given))
        if (const char *value = call(some_value, type_of(column).id)) {
            result.emplace_back(column, value);
            add_once(hints.candidates[column], value);
        }
    return result;
}

} // namespace

void gather_together(Hints &hints, Bodies &bodies) {
    std::map<Oid, std::vector<std::pair<Column, Candidate>>> by_helper;
    for (const PolicyHint &policy : hints.policies) {
        std::map<Oid, Asked> together;
        const auto ask = [&](const Column &column, const Candidate &value) {
            add_once(together[column.relation][column.number], value);
        };
        for (const auto &[table, values] : policy.elsewhere)
            for (const auto &[number, value] : values) ask({table, number}, value);
        for (const auto &[function, answer] : policy.answers)
            for (const Column &column : said_by(bodies.of(function), hints)) {
                ask(column, answer);
                add_once(hints.candidates[column], answer);
                hints.asked_of_callers[column].insert(answer);
            }
        for (const Oid function : policy.functions) {
            const auto [known, is_new] = by_helper.try_emplace(function);
            if (is_new) known->second = asked_by(bodies.of(function), hints);
            for (const auto &[column, value] : known->second) ask(column, value);
        }
        for (auto &[table, asked] : together) {
            std::vector<Asked> &known = hints.asked_together[table];
            if (std::find(known.begin(), known.end(), asked) == known.end()) known.push_back(std::move(asked));
        }
    }
}

} // namespace rlsproof::server
