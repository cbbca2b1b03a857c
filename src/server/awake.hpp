// The triggers a write would meet, and the rules that make something else of it. Probes run while they rest; before
// anybody is accused of a write it is done once more with all of them awake, and what they say then is heard.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/bodies.hpp"
#include "server/hints.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

struct Listener {
    std::string name;     // trigger x on schema.table, or rule
    std::string function; // empty of a rule
    std::string body;     // without comments and constants, in small letters
    bool before;          // or instead
    bool guards;          // looks at who is calling, at what is changed, or at nothing of the row; or cannot be read
    bool may_object;      // may stop a write or change what is written, as far as its body can be read
};

struct Hearing {
    std::vector<Listener> listeners; // that a write wakes
    std::string why_not;             // why they cannot be woken: what they do is not undone by a rollback
    std::string refused_by;          // a trigger that lets none through, whoever it is of, or a rule; or empty
    bool rewritten = false;          // by rules, which rest while triggers do
    bool made_nothing = false;       // of it: rules leave no statement
    bool may_object = false;         // one of them may stop a write or change what is written
};

// What somebody said of a write that the policies let through. Plain values.
struct Objection {
    std::string reason;
    bool guards = false; // the one who said it guards the table, rather than the sense of a row
};

// What triggers made of the writes of a probe.
struct Heard {
    std::vector<Outcome> failures;
    bool put_back = false; // a statement ran and what it wrote is not there
};

class Triggers {
public:
    // Without hints any column that a trigger sets may be one that decides.
    Triggers(const World &world, Bodies &bodies, const Hints *hints) : world_(world), bodies_(bodies), hints_(hints) {}

    const Hearing &of(const Relation &relation, Command command);
    // All that any write to any of these tables wakes: of statements that others chose.
    Hearing of_any(const std::vector<const Relation *> &relations);

private:
    bool sets_what_decides(Oid table, const std::string &body) const;
    void listen(Oid relation, Command command, Hearing &hearing);
    // What rules make of a write; tables that they write besides.
    std::vector<Oid> read_rules(Oid relation, Command command, Hearing &hearing);

    const World &world_;
    Bodies &bodies_;
    const Hints *hints_;
    std::map<std::pair<Oid, Command>, Hearing> known_;
};

// Adds the listeners of another write.
void hear_too(Hearing &hearing, const Hearing &more);

// What the listeners said, the one that guards first; nothing where none of them said anything.
std::vector<Objection> objections(const Hearing &hearing, const Heard &heard);

// Why a rollback would not undo all that a body does; empty where it does.
std::string why_not_undone(const World &world, const Body &body);

// Whether rules make something of a write; with `instead` something else of it. They rest while triggers do.
bool rewritten_by_rules(Oid relation, Command command, bool instead);

// Wakes the triggers until the subtransaction ends. REQUIRES: whoever set the stage is the current user.
void wake();

} // namespace rlsproof::server
