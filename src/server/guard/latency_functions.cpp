// rlsproof.guard_queries() and guard_routes(): percentiles by query shape, and by route over all its shapes.
#include "model/histogram.hpp"

#include <map>
#include <tuple>

#include "server/boundary.hpp"
#include "server/guard/columns.hpp"
#include "server/guard/latency.hpp"
#include "server/guard/shared.hpp"

extern "C" {
#include "funcapi.h"
}

namespace rlsproof::server::guard {

namespace {

// calls, rows, p50_ms, p95_ms, p99_ms, max_ms, mean_ms
template <typename Count>
void put_latencies(Columns &row, const Latencies &sum, const histogram::Histogram<Count> &histogram) {
    row.integer(static_cast<int64>(sum.calls));
    row.integer(static_cast<int64>(sum.rows));
    for (const double share : {0.5, 0.95, 0.99}) row.number(histogram.percentile(share, sum.least, sum.greatest), true);
    row.number(sum.greatest, true);
    row.number(sum.calls > 0 ? sum.total / static_cast<double>(sum.calls) : 0, sum.calls > 0);
}

void put_query(ReturnSetInfo *result, const QueryTable::Entry *entry) {
    const QueryValue &value = entry->value;
    const bool readable = may_read(entry->key.role);
    Columns row;
    row.role(entry->key.role);
    row.database(entry->key.database);
    row.statement(value.query, PG_UTF8, readable);
    row.shared_text(value.route, value.route_encoding, readable);
    put_latencies(row, value.latencies, value.histogram);
    row.fingerprint(value.fingerprint, readable && value.wording == Wording::known);
    row.identifier(entry->key.shape, readable);
    row.put(result);
}

void put_queries(ReturnSetInfo *result) {
    auto *const entry = static_cast<QueryTable::Entry *>(palloc(sizeof(QueryTable::Entry)));
    RowMemory memory;
    for (int i = 0; i < queries.taken(); ++i) {
        memory.next();
        if (queries.copy(i, entry)) put_query(result, entry);
    }
    memory.end();
    pfree(entry);
}

// All shapes of one route, role and database.
struct RouteTotal {
    Latencies latencies{};
    histogram::Histogram<uint64> histogram{};
    int64 shapes = 0;
    int32 encoding = 0;
    char text[Tags::kSize] = "";
};

using RouteKey = std::tuple<Oid, Oid, uint64>; // role, database, route

bool copy_query(int place, QueryTable::Entry *entry) {
    return queries.copy(place, entry);
}

void add(RouteTotal &route, const QueryValue &value) {
    if (route.shapes++ == 0) route.latencies.least = value.latencies.least;
    route.latencies.add(value.latencies);
    route.histogram.add(value.histogram);
    route.encoding = value.route_encoding;
    memcpy(route.text, value.route, sizeof(route.text));
}

void put_route(ReturnSetInfo *result, Oid role, Oid database, const RouteTotal *route) {
    Columns row;
    row.role(role);
    row.database(database);
    row.shared_text(route->text, route->encoding, may_read(role));
    row.integer(route->shapes);
    put_latencies(row, route->latencies, route->histogram);
    row.put(result);
}

void put_routes(ReturnSetInfo *result) {
    enter([&] {
        std::map<RouteKey, RouteTotal> routes;
        auto *const entry = static_cast<QueryTable::Entry *>(call(palloc, Size{sizeof(QueryTable::Entry)}));
        for (int i = 0; i < queries.taken(); ++i) {
            poll();
            if (!call(copy_query, i, entry)) continue;
            const QueryKey &key = entry->key;
            add(routes[{key.role, key.database, key.route}], entry->value);
        }
        pfree(entry);
        for (const auto &[key, route] : routes)
            call(put_route, result, std::get<0>(key), std::get<1>(key), static_cast<const RouteTotal *>(&route));
    });
}

} // namespace

} // namespace rlsproof::server::guard

using namespace rlsproof::server;

extern "C" {

PG_FUNCTION_INFO_V1(rlsproof_guard_queries);
Datum rlsproof_guard_queries(PG_FUNCTION_ARGS) {
    InitMaterializedSRF(fcinfo, 0);
    guard::flush_latencies();
    if (guard::shared_or_notice()) guard::put_queries(reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo));
    return Datum{0};
}

PG_FUNCTION_INFO_V1(rlsproof_guard_routes);
Datum rlsproof_guard_routes(PG_FUNCTION_ARGS) {
    InitMaterializedSRF(fcinfo, 0);
    guard::flush_latencies();
    if (guard::shared_or_notice()) guard::put_routes(reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo));
    return Datum{0};
}

} // extern "C"
