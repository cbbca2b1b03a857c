// What the server sees of the module: the magic block and what runs at load time.
#include "server/boundary.hpp"
#include "server/compat.hpp"
#include "server/environment.hpp"
#include "server/guard/event.hpp"
#include "server/guard/hooks.hpp"
#include "server/guard/settings.hpp"
#include "server/settings.hpp"

extern "C" {
#include "utils/guc.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);
}

// Runs once per session, or once per server where the module is preloaded.
void _PG_init(void) {
    using namespace rlsproof::server;
    define_environment_settings();
    guard::define_settings();
    define_solver_settings();
    MarkGUCPrefixReserved("rlsproof");
    guard::prepare_shared_memory();
    guard::install_hooks();
}
