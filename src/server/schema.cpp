#include "server/schema.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/spi.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server {

namespace {

// A NOT NULL that was added without a look at the rows that are there holds for none of them. A foreign server keeps to
// nothing, and children could be let off by hand before 18.
constexpr const char *kColumns = R"(
select a.attrelid, a.attnum, a.attname, a.atttypid,
       a.attnotnull and c.relkind <> 'f' and not (c.relhassubclass and c.relkind <> 'p') and not exists (
           select from pg_catalog.pg_constraint n
           where n.conrelid = a.attrelid and n.contype = 'n' and not n.convalidated and n.conkey = array[a.attnum])
from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
where a.attrelid = any ($1::oid[]) and a.attnum > 0 and not a.attisdropped order by a.attrelid, a.attnum)";

// What children inherit by hand is held by no key of their parent; a key that may be deferred does not hold all the
// time; one of another operator class may tell apart what = calls equal.
constexpr const char *kKeys = R"(
select i.indrelid, case when i.indisprimary then 'PRIMARY KEY' else 'UNIQUE' end,
       (select pg_catalog.array_agg(k.attnum order by k.n)
        from pg_catalog.unnest(i.indkey::int2[]) with ordinality k (attnum, n) where k.n <= i.indnkeyatts)
from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indrelid
where i.indrelid = any ($1::oid[]) and i.indisunique and i.indisvalid and i.indisready and i.indislive and i.indimmediate
  and i.indpred is null and i.indexprs is null and not i.indisexclusion
  and not exists (select from pg_catalog.unnest(i.indclass::oid[]) u join pg_catalog.pg_opclass o on o.oid = u
                  where not o.opcdefault)
  and not (c.relhassubclass and c.relkind <> 'p')
order by i.indrelid, not i.indisprimary, i.indexrelid)";

// A reference counts while its triggers fire. By a collation that calls different texts equal, it may lead to another
// text.
constexpr const char *kReferences = R"(
select k.conrelid, k.confrelid, k.conkey, k.confkey
from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid
where k.contype = 'f' and k.conrelid = any ($1::oid[])
  and k.convalidated and not k.condeferrable
  and not coalesce((pg_catalog.to_jsonb(k) ->> 'conperiod')::boolean, false)
  and not (c.relhassubclass and c.relkind <> 'p')
  and not exists (select from pg_catalog.pg_attribute a join pg_catalog.pg_collation l on l.oid = a.attcollation
                  where not l.collisdeterministic and (a.attrelid = k.conrelid and a.attnum = any (k.conkey)
                        or a.attrelid = k.confrelid and a.attnum = any (k.confkey)))
  and not exists (select from pg_catalog.pg_trigger t where t.tgconstraint = k.oid and t.tgenabled not in ('O', 'A'))
order by k.conname)";

constexpr const char *kChecks = R"(
select k.conrelid, k.conname, k.conbin::text
from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid
where k.contype = 'c' and k.conrelid = any ($1::oid[]) and k.convalidated
  and not (k.connoinherit and c.relhassubclass) and c.relkind <> 'f'
order by k.conname)";

std::vector<int> numbers(const std::vector<std::string> &texts) {
    std::vector<int> result;
    for (const std::string &text : texts) result.push_back(std::stoi(text));
    return result;
}

std::string column_names(const prove::Table &table, const std::vector<int> &columns) {
    std::string text;
    for (const int c : columns) text += (text.empty() ? "" : ", ") + table.column(c)->name;
    return table.name + "(" + text + ")";
}

constexpr const char *kNames = R"(
select c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = any ($1::oid[]))";

constexpr int kAlone = 6; // relations that are read one by one

} // namespace

std::vector<Oid> Catalog::with_others(Oid relation, int &read) {
    if (read++ != kAlone) return {relation};
    if (relations.empty()) {
        const Rows rows = query("select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n "
                                "on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'f', 'v', 'm') "
                                "and n.nspname <> 'information_schema' and n.nspname !~ '^pg_' order by c.oid");
        for (size_t i = 0; i < rows.size(); i++) relations.push_back(rows.oid(i, 0));
    }
    std::vector<Oid> all = relations;
    if (std::find(all.begin(), all.end(), relation) == all.end()) all.push_back(relation);
    return all;
}

int Schema::table(Oid relation) {
    if (const auto found = numbers_.find(relation); found != numbers_.end()) return found->second;
    if (!catalog_->tables.contains(relation)) read(catalog_->with_others(relation, catalog_->read_alone));
    tables_.push_back(catalog_->tables.at(relation));
    relations_.push_back(relation);
    return numbers_[relation] = (int)tables_.size() - 1;
}

// What was read before stays as it is.
void Schema::read(const std::vector<Oid> &relations) {
    std::map<Oid, prove::Table> made;
    std::vector<std::string> wanted;
    for (const Oid relation : relations)
        if (!catalog_->tables.contains(relation)) {
            made[relation].name = wanted.emplace_back(std::to_string(relation));
            catalog_->references[relation].clear();
            catalog_->checks[relation].clear();
        }
    const std::vector<Value> list{array_literal(wanted)};
    const Rows names = query(kNames, list), columns = query(kColumns, list), keys = query(kKeys, list),
               references = query(kReferences, list), checks = query(kChecks, list);
    for (size_t i = 0; i < names.size(); i++) made.at(names.oid(i, 0)).name = names.text(i, 1);
    for (size_t i = 0; i < columns.size(); i++) {
        prove::Column column;
        column.number = (int)columns.number(i, 1);
        column.name = columns.text(i, 2);
        column.type = type(columns.oid(i, 3));
        column.nullable = !columns.boolean(i, 4);
        if (const auto known = catalog_->enumeration_names.find(column.type.name);
            known != catalog_->enumeration_names.end())
            column.most = (int64_t)enumeration(known->second).size() - 1;
        made.at(columns.oid(i, 0)).columns.push_back(std::move(column));
    }
    for (size_t i = 0; i < keys.size(); i++) {
        prove::Table &table = made.at(keys.oid(i, 0));
        const std::vector<int> numbered = numbers(keys.list(i, 2));
        if (std::any_of(numbered.begin(), numbered.end(), [&](int c) { return table.column(c) == nullptr; })) continue;
        table.keys.push_back({keys.text(i, 1) + " " + column_names(table, numbered), numbered});
    }
    for (size_t i = 0; i < references.size(); i++)
        catalog_->references.at(references.oid(i, 0))
            .push_back({references.oid(i, 1), numbers(references.list(i, 2)), numbers(references.list(i, 3))});
    for (size_t i = 0; i < checks.size(); i++)
        catalog_->checks.at(checks.oid(i, 0)).push_back({checks.text(i, 1), checks.text(i, 2)});
    catalog_->tables.merge(made);
}

void Schema::read_references() {
    for (const Oid relation : relations_) {
        prove::Table &child = tables_[(size_t)numbers_.at(relation)];
        for (const StoredReference &stored : catalog_->references.at(relation)) {
            const auto parent = numbers_.find(stored.parent);
            if (parent == numbers_.end()) continue;
            prove::Reference reference;
            reference.parent = parent->second;
            reference.columns = stored.columns;
            reference.parent_columns = stored.parent_columns;
            bool fits = true;
            for (size_t k = 0; k < reference.columns.size(); k++) {
                const prove::Column *from = child.column(reference.columns[k]),
                                    *to = tables_[(size_t)reference.parent].column(reference.parent_columns[k]);
                fits = fits && from != nullptr && to != nullptr && from->type == to->type;
            }
            if (!fits) continue;
            reference.name = "FOREIGN KEY " + column_names(child, reference.columns);
            child.references.push_back(std::move(reference));
        }
    }
}

std::vector<CheckSource> Schema::checks() {
    std::vector<CheckSource> result;
    for (size_t table = 0; table < tables_.size(); table++)
        for (const StoredCheck &check : catalog_->checks.at(relations_[table]))
            result.push_back({(int)table, fmt::format("CHECK {} of {}", check.name, tables_[table].name), check.tree});
    return result;
}

// ---- types ----------------------------------------------------------------------------------------------------------

const std::vector<std::pair<Oid, std::string>> &Schema::enumeration(Oid type) {
    if (const auto found = catalog_->enumerations.find(type); found != catalog_->enumerations.end())
        return found->second;
    auto &labels = catalog_->enumerations[type];
    const Rows rows =
        query("select oid, enumlabel from pg_catalog.pg_enum where enumtypid = $1::oid order by enumsortorder",
              {std::to_string(type)});
    for (size_t i = 0; i < rows.size(); i++) labels.emplace_back(rows.oid(i, 0), rows.text(i, 1));
    return labels;
}

int Schema::rank(Oid type, Oid label) {
    const auto &labels = enumeration(call(getBaseType, type));
    for (size_t i = 0; i < labels.size(); i++)
        if (labels[i].first == label) return (int)i;
    return -1;
}

std::vector<std::string> Schema::labels(const std::string &type_name) const {
    std::vector<std::string> result;
    if (const auto known = catalog_->enumeration_names.find(type_name); known != catalog_->enumeration_names.end())
        for (const auto &[oid, label] : catalog_->enumerations.at(known->second)) result.push_back(label);
    return result;
}

expr::Type Schema::type(Oid of) {
    if (const auto found = catalog_->types.find(of); found != catalog_->types.end()) return found->second;
    using expr::Sort;
    const Oid base = call(getBaseType, of);
    expr::Type made;
    switch (base) {
    case BOOLOID: break;
    case INT2OID:
    case INT4OID:
    case INT8OID: made = {Sort::number, "integer", false}; break;
    case OIDOID: made = {Sort::number, "oid", false}; break;
    case DATEOID: made = {Sort::number, "date", false}; break;
    case TIMEOID: made = {Sort::number, "time", false}; break;
    case TIMESTAMPOID: made = {Sort::number, "timestamp", false}; break;
    case TIMESTAMPTZOID: made = {Sort::number, "timestamptz", false}; break;
    case NUMERICOID: made = {Sort::decimal, "numeric", true}; break;
    case FLOAT4OID: made = {Sort::decimal, "real", true}; break;
    case FLOAT8OID: made = {Sort::decimal, "double precision", true}; break;
    case TEXTOID:
    case VARCHAROID:
    case NAMEOID: made = {Sort::value, "text", false}; break;
    case UUIDOID: made = {Sort::value, "uuid", false}; break;
    case BYTEAOID: made = {Sort::value, "bytea", false}; break;
    case MACADDROID: made = {Sort::value, "macaddr", false}; break;
    default: {
        const Rows name = query("select pg_catalog.format_type($1::oid, null), pg_catalog.quote_ident(n.nspname), "
                                "t.typtype, pg_catalog.quote_ident(t.typname) "
                                "from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace "
                                "where t.oid = $1::oid",
                                {std::to_string(base)});
        const bool ours = !name.empty() && name.text(0, 1) != "pg_catalog";
        const std::string called = name.empty() ? std::to_string(base)
                                   : ours       ? name.text(0, 1) + "." + name.text(0, 3)
                                                : name.text(0, 0);
        made = {Sort::value, called, true};
        if (!name.empty() && name.text(0, 2) == "e") {
            made = {Sort::number, called, false};
            catalog_->enumeration_names[called] = base;
            (void)enumeration(base);
        }
    }
    }
    return catalog_->types[of] = made;
}

} // namespace rlsproof::server
