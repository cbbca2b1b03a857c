// Differences between the server's majors. The only file with PG_VERSION_NUM; it refuses majors that nobody tried.
#pragma once

#include "server/postgres.hpp"

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "rlsproof is built and tested for PostgreSQL 15 to 18"
#endif
