// rlsproof.guard_events(), guard_recent() and guard_reset(). Plain functions: an entry is copied under its lock, and
// what takes memory or asks the catalogs comes after.
#include "server/guard/events.hpp"

#include <bit>
#include <cstring>

#include "server/guard/columns.hpp"
#include "server/guard/shared.hpp"

extern "C" {
#include "funcapi.h"
}

namespace rlsproof::server::guard {

namespace {

double number(const pg_atomic_uint64 &bits) {
    return std::bit_cast<double>(pg_atomic_read_u64(const_cast<pg_atomic_uint64 *>(&bits)));
}

int64 count(const pg_atomic_uint64 &counter) {
    return static_cast<int64>(pg_atomic_read_u64(const_cast<pg_atomic_uint64 *>(&counter)));
}

// rule, fingerprint, query, role, database, table_name, mode
void put_what(Columns &row, const EventKey &key, const EventText &text, Mode mode, bool readable) {
    row.text(info(static_cast<Rule>(key.rule)).name);
    row.fingerprint(key.fingerprint, readable);
    row.statement(text.query, text.encoding, readable);
    row.role(key.role);
    row.database(key.database);
    row.shared_text(text.table, text.encoding, readable);
    row.text(name(mode));
}

// route, action, release, application
void put_tags(Columns &row, const Tags &tags, int encoding, bool readable) {
    for (const char *tag : {tags.route, tags.action, tags.release, tags.application})
        row.shared_text(tag, encoding, readable);
}

void put_event(ReturnSetInfo *result, const EventTable::Entry *entry) {
    const EventValue &value = entry->value;
    const bool readable = may_read(entry->key.role);
    Columns row;
    put_what(row, entry->key, value.text, value.mode, readable);
    int64 all = 0;
    for (const pg_atomic_uint64 &fate : value.fates) {
        row.integer(count(fate));
        all += count(fate);
    }
    row.integer(all);
    const int64 measured = count(value.measured);
    row.number(number(value.max_rows), measured > 0);
    row.number(measured > 0 ? number(value.rows) / static_cast<double>(measured) : 0, measured > 0);
    row.time(value.first_seen);
    row.time(count(value.last_seen));
    put_tags(row, value.tags, value.text.encoding, readable);
    row.put(result);
}

void put_recent(ReturnSetInfo *result, const RecentEvent *event) {
    const bool readable = may_read(event->key.role);
    Columns row;
    row.integer(static_cast<int64>(event->number));
    row.time(event->at);
    put_what(row, event->key, event->text, event->mode, readable);
    row.number(event->rows, event->rows >= 0);
    put_tags(row, event->tags, event->text.encoding, readable);
    row.small(event->pid);
    row.put(result);
}

void put_events(ReturnSetInfo *result) {
    auto *const entry = static_cast<EventTable::Entry *>(palloc(sizeof(EventTable::Entry)));
    RowMemory memory;
    for (int i = 0; i < events.taken(); ++i) {
        memory.next();
        if (events.copy(i, entry)) put_event(result, entry);
    }
    memory.end();
    pfree(entry);
}

void put_ring(ReturnSetInfo *result) {
    auto *const event = static_cast<RecentEvent *>(palloc(sizeof(RecentEvent)));
    RowMemory memory;
    for (int i = 0; i < recent.size; ++i) {
        memory.next();
        if (recent.copy(i, event)) put_recent(result, event);
    }
    memory.end();
    pfree(event);
}

} // namespace

} // namespace rlsproof::server::guard

using namespace rlsproof::server;

extern "C" {

PG_FUNCTION_INFO_V1(rlsproof_guard_events);
Datum rlsproof_guard_events(PG_FUNCTION_ARGS) {
    InitMaterializedSRF(fcinfo, 0);
    if (guard::shared_or_notice()) guard::put_events(reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo));
    return Datum{0};
}

PG_FUNCTION_INFO_V1(rlsproof_guard_recent);
Datum rlsproof_guard_recent(PG_FUNCTION_ARGS) {
    InitMaterializedSRF(fcinfo, 0);
    if (guard::shared_or_notice()) guard::put_ring(reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo));
    return Datum{0};
}

PG_FUNCTION_INFO_V1(rlsproof_guard_reset);
Datum rlsproof_guard_reset(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    if (guard::shared_or_notice()) guard::reset_shared();
    PG_RETURN_VOID();
}

} // extern "C"
