// What the server sees of the module: the magic block and the two lines it runs at load time.
#include "server/boundary.hpp"
#include "server/compat.hpp"
#include "server/settings.hpp"

extern "C" {
PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);
}

// Runs once per session, or once per server where the module is preloaded.
void _PG_init(void) {
    rlsproof::server::define_settings();
}
