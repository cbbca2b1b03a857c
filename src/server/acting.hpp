// A made state acted upon as the persona: what a replay consists of, whatever it is to show.
#pragma once

#include <functional>
#include <set>
#include <string>

#include <fmt/format.h>

#include "prove/prover.hpp"

#include "server/cell_question.hpp"
#include "server/made_state.hpp"
#include "server/replay.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/tables.hpp"

namespace rlsproof::server {

class Acting {
protected:
    Acting(const CellToProve &cell, const CellQuestion &made, const prove::Reply &reply, const Tables &tables)
        : cell_(cell), made_(made), reply_(reply), tables_(tables), state_(made.schema, made.question, reply, tables) {
        GetUserIdAndSecContext(&user_, &security_);
    }

    // Puts the state in, makes ready as nobody in particular, acts as the persona, and undoes it all.
    Replayed acted(const std::set<std::string> &unset_as_empty, const std::function<bool()> &make_ready,
                   const std::function<bool()> &act);

    // Past all policies, with the persona's settings: whether such a row of the cell's relation is there, or in scope.
    bool there(const std::string &where) const;
    bool in_scope(const std::string &where);
    // What the persona may write of a row.
    Values writable(const Relation &relation, const Values &values, const char *privilege) const;
    bool as_persona(const std::string &statement, long *count);
    bool no(const std::string &why) {
        if (result_.why_not.empty()) result_.why_not = why;
        return false;
    }
    // The row the question is about.
    std::string here() const {
        return fmt::format("ctid = {}::tid and tableoid = {}", quote_literal(state_.subject().tid),
                           state_.subject().stored_in);
    }

    const CellToProve &cell_;
    const CellQuestion &made_;
    const prove::Reply &reply_;
    const Tables &tables_;
    MadeState state_;
    Oid user_ = InvalidOid;
    int security_ = 0;
    bool scoping_ = false; // the scope is being evaluated
    Outcome outcome_;
    Replayed result_;
};

} // namespace rlsproof::server
