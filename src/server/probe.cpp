#include "server/probe.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/spi.hpp"

namespace rlsproof::server {

namespace {

// The one who set the stage, for as long as a question past all policies takes.
class Past {
public:
    Past(Oid user, int security) {
        GetUserIdAndSecContext(&user_, &security_context_);
        SetUserIdAndSecContext(user, security);
    }
    ~Past() { SetUserIdAndSecContext(user_, security_context_); }
    Past(const Past &) = delete;
    Past &operator=(const Past &) = delete;

private:
    Oid user_;
    int security_context_;
};

} // namespace

std::string Probe::tids() const {
    std::string list;
    const auto add = [&](const Row &row) {
        if (row.table == relation_.id) list += (list.empty() ? "\"" : ",\"") + row.tid + "\"";
    };
    for (const Row &row : stage_.rows(relation_.id)) add(row);
    for (const Row &row : own_) add(row);
    return "'{" + list + "}'::tid[]";
}

void Probe::identify(const Rows &seen, Observation &observation) const {
    const auto among = [&](const Row &row) {
        for (size_t i = 0; i < seen.size(); i++)
            if (seen.oid(i, 0) == row.stored_in && seen.text(i, 1) == row.tid) return true;
        return false;
    };
    for (const Row &row : stage_.rows(relation_.id))
        if (among(row)) observation.foreign.push_back(&row);
    for (const Row &row : own_)
        if (row.table == relation_.id && among(row)) observation.own.push_back(&row);
}

Observation Probe::select() {
    Observation observation;
    const bool rows_known = relation_.kind == RelationKind::table || relation_.kind == RelationKind::partitioned_table;
    if (rows_known) {
        observation.statement = fmt::format("select tableoid::regclass, ctid, * from {}", relation_.name);
        Rows seen;
        observation.outcome = attempt(Finish::rollback, [&] {
            seen = query(fmt::format("select tableoid, ctid from {} where ctid = any({})", relation_.name, tids()), {},
                         false);
        });
        if (observation.outcome.ok) {
            identify(seen, observation);
            observation.total = (long)seen.size();
            return observation;
        }
        // System columns take a privilege on the whole table; with columns granted one by one only the number is seen.
        if (observation.outcome.sqlstate != "42501") return observation;
    }
    observation.identified = false;
    observation.statement = fmt::format("select count(*) from {}", relation_.name);
    observation.outcome = attempt(Finish::rollback, [&] {
        observation.total =
            query(fmt::format("select count(*) from (select 1 from {} limit 1000) x", relation_.name), {}, false)
                .number(0, 0);
    });
    return observation;
}

void Probe::identify_changed(Observation &observation) const {
    const Past past(superuser_, security_);
    const Rows left =
        query(fmt::format("select tableoid, ctid from {} where ctid = any({})", relation_.name, tids()), {}, false);
    Observation unchanged;
    identify(left, unchanged);
    const auto changed = [](const std::vector<const Row *> &still, const Row &row) {
        return std::find(still.begin(), still.end(), &row) == still.end();
    };
    for (const Row &row : stage_.rows(relation_.id))
        if (changed(unchanged.foreign, row)) observation.foreign.push_back(&row);
    for (const Row &row : own_)
        if (row.table == relation_.id && changed(unchanged.own, row)) observation.own.push_back(&row);
}

Observation Probe::change(const std::string &statement, bool identify_rows) {
    Observation observation;
    observation.statement = statement;
    observation.identified = identify_rows;
    observation.outcome = attempt(Finish::rollback, [&] {
        observation.total = execute(statement);
        if (identify_rows && observation.total > 0) identify_changed(observation);
    });
    if (!observation.outcome.ok) {
        observation.foreign.clear();
        observation.own.clear();
        observation.total = 0;
    }
    return observation;
}

// A column the persona may write (and read, where asked): one that is no key and holds nobody's identity, if there is.
std::optional<std::string> Probe::updatable(bool readable) const {
    const Rows columns = query(fmt::format(R"(
select pg_catalog.quote_ident(a.attname) from pg_catalog.pg_attribute a
where a.attrelid = {0} and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity <> 'a'
  and pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'UPDATE')
  and ({1} or pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT'))
order by exists (select from pg_catalog.pg_constraint c where c.conrelid = a.attrelid and a.attnum = any (c.conkey)
                 and c.contype in ('p', 'u', 'f')), a.attnotnull desc, a.attnum limit 1)",
                                           relation_.id, readable ? "false" : "true"));
    return columns.empty() ? std::nullopt : std::optional(columns.text(0, 0));
}

Observation Probe::update(bool blind) {
    const auto column = updatable(!blind);
    if (!column) {
        Observation nothing;
        nothing.outcome = {false, "42501", "no column may be updated without reading it", {}, {}, {}, {}, {}, {}, 0};
        return nothing;
    }
    if (!blind) return change(fmt::format("update {0} set {1} = {1}", relation_.name, *column), true);
    // Which row gets which value matters to no policy on the old rows; the value is taken from a row that is there.
    std::string value = "default";
    const TableShape *shape = stage_.tables().of(relation_.id);
    if (shape != nullptr)
        for (const ColumnShape &candidate : shape->columns) {
            if (candidate.name != *column) continue;
            for (const Row &row : stage_.rows(relation_.id))
                if (const auto known = row.values.find(candidate.number); known != row.values.end())
                    value = Maker::literal(candidate, known->second);
        }
    return change(fmt::format("update {} set {} = {}", relation_.name, *column, value), true);
}

Observation Probe::remove(bool blind) {
    if (blind) return change("delete from " + relation_.name, true);
    return change(fmt::format("delete from {} where ctid = any({})", relation_.name, tids()), true);
}

Observation Probe::insert(const std::vector<Values> &candidates) {
    Observation last;
    const TableShape *shape = stage_.tables().of(relation_.id);
    if (shape == nullptr) return last;
    const Rows writable =
        query(fmt::format("select a.attnum from pg_catalog.pg_attribute a where a.attrelid = {} and a.attnum > 0 "
                          "and not a.attisdropped and pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'INSERT')",
                          relation_.id));
    for (const Values &candidate : candidates) {
        Values values;
        for (size_t i = 0; i < writable.size(); i++)
            if (const auto value = candidate.find((int)writable.number(i, 0)); value != candidate.end())
                values.insert(*value);
        Observation tried = change(Maker::insert_statement(*shape, values), false);
        if (tried.outcome.ok && tried.total > 0) return tried;
        // A policy that fails to run says more than one that refuses.
        const bool refused = tried.outcome.sqlstate == "42501";
        if (last.statement.empty() || !refused) last = std::move(tried);
    }
    return last;
}

std::vector<const Row *> Probe::in_scope(const std::string &predicate) {
    const Past past(superuser_, security_);
    Observation found;
    const Rows rows = query(
        fmt::format("select tableoid, ctid from {} where ctid = any({}) and ({})", relation_.name, tids(), predicate),
        {}, false);
    identify(rows, found);
    std::vector<const Row *> result = found.foreign;
    result.insert(result.end(), found.own.begin(), found.own.end());
    return result;
}

std::string Probe::as_json(const Row &row) {
    const Past past(superuser_, security_);
    const Rows rows =
        query(fmt::format("select pg_catalog.to_jsonb(x)::text from {} x where x.ctid = {}::tid and x.tableoid = {}",
                          relation_.name, quote_literal(row.tid), row.stored_in),
              {}, false);
    return rows.empty() ? "{}" : rows.text(0, 0);
}

} // namespace rlsproof::server
