// What the guard saw, on its way from the verdict to shared memory. Plain values: it crosses frames that jump.
#pragma once

#include "server/guard/rules.hpp"

namespace rlsproof::server::guard {

// The labels of whoever sent the statement: sqlcommenter's tags and the name of the application. Empty where there is
// none. Chosen by the client, so they may select stricter rules and never looser ones.
struct Tags {
    static constexpr int kSize = 64; // with its end; longer ones are cut
    char route[kSize];
    char action[kSize];
    char release[kSize];
    char application[kSize];
};

// What became of a broken rule.
enum class Fate : uint8_t {
    reported, // logged, warned of or refused, as the mode says
    held,     // within the interval in which its shape was reported already
    known,    // in the baseline
    waived,
};

struct Event {
    Rule rule;
    Mode mode;
    Fate fate;
    uint64 fingerprint; // of the normal form, the same on every server
    const char *query;  // the normal form: no constants, no comments
    Oid relation;       // the table it is about; InvalidOid where it is about the statement
    double rows;        // expected or counted; negative where the rule is not about rows
    Tags tags;
};

// Adds to the events in shared memory. Does nothing where the module was not preloaded. Raises nothing.
void record(const Event &event);

// One statement that ran: what guard_queries is made of. Kept in this process and handed over in batches.
struct Execution {
    uint64 shape; // the server's query id
    double milliseconds;
    uint64 rows;
    const char *text; // its source, and where in it the statement lies: as in PlannedStmt
    int location;
    int length;
};
void note_execution(const Execution &execution);

// Asks for shared memory and puts the hooks for it in place; called at load time. Whether there is any is known later.
void prepare_shared_memory();
bool has_shared_memory();

} // namespace rlsproof::server::guard
