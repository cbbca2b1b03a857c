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

#include "server/stage.hpp"

namespace rlsproof::server {

class WaysUp {
public:
    // REQUIRES: the persona is assumed in the subtransaction around; `superuser` is who set the stage.
    WaysUp(const World &world, Stage &stage, const Persona &persona, const std::vector<Row> &own, Oid superuser,
           int security)
        : world_(world), stage_(stage), persona_(persona), own_(own), user_(superuser), security_(security) {}

    // Adds a finding for each way up, and makes the cell of the write that opens it say so.
    void look(std::vector<Cell> &cells, std::vector<Finding> &findings);

private:
    using Seen = std::set<std::pair<Oid, std::string>>;

    Seen foreign_seen(const std::set<Oid> &tables);
    std::vector<std::string> gained(const Relation &relation);
    void try_promotion(const Relation &relation);
    void try_joining(const Relation &relation);
    void accuse(const std::string &rule, const Relation &relation, Command command, const std::string &statement,
                const std::string &column, const std::vector<std::string> &gain);

    const World &world_;
    Stage &stage_;
    const Persona &persona_;
    const std::vector<Row> &own_;
    std::map<Oid, Seen> seen_before_; // by deciding table: what its dependents showed before anything was tried
    std::vector<Cell> *cells_ = nullptr;
    std::vector<Finding> *findings_ = nullptr;
    Oid user_ = InvalidOid;
    int security_ = 0;
};

} // namespace rlsproof::server
