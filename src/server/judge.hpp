// From what a probe saw to a verdict, given what was expected.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/probe.hpp"
#include "server/stage.hpp"

namespace rlsproof::server {

using Scopes = std::map<std::pair<std::string, std::string>, std::string>; // relation, scope → predicate

// A scope is expected: neither nothing nor everything.
bool has_scope(const Cell &cell);

class Judge {
public:
    // REQUIRES: the persona is assumed in the subtransaction around; every scope that a cell expects is in `scopes`.
    Judge(Stage &stage, const std::vector<Row> &own, const Scopes &scopes, const Persona &persona,
          const Relation &relation, Probe &probe)
        : stage_(stage), own_(own), scopes_(scopes), persona_(persona), relation_(relation), probe_(probe) {}

    // A statement that ran, or was refused by a policy. `bound`: policies apply at all.
    void seen(Cell &cell, const Observation &observation, bool bound);
    // Rows put in, against a scope: tries them itself.
    void entries(Cell &cell);
    // Files put into a bucket past its own policy: tries them itself.
    void any_bucket(Cell &cell, const Part &part);

private:
    bool is_handed_in(const TableShape &shape, const Observation &observation);
    void by_scope(Cell &cell, const Observation &observation);
    void by_count(Cell &cell, const Observation &observation, const std::string &predicate);
    void moves(Cell &cell);
    void gifts(Cell &cell);
    // A row that would be the persona's own; what has to be put in before it.
    struct OwnRow {
        Values values;
        std::string parents;
    };
    std::vector<OwnRow> own_rows(const TableShape &shape);
    std::vector<Values> own_like(const TableShape &shape, const Values &like) const;
    // Rows that hang on a row of the persona's own, at most so many tables above.
    std::vector<OwnRow> below_own(const TableShape &shape, const Values &like, int above);
    // What is secret by its name in rows that were shown; empty for nothing.
    std::string secret_shown(const Observation &observation) const;
    bool lists_people() const;
    std::set<std::string> intimate_shown(const Observation &observation) const;
    bool is_of_another_bucket(const Policy &policy, const std::string &object) const;
    std::string policies_in_play(const Cell &cell, const Row *row) const;

    Stage &stage_;
    const std::vector<Row> &own_;
    const Scopes &scopes_;
    const Persona &persona_;
    const Relation &relation_;
    Probe &probe_;
};

} // namespace rlsproof::server
