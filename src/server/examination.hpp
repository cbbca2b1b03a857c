// What one persona reaches: every cell of one, by privilege, predicate and execution in turn.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/finding.hpp"
#include "model/cell.hpp"
#include "model/expectation.hpp"
#include "model/world.hpp"
#include "prove/question.hpp"

#include "server/awake.hpp"
#include "server/bodies.hpp"
#include "server/declared.hpp"
#include "server/hints.hpp"
#include "server/probe.hpp"
#include "server/rewrite.hpp"
#include "server/sign_up.hpp"
#include "server/stage.hpp"
#include "server/subtransaction.hpp"
#include "server/verify.hpp"

namespace rlsproof::server {

// What the persona's effective policies say before any row is looked at.
struct Predicate {
    Outcome outcome;
    Truth rows = Truth::always;   // which rows that are there can pass
    Truth checks = Truth::always; // which new rows can pass
    bool bound = false;           // policies apply
    bool filtered = false;        // a view shows less than all of it
};

class Examination {
public:
    Examination(const World &world, const Declared &declared, Bodies &bodies, const Hints &hints, Triggers &triggers,
                Stage &stage, const std::string &why_no_stage)
        : world_(world), declared_(declared), bodies_(bodies), hints_(hints), triggers_(triggers), parts_(stage),
          stage_(why_no_stage.empty() ? &stage : nullptr), why_no_stage_(why_no_stage) {
        GetUserIdAndSecContext(&user_, &security_);
    }

    // REQUIRES: a subtransaction around it, in which the persona is not assumed yet.
    void persona(const Persona &persona, const Selection &selection, std::vector<Cell> &cells,
                 std::vector<Finding> &findings);

    // Of somebody who has signed up as that: what a write of its own opens. Adds what the findings do not say yet.
    // REQUIRES: the same.
    void as_kind(const Persona &persona, const Kind &kind, const Selection &selection, std::vector<Cell> &cells,
                 std::vector<Finding> &findings);

private:
    void tell_kind(const Persona &persona, const Kind &kind, const std::vector<Cell> &cells,
                   std::vector<Finding> &findings);
    Cell blank(const Persona &persona, const std::string &object, Command command) const;
    Cell examine(const Persona &persona, const Relation &relation, const Part &part, Command command);
    Cell examined(const Persona &persona, const Relation &relation, const Part &part, Command command);
    void functions(const Persona &persona, const Selection &selection, std::vector<Cell> &cells);
    std::string failure(const Outcome &outcome, const Persona &persona, const Relation &relation, Command command);
    void rows_decide(Cell &cell, const Persona &persona, const Relation &relation, const Part &part,
                     const Predicate &predicate, Heard *heard = nullptr);
    bool hear_triggers(Cell &cell, const Cell &before, const Persona &persona, const Relation &relation,
                       const Part &part, const Predicate &predicate);
    bool is_of_made_row(const Relation &relation, const std::string &message) const;
    Predicate predicate(const Relation &relation, Command command, const Persona &persona, bool with_rules = false);
    std::vector<std::pair<std::string, Part>> objects_of(const Relation &relation) const;

    const World &world_;
    const Declared &declared_;
    Bodies &bodies_;
    const Hints &hints_;
    Triggers &triggers_;
    const Stage &parts_; // says which buckets there are, also where nothing is executed
    Stage *stage_;
    std::string why_no_stage_;
    std::string why_not_assumed_; // without the persona there is the privilege layer alone
    std::vector<Row> own_;
    Oid user_ = InvalidOid;
    int security_ = 0;
};

} // namespace rlsproof::server
