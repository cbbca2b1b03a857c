#include "model/expectation.hpp"
#include "model/tenancy.hpp"

#include "server/guard/tenancy.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "server/guard/exempt.hpp"
#include "server/guard/stored.hpp"
#include "server/guard/tenant_session.hpp"
#include "server/identity.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_inherits.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/prep.h"
#include "parser/parse_clause.h"
#include "parser/parse_collate.h"
#include "parser/parse_relation.h"
#include "tcop/tcopprot.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
}

namespace rlsproof::server::guard {

namespace {

Stored &tenancies() {
    static const char *const columns[] = {"relation", "tenant", "session", "shared", nullptr};
    static Stored stored("tenancies", columns);
    return stored;
}

Stored &scopes() {
    static const char *const columns[] = {"relation", "tenant_column", nullptr};
    static Stored stored("scopes", columns);
    return stored;
}

struct Declaration {
    std::string relation; // or a pattern
    bool nobody = false;
    std::optional<TenantColumn> column; // nothing: the tenant_column of the table's scopes
    int source = -1;
    Value shared;
};

std::vector<Declaration> declarations; // the most specific first
std::vector<std::string> settings;     // behind all of them
uint64 seen = 0;                       // the changes up to which they were read
uint64 generation = 0;
std::string text_then; // all of them, to tell whether one has changed

// The tables that were asked for, since then.
HTAB *tables = nullptr;
MemoryContext memory = nullptr;
const Tenancy *last = nullptr; // of them: statements ask for the same one several times

bool busy = false;

class Busy {
public:
    Busy() { busy = true; }
    ~Busy() { busy = false; }
    Busy(const Busy &) = delete;
    Busy &operator=(const Busy &) = delete;
};

void read_declarations() {
    std::string text;
    for (Stored *const stored : {&tenancies(), &scopes()})
        for (const auto &row : stored->rows())
            for (const Value &value : row) text += value ? fmt::format("{}:{},", value->size(), *value) : "-,";
    if (text == text_then && generation > 0) return;
    std::vector<Declaration> read;
    std::vector<std::string> behind;
    for (const auto &row : tenancies().rows()) {
        Declaration one;
        one.relation = row[0].value_or("");
        try {
            one.nobody = row[1] == "none";
            if (row[1] && !one.nobody) one.column = tenant_column(*row[1]);
            if (row[2]) {
                const TenantSource source = tenant_source(*row[2]);
                one.source = source_number(text_of(source));
                for (std::string &setting : settings_behind(source)) behind.push_back(std::move(setting));
            }
        } catch (const Error &) {
            // Written by hand past the function that checks; an audit reports it.
            continue;
        }
        one.shared = row[3];
        read.push_back(std::move(one));
    }
    const auto weight = [](const Declaration &one) {
        return one.relation.size() + (one.relation.find('*') == std::string::npos ? 100000 : 0);
    };
    std::stable_sort(read.begin(), read.end(),
                     [&](const Declaration &left, const Declaration &right) { return weight(left) > weight(right); });
    declarations = std::move(read);
    settings = std::move(behind);
    text_then = std::move(text);
    ++generation;
}

void forget_tables() {
    if (memory == nullptr) memory = AllocSetContextCreate(TopMemoryContext, "rlsproof tenancy", ALLOCSET_SMALL_SIZES);
    last = nullptr;
    MemoryContextReset(memory);
    HASHCTL control;
    memset(&control, 0, sizeof(control));
    control.keysize = sizeof(Oid);
    control.entrysize = sizeof(Tenancy);
    control.hcxt = memory;
    tables = hash_create("rlsproof tenancy", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

[[gnu::noinline]] void read_again() {
    const uint64 now = changes();
    if (busy) return;
    enter([] { read_declarations(); });
    forget_tables();
    // Reading may have loaded catalogs and so heard of changes: those are looked at the next time.
    seen = now;
}

// Reads what has changed since the last time. Cheap where nothing has.
inline void refresh() {
    if (seen != changes()) read_again();
}

struct TypeOfColumn {
    Oid type;
    int32 typmod;
    Oid collation;
};

TypeOfColumn type_of(Oid table, AttrNumber column) {
    TypeOfColumn result{InvalidOid, -1, InvalidOid};
    get_atttypetypmodcoll(table, column, &result.type, &result.typmod, &result.collation);
    return result;
}

std::vector<Oid> ancestors(Oid table) {
    std::vector<Oid> found;
    if (!call(get_rel_relispartition, table) && !call(has_superclass, table)) return found;
    const Rows rows = query(fmt::format(R"(
with recursive up(id, depth) as (select {}::oid, 0 union all
  select i.inhparent, depth + 1 from up join pg_catalog.pg_inherits i on i.inhrelid = up.id)
select id from up where depth > 0 order by depth, id)",
                                        table));
    for (size_t i = 0; i < rows.size(); ++i) found.push_back(rows.oid(i, 0));
    return found;
}

// The column that a step leads to: the one its foreign key names, or the primary key.
AttrNumber key_of(Oid table, AttrNumber column, Oid next) {
    const Rows rows = query(fmt::format(R"(
select case when contype = 'f' then confkey[1] else conkey[1] end from pg_catalog.pg_constraint
where (contype = 'f' and conrelid = {0} and confrelid = {2} and conkey = array[{1}::int2])
   or (contype = 'p' and conrelid = {2} and pg_catalog.cardinality(conkey) = 1)
order by contype limit 1)",
                                        table, column, next));
    return rows.empty() ? AttrNumber{0} : static_cast<AttrNumber>(rows.number(0, 0));
}

// Plain values, before they are put into memory that lasts.
struct Found {
    Tenancy tenancy;
    std::vector<TenantLink> links;
};

// Whether this declaration says of the table whose its rows are; false where the table lacks the column.
bool apply(const Declaration &said, Oid table, const std::string &name, Found *found) {
    std::optional<TenantColumn> column = said.column;
    if (!column)
        for (const auto &row : scopes().rows())
            if (!column && row[0] == name && row[1]) column = TenantColumn{{}, *row[1]};
    if (!column) return false;
    Tenancy &tenancy = found->tenancy;
    Oid here = table;
    for (const TenantStep &step : column->path) {
        const Rows rows = query("select pg_catalog.to_regclass($1)::oid", {step.relation});
        const Oid next = rows.value(0, 0) ? rows.oid(0, 0) : InvalidOid;
        const AttrNumber from = call(get_attnum, here, step.column.c_str());
        if (!OidIsValid(next) || from <= 0) return false;
        const AttrNumber key = key_of(here, from, next);
        if (key <= 0) return false;
        found->links.push_back({from, next, key});
        here = next;
    }
    const AttrNumber last = call(get_attnum, here, column->column.c_str());
    if (last <= 0) return false;
    (column->path.empty() ? tenancy.column : tenancy.column_at_end) = last;
    const TypeOfColumn type = call(type_of, here, last);
    tenancy.type = type.type;
    tenancy.typmod = type.typmod;
    tenancy.collation = type.collation;
    tenancy.source = said.source;
    tenancy.null_shared = said.shared == "null";
    return true;
}

// Plain.
char *parsed(Oid table, const char *predicate) {
    Relation const relation = relation_open(table, AccessShareLock);
    ParseState *const state = make_parsestate(nullptr);
    ParseNamespaceItem *const item =
        addRangeTableEntryForRelation(state, relation, AccessShareLock, nullptr, false, true);
    addNSItemToQuery(state, item, false, true, true);
    const char *const text = psprintf("SELECT 1 WHERE (%s)", predicate);
    const auto *const raw = linitial_node(RawStmt, pg_parse_query(text));
    Node *node =
        transformWhereClause(state, reinterpret_cast<SelectStmt *>(raw->stmt)->whereClause, EXPR_KIND_WHERE, "WHERE");
    assign_expr_collations(state, node);
    node = eval_const_expressions(nullptr, node);
    List *const conditions =
        make_ands_implicit(reinterpret_cast<Expr *>(canonicalize_qual(reinterpret_cast<Expr *>(node), false)));
    relation_close(relation, AccessShareLock);
    free_parsestate(state);
    return MemoryContextStrdup(memory, nodeToString(conditions));
}

// The predicate over this very table; nothing where it lacks a column of it: then none of its rows are shared.
const char *shared_tree(Oid table, const std::string &predicate) {
    const char *tree = nullptr;
    if (IsInParallelMode()) return tree;
    attempt(Finish::rollback, [&] {
        use_default_search_path();
        tree = call(parsed, table, predicate.c_str());
    });
    return tree;
}

// Whether a declaration covers the name, and what the most specific one that fits the table says.
bool covered(Oid table, const std::string &name, Found *found) {
    for (const Declaration &said : declarations) {
        if (!matches(said.relation, name)) continue;
        if (said.nobody) return false;
        Found fits{{}, {}};
        fits.tenancy.source = -1;
        if (!apply(said, table, name, &fits)) continue;
        fits.tenancy.declared = true;
        if (found->tenancy.declared) return true;
        if (said.shared && !fits.tenancy.null_shared) fits.tenancy.shared_tree = shared_tree(table, *said.shared);
        *found = std::move(fits);
        return true;
    }
    return false;
}

void look_up(Oid table) {
    // What is asked of the server meanwhile passes the hooks as well.
    const Busy busy_now;
    Found found{{}, {}};
    if (covered(table, call(table_name, table), &found)) found.tenancy.shown = table;
    // A partition speaks for the table it is a part of; its columns are its own, by name.
    for (const Oid ancestor : ancestors(table))
        if (covered(table, call(table_name, ancestor), &found)) found.tenancy.shown = ancestor;
    TenantLink *links = nullptr;
    if (!found.links.empty()) {
        links = static_cast<TenantLink *>(call(MemoryContextAlloc, memory, sizeof(TenantLink) * found.links.size()));
        std::copy(found.links.begin(), found.links.end(), links);
    }
    bool known;
    auto *const entry =
        static_cast<Tenancy *>(call(hash_search, tables, static_cast<const void *>(&table), HASH_ENTER, &known));
    *entry = found.tenancy;
    entry->table = table;
    entry->links = static_cast<int>(found.links.size());
    entry->link = links;
}

} // namespace

void hear_of_changes() {
    AcceptInvalidationMessages();
}

bool is_computed(Oid table, AttrNumber column) {
    return get_attgenerated(table, column) == 'v';
}

uint64 tenancy_generation() {
    refresh();
    return generation;
}

bool any_tenancy() {
    refresh();
    return !declarations.empty();
}

const std::vector<std::string> &tenant_settings() {
    refresh();
    return settings;
}

const Tenancy *tenancy_of(Oid table) {
    if (busy || exempt_table(table)) return nullptr;
    refresh();
    if (last != nullptr && last->table == table) return last->declared ? last : nullptr;
    if (declarations.empty()) return nullptr;
    const auto *entry = static_cast<const Tenancy *>(hash_search(tables, &table, HASH_FIND, nullptr));
    if (entry == nullptr) {
        enter([&] { look_up(table); });
        entry = static_cast<const Tenancy *>(hash_search(tables, &table, HASH_FIND, nullptr));
    }
    last = entry;
    return entry != nullptr && entry->declared ? entry : nullptr;
}

} // namespace rlsproof::server::guard
