#include "server/guard/workers.hpp"

#include "server/compat.hpp"

extern "C" {
#include "access/parallel.h"
#include "port/atomics.h"
#include "storage/proc.h"
#include "storage/shmem.h"
}

namespace rlsproof::server::guard {

namespace {

// One number for each backend. A backend that takes over another's place goes on from its number.
pg_atomic_uint64 *rows = nullptr;

int places() {
    return MaxBackends + 1;
}

pg_atomic_uint64 *place(int backend) {
    return rows != nullptr && backend >= 0 && backend < places() ? &rows[backend] : nullptr;
}

} // namespace

Size workers_size() {
    return MAXALIGN(mul_size(static_cast<Size>(places()), sizeof(pg_atomic_uint64)));
}

void attach_workers(void *memory, bool fresh) {
    rows = static_cast<pg_atomic_uint64 *>(memory);
    for (int i = 0; fresh && i < places(); ++i) pg_atomic_init_u64(&rows[i], 0);
}

void add_for_leader(int64 count) {
    pg_atomic_uint64 *const leader = place(compat::leader_number());
    if (leader != nullptr && count > 0) pg_atomic_fetch_add_u64(leader, count);
}

int64 read_by_workers() {
    pg_atomic_uint64 *const own = place(compat::backend_number());
    return own != nullptr ? static_cast<int64>(pg_atomic_read_u64(own)) : 0;
}

} // namespace rlsproof::server::guard
