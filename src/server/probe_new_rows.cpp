// New rows as the persona: with values of its choice, through a view, and whose they turned out to be.
#include "server/probe.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/spi.hpp"
#include "server/time_limit.hpp"

extern "C" {
#include "access/xact.h"
}

namespace rlsproof::server {

// Whether any of these values says whose a row is: a person, a tenant, or something else that belongs to somebody.
bool Probe::says_whose(const TableShape &shape, const Values &values) const {
    return std::any_of(values.begin(), values.end(), [&](const auto &given) {
        const Column place{shape.id, given.first};
        if (stage_.hints().identity.contains(place) || stage_.hints().tenant.contains(place)) return true;
        return std::any_of(shape.foreign_keys.begin(), shape.foreign_keys.end(), [&](const ForeignKey &key) {
            const TableShape *parent = stage_.tables().of(key.parent);
            return std::find(key.columns.begin(), key.columns.end(), given.first) != key.columns.end() &&
                   (parent == nullptr || stage_.personal(*parent));
        });
    });
}

// A statement that is not run.
Observation Probe::left_alone(const std::string &statement) {
    Observation left;
    left.statement = statement;
    left.outcome.ok = false;
    left.outcome.message = kWouldDraw;
    return left;
}

Observation Probe::insert(const std::vector<Values> &candidates, const std::string &uid) {
    Observation last;
    const TableShape *shape = stage_.tables().of(relation_.id);
    if (shape == nullptr) return last;
    for (const Values &candidate : candidates) {
        const Values given = insertable(relation_.id, candidate);
        const std::string statement = Maker::insert_statement(*shape, given);
        default_names_ = uid.empty() || says_whose(*shape, given) ? "" : uid;
        if (draws_a_number(relation_.id, given)) return left_alone(statement);
        Observation tried = change(statement, false, whose(candidate));
        // Everybody may have one row only, and has it: for somebody who has none yet.
        if (tried.outcome.sqlstate == "23505")
            tried = change_with_room(statement, *shape, candidate, tried.outcome.constraint);
        if (tried.outcome.ok && tried.total > 0) return tried;
        // A policy that fails to run says more than one that refuses.
        const bool refused = tried.outcome.sqlstate == "42501";
        const bool stopped = TimeLimit::ended(tried.outcome);
        if (last.statement.empty() || !refused) last = std::move(tried);
        if (stopped) break; // nor would the next one end
    }
    return last;
}

Observation Probe::insert_view(const std::vector<Values> &candidates, const std::vector<ViewColumn> &columns) {
    Observation last;
    const Rows writable = query("select a.attnum, pg_catalog.quote_ident(a.attname) from pg_catalog.pg_attribute a "
                                "where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped "
                                "and pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'INSERT') order by a.attnum",
                                {std::to_string(relation_.id)});
    for (const Values &candidate : candidates) {
        std::string names, literals;
        Values given; // to the table below
        for (size_t i = 0; i < writable.size(); i++)
            for (const ViewColumn &column : columns) {
                const TableShape *shape = stage_.tables().of(column.table);
                const ColumnShape *base = shape != nullptr ? shape->column(column.column) : nullptr;
                const auto value = candidate.find(column.column);
                if (column.number != (int)writable.number(i, 0) || base == nullptr || base->generated ||
                    value == candidate.end())
                    continue;
                names += (names.empty() ? "" : ", ") + writable.text(i, 1);
                literals += (literals.empty() ? "" : ", ") + Maker::literal(*base, value->second);
                given.insert(*value);
            }
        if (names.empty()) return last;
        const std::string statement =
            fmt::format("insert into {} ({}) overriding system value values ({})", relation_.name, names, literals);
        if (draws_a_number(columns.front().table, given)) return left_alone(statement);
        Observation tried = change(statement, false);
        if (tried.outcome.ok && tried.total > 0) return tried;
        const bool refused = tried.outcome.sqlstate == "42501";
        const bool stopped = TimeLimit::ended(tried.outcome);
        if (last.statement.empty() || !refused) last = std::move(tried);
        if (stopped) break;
    }
    return last;
}

// The columns that name people, as texts; empty where there are none.
std::string Probe::people() const {
    const TableShape *shape = stage_.tables().of(relation_.id);
    std::string people;
    if (shape == nullptr) return people;
    for (const ColumnShape &column : shape->columns)
        if (stage_.hints().identity.contains({relation_.id, column.number}))
            people += (people.empty() ? "" : ", ") + column.name + "::text";
    return people;
}

// Whether this subtransaction has put in a row of which that holds.
bool Probe::entered(const std::string &condition) const {
    const AsUser past(superuser_, security_);
    const TransactionId self = call(GetCurrentTransactionId);
    return !query(fmt::format("select 1 from {} entered where xmin = '{}'::xid and not ctid = any({}) and {} limit 1",
                              relation_.name, self, tids(), condition),
                  {}, false)
                .empty();
}

bool Probe::enters_nobody(const std::string &statement) {
    bool nobody = false;
    const std::string named = people();
    (void)attempt(Finish::rollback, [&] {
        if (in_time([&] { return execute(statement); }) > 0)
            nobody = named.empty() || !entered(fmt::format("coalesce({}) is not null", named));
    });
    return nobody;
}

bool Probe::entered_for_others(const std::string &uid) const {
    const std::string named = people();
    return !named.empty() && entered(fmt::format("coalesce({0}) is not null and not coalesce({1} in ({0}), false)",
                                                 named, quote_literal(uid)));
}

// Whoever may write into what is its own may name others there: its team's members, what it has just founded.
bool Probe::entered_for_others_alone(const std::string &uid) const {
    const TableShape *shape = stage_.tables().of(relation_.id);
    const std::string named = people();
    if (shape == nullptr || named.empty()) return false;
    // Nor does it name this one anywhere else, as whoever sent it.
    std::string condition =
        fmt::format("coalesce({}) is not null and pg_catalog.strpos(entered::text, {}) = 0", named, quote_literal(uid));
    const TransactionId self = call(GetCurrentTransactionId);
    for (const ForeignKey &key : shape->foreign_keys) {
        const TableShape *parent = stage_.tables().of(key.parent);
        if (parent == nullptr || key.columns.size() != 1 || stage_.is_account(*parent)) continue;
        std::string own;
        for (const Row &row : everything_own_)
            if (row.table == key.parent) own += (own.empty() ? "\"" : ",\"") + row.tid + "\"";
        // Policies may hold a text to be what is a uuid there.
        const ColumnShape &above = *parent->column(key.parent_columns.front()),
                          &below = *shape->column(key.columns.front());
        const char *cast = above.type == below.type ? "" : "::text";
        condition +=
            fmt::format(" and not exists (select from {} p where p.{}{} = entered.{}{} and (p.xmin = '{}'::xid "
                        "or p.ctid = any ('{{{}}}'::tid[])))",
                        parent->name, above.name, cast, below.name, cast, self, own);
    }
    return entered(condition);
}

bool Probe::entered_in_its_name(const std::string &uid) const {
    const std::string named = people();
    return !named.empty() && entered(fmt::format("coalesce({} in ({}), false)", quote_literal(uid), named));
}

} // namespace rlsproof::server
