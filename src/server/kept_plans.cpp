#include "model/world.hpp"

#include "server/kept_plans.hpp"

#include <functional>
#include <optional>
#include <random>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/bodies.hpp"
#include "server/spi.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/namespace.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/plancache.h"
}

namespace rlsproof::server {

namespace {

// Of thousands of tables plans are thrown out before they come round again, and the memory is needed elsewhere.
constexpr size_t kMostTables = 600;
constexpr size_t kMostBytes = 48 << 20; // that plans take
constexpr size_t kMostHeard = 65536;    // statements that are counted
constexpr int kOften = 4;               // times that a statement has come, to be worth a plan that is kept

struct Kept {
    std::string key;
    SPIPlanPtr plan;
    size_t bytes; // when it was last asked for: it grows as it is run
};

struct Store {
    std::vector<Kept> plans;
    size_t bytes = 0; // of them all
    std::unordered_map<std::string, size_t> places;
    std::unordered_map<size_t, int> heard; // times, by hash: two that are taken for one cost a plan too many
    std::minstd_rand any;
};

std::optional<Store> store;
int running = 0;

// A function that says of itself that it is IMMUTABLE, and looks at rows or at who is calling all the same: the server
// asks it when it plans, and a plan that is kept keeps the answer.
bool any_false_constant(Bodies &bodies) {
    const Rows found = query(R"(
select p.oid from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
where p.provolatile = 'i' and p.oid >= $1::oid and l.lanname not in ('c', 'internal') order by p.oid)",
                             {std::to_string(FirstNormalObjectId)});
    for (size_t i = 0; i < found.size(); i++) {
        const Body &body = bodies.of(found.oid(i, 0));
        if (!body.known || !body.relations.empty() || !body.settings.empty() || body.asks_who) return true;
    }
    return false;
}

// Of a text of several statements each is planned when those before it have run.
bool is_one_query(const std::string &sql) {
    const bool query = sql.starts_with("select ") || sql.starts_with("insert ") || sql.starts_with("update ") ||
                       sql.starts_with("delete ");
    return query && sql.find(';') == sql.npos;
}

SPIPlanPtr prepare(const char *sql) {
    SPI_connect();
    SPIPlanPtr plan = SPI_prepare(sql, 0, nullptr);
    if (plan == nullptr) elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
    if (SPI_keepplan(plan) != 0) elog(ERROR, "SPI_keepplan failed");
    SPI_finish();
    return plan;
}

size_t bytes_of(SPIPlanPtr plan) {
    const auto *source = (const CachedPlanSource *)linitial(SPI_plan_get_plan_sources(plan));
    return MemoryContextMemAllocated(source->context, true) +
           (source->gplan != nullptr ? MemoryContextMemAllocated(source->gplan->context, true) : 0);
}

// Any of them: statements come round in the same order, and what was used longest ago is what comes next.
void forget_one() {
    const size_t place = store->any() % store->plans.size();
    std::swap(store->plans[place], store->plans.back());
    store->places[store->plans[place].key] = place;
    const Kept &gone = store->plans.back();
    SPI_freeplan(gone.plan);
    store->bytes -= gone.bytes;
    store->places.erase(gone.key);
    store->plans.pop_back();
}

// What names mean, and what policies there are, goes by the path and by the user.
std::string key_of(const std::string &sql) {
    return std::to_string(GetUserId()) + ' ' + namespace_search_path + '\n' + sql;
}

} // namespace

KeptPlans::Running::Running() {
    running++;
}

KeptPlans::Running::~Running() {
    running--;
}

KeptPlans::KeptPlans(const World &world, Bodies &bodies) {
    if (store || world.relations.size() > kMostTables || any_false_constant(bodies)) return;
    store.emplace();
    mine_ = true;
}

KeptPlans::~KeptPlans() {
    if (!mine_) return;
    for (const Kept &kept : store->plans) SPI_freeplan(kept.plan);
    store.reset();
}

_SPI_plan *KeptPlans::find(const std::string &sql) {
    if (!store || running > 0 || !is_one_query(sql)) return nullptr;
    const std::string key = key_of(sql);
    if (const auto place = store->places.find(key); place != store->places.end()) {
        Kept &kept = store->plans[place->second];
        store->bytes -= kept.bytes;
        kept.bytes = bytes_of(kept.plan);
        store->bytes += kept.bytes;
        return kept.plan;
    }
    if (store->heard.size() >= kMostHeard) store->heard.clear();
    if (++store->heard[std::hash<std::string>{}(key)] < kOften) return nullptr;
    while (store->bytes > kMostBytes) forget_one();
    SPIPlanPtr plan = call(prepare, sql.c_str());
    store->places.emplace(key, store->plans.size());
    store->plans.push_back({key, plan, bytes_of(plan)});
    store->bytes += store->plans.back().bytes;
    return plan;
}

} // namespace rlsproof::server
