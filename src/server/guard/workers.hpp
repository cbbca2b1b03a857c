// What parallel workers read. The server counts rows where they are read, so a leader does not see its workers'
// numbers; they add them up for it here. Without shared memory they are not counted, which guard_status() says.
#pragma once

#include "server/boundary.hpp"

namespace rlsproof::server::guard {

Size workers_size();
void attach_workers(void *memory, bool fresh);

// In a worker, before its statement ends: these rows were read for the leader.
void add_for_leader(int64 rows);

// In a leader: all that its workers ever read. Only differences mean something.
int64 read_by_workers();

} // namespace rlsproof::server::guard
