// The server's headers that every file of this room needs, in the extern "C" block they have to be in. Included after
// the core's headers; a file that needs more opens a block of its own below this include.
#pragma once

extern "C" {
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
}

// The server's gettext macro clashes with C++ libraries that use the name.
#undef _

// Of a variable of ours: nobody outside has it, so it is where it is, and not looked up in a table first. Every
// statement asks for a few.
#define RLSPROOF_OURS __attribute__((visibility("hidden")))
