#include "server/tables.hpp"

#include <algorithm>
#include <functional>
#include <set>

#include <fmt/format.h>

#include "server/spi.hpp"

namespace rlsproof::server {

namespace {

constexpr const char *kTables = R"(
select c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind = 'p',
       c.relkind in ('r', 'p') and not exists (select from pg_catalog.pg_depend d
           where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e'),
       greatest(c.reltuples, 0)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'rlsproof'))";

// A domain's own base may be a domain: follow it down.
constexpr const char *kColumns = R"(
with recursive base as (
  select oid as type, oid as base, typbasetype, typtypmod from pg_catalog.pg_type
  union all
  select b.type, t.oid, t.typbasetype, case when b.typtypmod <> -1 then b.typtypmod else t.typtypmod end
  from base b join pg_catalog.pg_type t on t.oid = b.typbasetype where b.typbasetype <> 0)
select a.attrelid, a.attnum, pg_catalog.quote_ident(a.attname), pg_catalog.format_type(a.atttypid, a.atttypmod),
       t.oid, case when a.atttypid <> t.oid then a.atttypid else 0 end, t.typtype, t.typcategory,
       case when t.oid in (1043, 1042) then greatest(coalesce(nullif(a.atttypmod, -1), b.typtypmod) - 4, 0) else 0 end,
       a.attnotnull, a.attgenerated <> '', a.attidentity <> '',
       case when d.adbin is not null and a.attgenerated = '' and pg_catalog.pg_get_expr(d.adbin, d.adrelid) !~ 'nextval'
            then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end,
       array(select e.enumlabel::text from pg_catalog.pg_enum e where e.enumtypid = t.oid order by e.enumsortorder)
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p')
join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'rlsproof')
join base b on b.type = a.atttypid and b.typbasetype = 0
join pg_catalog.pg_type t on t.oid = b.base
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum)";

// A unique index that no constraint made is a key all the same: some tools make no others.
constexpr const char *kConstraints = R"(
select conrelid, conname, contype, conkey, confrelid, confkey from (
  select conrelid, conname, contype, conkey, confrelid, confkey from pg_catalog.pg_constraint
  where contype in ('p', 'u', 'f', 'c', 'x') and conrelid <> 0 and conkey is not null
  union all
  select i.indrelid, c.relname, 'u', array(select i.indkey[at] from pg_catalog.generate_series(0, i.indnkeyatts - 1) at),
         0, null
  from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
  where i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null and not i.indisprimary
    and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid and k.contype in ('u', 'x'))) k
order by conrelid, contype <> 'p', conname collate "C")";

std::vector<int> numbers(const std::vector<std::string> &texts) {
    std::vector<int> result;
    for (const std::string &text : texts) result.push_back(std::stoi(text));
    return result;
}

} // namespace

Tables Tables::read() {
    Tables tables;
    const Rows relations = query(kTables);
    for (size_t i = 0; i < relations.size(); i++) {
        TableShape shape{};
        shape.id = relations.oid(i, 0);
        shape.name = relations.text(i, 1);
        shape.partitioned = relations.boolean(i, 2);
        shape.made = relations.boolean(i, 3);
        shape.rows = std::stod(relations.text(i, 4));
        tables.shapes.emplace(shape.id, std::move(shape));
    }
    const Rows columns = query(kColumns);
    for (size_t i = 0; i < columns.size(); i++) {
        const auto table = tables.shapes.find(columns.oid(i, 0));
        if (table == tables.shapes.end()) continue;
        table->second.columns.push_back(
            {(int)columns.number(i, 1), columns.text(i, 2), columns.text(i, 3), columns.oid(i, 4), columns.oid(i, 5),
             columns.text(i, 6)[0], columns.text(i, 7)[0], (int)columns.number(i, 8), columns.boolean(i, 9),
             columns.boolean(i, 10), columns.boolean(i, 11), columns.text(i, 12), columns.list(i, 13)});
    }
    const Rows constraints = query(kConstraints);
    for (size_t i = 0; i < constraints.size(); i++) {
        const auto table = tables.shapes.find(constraints.oid(i, 0));
        if (table == tables.shapes.end()) continue;
        const std::vector<int> key = numbers(constraints.list(i, 3));
        const char type = constraints.text(i, 2)[0];
        if (type == 'f') {
            table->second.foreign_keys.push_back({key, constraints.oid(i, 4), numbers(constraints.list(i, 5))});
        } else {
            table->second.constraints.emplace(constraints.text(i, 1), key);
            if (type == 'p' || type == 'u') table->second.keys.push_back(key);
        }
    }
    read_allowed_values(tables.allowed, tables.domain_allowed, tables.patterns);
    return tables;
}

void Tables::join(const Hints &hints) {
    const auto shape_of = [&](const Column &column) -> const ColumnShape * {
        const TableShape *table = of(column.relation);
        return table == nullptr || !table->made ? nullptr : table->column(column.number);
    };
    const auto is_key = [&](const Column &column) {
        const auto &keys = of(column.relation)->keys;
        return std::find(keys.begin(), keys.end(), std::vector{column.number}) != keys.end();
    };
    // Joined by a condition, or by a function that it is handed to: (entity_type, entity_id) of an entry about
    // anything.
    std::set<std::pair<Column, Column>> pairs = hints.joined;
    for (const auto &[given, asked] : hints.handed_to) {
        if (shape_of(given) == nullptr || shape_of(asked) == nullptr) continue;
        if (is_key(asked)) {
            pairs.insert({given, asked});
            continue;
        }
        // Both speak of the same thing: of the one that is given, or of what that refers to.
        for (const ForeignKey &key : of(given.relation)->foreign_keys)
            if (key.columns == std::vector{given.number})
                pairs.insert({asked, Column{key.parent, key.parent_columns.front()}});
        if (is_key(given)) pairs.insert({asked, given});
    }
    for (const auto &[child, parent] : pairs) {
        const ColumnShape *from = shape_of(child), *to = shape_of(parent);
        if (from == nullptr || to == nullptr || hints.identity.contains(child)) continue;
        // A text can hold what the other one holds, seldom the other way round.
        if (from->type != to->type && from->category != 'S') continue;
        const bool to_text = from->type != to->type;
        const auto decides = hints.decided_by.find(child.relation);
        const bool is_decided = decides != hints.decided_by.end() && decides->second.contains(parent.relation);
        if (!to_text && (is_key(child) || (!is_key(parent) && !is_decided))) continue;
        // What a member says he belongs to, others belong to as well.
        Column named = parent;
        if (!is_key(parent))
            for (const ForeignKey &key : of(parent.relation)->foreign_keys)
                if (key.columns == std::vector{parent.number} && of(key.parent) != nullptr && of(key.parent)->made &&
                    key.parent != child.relation)
                    named = {key.parent, key.parent_columns.front()};
        auto &keys = shapes.at(child.relation).foreign_keys;
        const auto refers = [number = child.number](const ForeignKey &key) {
            return std::find(key.columns.begin(), key.columns.end(), number) != key.columns.end();
        };
        if (std::none_of(keys.begin(), keys.end(), refers))
            keys.push_back({{child.number}, named.relation, {named.number}});
    }
    // What a column refers to, and what refers to it, has to read the same.
    read_as = hints.read_as;
    parts_read_as = hints.parts_read_as;
    for (bool grown = true; grown;) {
        grown = false;
        for (const auto &[id, shape] : shapes)
            for (const ForeignKey &key : shape.foreign_keys)
                for (size_t i = 0; i < key.columns.size(); i++) {
                    const Column from{id, key.columns[i]}, to{key.parent, key.parent_columns[i]};
                    if (const auto known = read_as.find(from); known != read_as.end() && !read_as.contains(to))
                        grown = read_as.emplace(to, known->second).second;
                    if (const auto known = read_as.find(to); known != read_as.end() && !read_as.contains(from))
                        grown = read_as.emplace(from, known->second).second;
                }
    }
}

std::vector<Oid> Tables::parents_first() const {
    std::vector<Oid> order;
    std::set<Oid> seen;
    const std::function<void(Oid, int)> visit = [&](Oid table, int depth) {
        if (depth > 500 || !seen.insert(table).second) return;
        const TableShape *shape = of(table);
        if (shape == nullptr) return;
        for (const ForeignKey &key : shape->foreign_keys) visit(key.parent, depth + 1);
        order.push_back(table);
    };
    for (const auto &[table, shape] : shapes) visit(table, 0);
    return order;
}

} // namespace rlsproof::server
