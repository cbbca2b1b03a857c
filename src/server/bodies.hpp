// What a function's body touches: the relations it names, the functions it calls, and whether it looks at who is
// calling. SQL and PL/pgSQL bodies are read; any other language, and SQL built at run time, is unknown with that as the
// reason.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/boundary.hpp"

namespace rlsproof::server {

struct Body {
    std::vector<std::pair<Oid, bool>> relations; // with "is written"; each once, in order of the OIDs
    std::set<std::string> column_names;          // that it mentions
    std::vector<std::pair<std::string, std::optional<std::string>>> compared; // column names with constants
    std::set<std::pair<std::string, std::string>> flags; // booleans that have to be so, each beside other conditions
    std::set<std::string> given;                         // columns that have to be there, whatever they hold
    std::map<std::string, std::string> settings; // that it reads by a constant name, and the type it casts them to
    std::set<Oid> inserted;                      // relations that rows are put into
    bool asks_who = false;
    bool known = true;
    std::string unknown_reason;
    std::string missing; // something it names that is not there; empty where there is all
    bool builds = false; // it makes texts and runs them as SQL
    std::string beside;  // of what does so: what is harm beside that
    std::string harm;    // why calling it may do what no rollback undoes; empty where nothing can

    void harms(const std::string &reason) {
        if (harm.empty()) harm = reason;
    }
    void is_unknown(const std::string &reason) {
        if (known) unknown_reason = reason;
        known = false;
    }
    // Some of it fails when it runs, and which part is not known: what it does before that may be all there is to see.
    void misses(const std::string &what) {
        if (missing.empty()) missing = what;
        is_unknown(what);
    }
    // Nothing is known of it, so it may do harm as well.
    void forget(const std::string &reason) {
        is_unknown(reason);
        harms(reason);
    }
};

// Bodies read so far, each once; calls are followed.
class Bodies {
public:
    const Body &of(Oid function);
    // What an expression or a view touches, given as the catalog keeps its node tree.
    Body of_tree(const std::string &tree);
    // What SQL touches that is run as it stands.
    Body of_text(const std::string &sql);

private:
    Body read(Oid function, int depth);
    void follow(const std::vector<Oid> &calls, Body &body, int depth);
    std::map<Oid, Body> read_;
    std::vector<Oid> reading_;
};

} // namespace rlsproof::server
