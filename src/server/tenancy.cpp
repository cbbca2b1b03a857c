#include "base/finding.hpp"
#include "model/expectation.hpp"
#include "model/tenancy.hpp"

#include "server/tenancy.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/declare.hpp"
#include "server/declaring.hpp"
#include "server/names.hpp"
#include "server/result.hpp"

extern "C" {
#include "catalog/pg_class.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server {

namespace {

// A tenancy of no tenant: what a pattern would cover and nobody owns.
constexpr const char *kNobody = "none";

bool has_rows(Oid relation) {
    switch (call(get_rel_relkind, relation)) {
    case RELKIND_RELATION:
    case RELKIND_PARTITIONED_TABLE:
    case RELKIND_MATVIEW:
    case RELKIND_FOREIGN_TABLE: return true;
    default: return false;
    }
}

Object table_named(const std::string &written) {
    Object object = find_object(written);
    if (object.kind == ObjectKind::pattern) return object;
    if (object.kind == ObjectKind::missing)
        throw Error(Code::not_found, fmt::format("relation \"{}\" does not exist", object.name),
                    suggest(object.name, object_names(), "objects"));
    if (object.kind != ObjectKind::relation)
        throw Error(Code::invalid_input, fmt::format("a tenancy is about tables, not about \"{}\"", object.name));
    if (!has_rows(object.id))
        throw Error(Code::invalid_input, fmt::format("{} has no rows of its own", object.name),
                    "Declare the tables it reads: their rows are looked at through every view.");
    return object;
}

// The tables that a declaration is about, today.
std::vector<Object> tables_of(const Object &object) {
    if (object.kind != ObjectKind::pattern) return {object};
    std::vector<Object> tables;
    for (const std::string &name : object_names()) {
        if (name.find(':') != std::string::npos || !matches(object.name, name)) continue;
        const Object table = find_object(name);
        if (table.kind == ObjectKind::relation && has_rows(table.id)) tables.push_back(table);
    }
    return tables;
}

bool has_column(Oid relation, const std::string &column) {
    return call(get_attnum, relation, column.c_str()) > 0;
}

void check_column(const Object &table, const std::string &column) {
    if (has_column(table.id, column)) return;
    throw Error(Code::not_found, fmt::format("column \"{}\" of {} does not exist", column, table.name),
                fmt::format("The columns are: {}.", fmt::join(columns_of(table.id), ", ")));
}

// What a step leads to has to be one row: the column its foreign key names, or a primary key of one column.
void check_step(const Object &table, const TenantStep &step, const Object &next) {
    check_column(table, step.column);
    const Rows rows = query(R"(
select from pg_catalog.pg_constraint c
where (c.contype = 'f' and c.conrelid = $1::oid and c.confrelid = $2::oid and c.conkey = array[$3::int2])
   or (c.contype = 'p' and c.conrelid = $2::oid and pg_catalog.cardinality(c.conkey) = 1))",
                            {std::to_string(table.id), std::to_string(next.id),
                             std::to_string(call(get_attnum, table.id, step.column.c_str()))});
    if (rows.empty())
        throw Error(Code::invalid_input,
                    fmt::format("\"{}\" of {} leads to no single row of {}", step.column, table.name, next.name),
                    fmt::format("Add the foreign key, or a primary key of one column on {}.", next.name));
}

// Checks a tenant column of one table, and writes relations on the way in full.
void check_tenant(const Object &table, TenantColumn &column) {
    Object here = table;
    for (TenantStep &step : column.path) {
        const Object next = table_named(step.relation);
        if (next.kind == ObjectKind::pattern)
            throw Error(Code::invalid_input, "a path to the tenant leads through tables, not through patterns");
        check_step(here, step, next);
        step.relation = next.name;
        here = next;
    }
    check_column(here, column.column);
}

void check_setting(const TenantSource &source) {
    if (source.name.find('.') == std::string::npos &&
        query("select 1 from pg_catalog.pg_settings where pg_catalog.lower(name) = pg_catalog.lower($1)", {source.name})
            .empty())
        throw Error(Code::not_found, fmt::format("there is no setting \"{}\"", source.name),
                    "Settings of an application have a dot in their name: app.tenant_id.");
}

void check_query(const TenantSource &source, const Object &table, const TenantColumn *column) {
    const std::string text = closed(source.name);
    Outcome outcome = ask("select (", text, ")");
    if (outcome.ok && column != nullptr && column->path.empty() && table.kind == ObjectKind::relation)
        outcome =
            ask(fmt::format("select 1 from {} where {} in (", table.name, quote_identifier(column->column)), text, ")");
    if (outcome.ok) return;
    std::string hint = outcome.hint;
    if (outcome.sqlstate == "42601" && hint.empty()) hint = "It is a query of one column, the session's tenants.";
    complain(outcome, fmt::format("how a session knows its tenant: {}", outcome.message), hint, text);
}

void check_shared(const Object &table, const std::string &shared) {
    const Outcome outcome = check_predicate(table.name, shared);
    if (outcome.ok) return;
    std::string hint = outcome.hint;
    if (outcome.sqlstate == "42703")
        hint = fmt::format("The columns of {} are: {}.", table.name, fmt::join(columns_of(table.id), ", "));
    else if (hint.empty())
        hint = "Shared rows are those without a tenant, null, or those of a predicate, as in is_template.";
    complain(outcome, fmt::format("shared rows of {}: {}", table.name, outcome.message), hint, shared);
}

void declare_tenancy(const std::string &written, const Value &tenant, const Value &session, const Value &shared,
                     const Value &note) {
    const Object object = table_named(written);
    const std::vector<Object> tables = tables_of(object);
    Value kept = tenant;
    std::optional<TenantColumn> column;
    if (tenant && *tenant == kNobody) {
        if (session || shared)
            throw Error(Code::invalid_input, "tables of no tenant have no session's tenant and no shared rows");
    } else if (tenant) {
        column = tenant_column(*tenant);
        if (object.kind != ObjectKind::pattern)
            check_tenant(object, *column);
        else if (!column->path.empty())
            throw Error(Code::invalid_input, "a path to the tenant is declared for one table",
                        "A pattern takes a column that its tables have in common.");
        kept = text_of(*column);
    } else if (query("select 1 from rlsproof.scopes where tenant_column is not null").empty()) {
        throw Error(Code::invalid_input, "the tenant must not be null while no scope has a tenant column",
                    "Name the column, or declare scopes with their tenant_column first.");
    }
    std::optional<TenantSource> source;
    if (session) {
        source = tenant_source(*session);
        if (source->kind == TenantSource::Kind::setting) check_setting(*source);
        if (source->kind == TenantSource::Kind::query) check_query(*source, object, column ? &*column : nullptr);
    }
    if (shared && *shared != "null" && object.kind != ObjectKind::pattern) check_shared(object, closed(*shared));
    if (object.kind == ObjectKind::pattern) {
        const bool any = std::any_of(tables.begin(), tables.end(), [&](const Object &table) {
            return !column || has_column(table.id, column->column);
        });
        if (!any)
            warn(tables.empty()
                     ? fmt::format("the pattern \"{}\" matches no table", object.name)
                     : fmt::format("no table that \"{}\" matches has a column \"{}\"", object.name, column->column),
                 "It is kept: tables that come are covered by it.");
    }
    execute(R"(
insert into rlsproof.tenancies (relation, tenant, session, shared, note) values ($1, $2, $3, $4, $5)
on conflict (relation) do update set tenant = excluded.tenant, session = excluded.session, shared = excluded.shared,
                                     note = excluded.note)",
            {object.name, kept, source ? Value(text_of(*source)) : Value(), shared ? Value(closed(*shared)) : Value(),
             note});
}

} // namespace

void look_at_tenancies(std::vector<Finding> &findings) {
    const Rows rows =
        query(R"(select relation, tenant, session, shared from rlsproof.tenancies order by relation collate "C")");
    for (size_t i = 0; i < rows.size(); i++) {
        const std::string &relation = rows.text(i, 0);
        std::string message;
        try {
            const Object object = table_named(relation);
            std::optional<TenantColumn> column;
            if (rows.value(i, 1) && rows.text(i, 1) != kNobody) column = tenant_column(rows.text(i, 1));
            if (object.kind == ObjectKind::pattern) {
                if (tables_of(object).empty()) message = "the pattern matches no table";
            } else if (column) {
                check_tenant(object, *column);
            }
            if (message.empty() && rows.value(i, 3) && rows.text(i, 3) != "null" && object.kind != ObjectKind::pattern)
                message = check_predicate(object.name, rows.text(i, 3)).message;
            if (message.empty() && rows.value(i, 2)) {
                const TenantSource source = tenant_source(rows.text(i, 2));
                if (source.kind == TenantSource::Kind::query) message = ask("select (", source.name, "\n)").message;
            }
        } catch (const Error &error) {
            message = error.what();
        }
        if (!message.empty())
            findings.push_back(
                stale(relation, fmt::format("its tenancy no longer holds: {}", message),
                      "The guard's tenant rules are blind here. Declare it again as the table is now, "
                      "or take it away.",
                      fmt::format("DELETE FROM rlsproof.tenancies WHERE relation = {};", quote_literal(relation))));
    }
}

extern "C" {
PG_FUNCTION_INFO_V1(rlsproof_tenancy);

Datum rlsproof_tenancy(PG_FUNCTION_ARGS) {
    const char *relation = text_argument(fcinfo, 0), *tenant = text_argument(fcinfo, 1);
    const char *session = text_argument(fcinfo, 2), *shared = text_argument(fcinfo, 3);
    const char *note = text_argument(fcinfo, 4);
    const auto optional = [](const char *argument, const char *name) {
        return argument != nullptr ? Value(required(argument, name)) : Value();
    };
    enter([&] {
        declare_tenancy(required(relation, "the relation of a tenancy"), optional(tenant, "a tenant"),
                        optional(session, "how a session knows its tenant"), optional(shared, "what is shared"),
                        optional_text(note));
    });
    PG_RETURN_VOID();
}
}

} // namespace rlsproof::server
