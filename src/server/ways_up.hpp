// Two-step holes: one write of its own to a table that decides about others, and what becomes visible by it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/finding.hpp"
#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/awake.hpp"
#include "server/stage.hpp"

namespace rlsproof::server {

class WaysUp {
public:
    // REQUIRES: the persona is assumed in the subtransaction around; `superuser` is who set the stage.
    WaysUp(const World &world, Triggers &triggers, Stage &stage, const Persona &persona, const std::vector<Row> &own,
           Oid superuser, int security)
        : world_(world), triggers_(triggers), stage_(stage), persona_(persona), own_(own), user_(superuser),
          security_(security) {}

    // Adds a finding for each way up, and makes the cell of the write that opens it say so.
    void look(std::vector<Cell> &cells, std::vector<Finding> &findings);

private:
    using Seen = std::set<std::pair<Oid, std::string>>;

    bool gave_up();
    const std::vector<std::string> &words();
    Seen foreign_seen(const std::set<Oid> &tables);
    // The tables that show more of other people's rows than before, of those that are asked.
    std::vector<std::string> gained(const Relation &relation, const std::set<Oid> &asked);
    void try_promotion(const Relation &relation);
    void try_joining(const Relation &relation);
    // Whether the triggers let the write through that the policies let through; `kept` finds what it leaves, and
    // with `gains` rows of other people in one of them have to be seen after it.
    bool stands(const Relation &relation, Command command, const std::string &statement, const std::string &kept,
                const std::set<Oid> *gains);
    // Whether a write is the right of whoever owns what the written rows hang on: with another owner it changes
    // nothing.
    bool is_of_its_owner(const Relation &relation, const std::string &statement);
    // What somebody might do but for its triggers is not known to be stopped.
    void doubt(const Relation &relation, Command command);
    void accuse(const std::string &rule, const Relation &relation, Command command, const std::string &statement,
                const std::string &column, const std::vector<std::string> &gain);

    const World &world_;
    Triggers &triggers_;
    Stage &stage_;
    const Persona &persona_;
    const std::vector<Row> &own_;
    std::map<Oid, Seen> seen_before_;         // by deciding table: what its dependents showed before anything was tried
    std::map<Oid, std::set<Oid>> dependents_; // of a deciding table: the tables that policies show by it
    std::vector<std::string> words_;
    int left_ = 0;      // looks at a table, until it has to do
    std::string doubt_; // what triggers said of the writes to the table at hand
    std::vector<Cell> *cells_ = nullptr;
    std::vector<Finding> *findings_ = nullptr;
    Oid user_ = InvalidOid;
    int security_ = 0;
};

} // namespace rlsproof::server
