// The execution layer: one statement really run as the persona, and what it saw or changed of other people's rows.
// Every probe is rolled back.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/world.hpp"

#include "server/spi.hpp"
#include "server/stage.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

struct Observation {
    Outcome outcome;
    std::string statement;            // as it was run, fit to be pasted
    std::vector<const Row *> foreign; // rows of other people that were seen or changed
    std::vector<const Row *> own;     // the same of rows of its own
    long total = 0;                   // rows the statement returned or changed, as far as it can be told
    bool identified = true;           // the rows are known one by one, not by their number alone
};

class Probe {
public:
    // REQUIRES: the persona is assumed in the subtransaction around; `superuser` is who set the stage.
    Probe(const Stage &stage, const Relation &relation, const std::vector<Row> &own, Oid superuser, int security)
        : stage_(stage), relation_(relation), own_(own), superuser_(superuser), security_(security) {}

    Observation select();
    // Both forms: one that reads nothing, one that reads the columns it needs to find the rows.
    Observation update(bool blind);
    Observation remove(bool blind);
    // A row that belongs to somebody else, or to nobody; the values are tried one set after the other.
    Observation insert(const std::vector<Values> &candidates);

    // Of these rows, the ones a predicate holds for, with the persona's settings but past all policies.
    std::vector<const Row *> in_scope(const std::string &predicate);

    // The values of a row as JSON, past all policies.
    std::string as_json(const Row &row);

private:
    std::string tids() const;
    void identify(const Rows &seen, Observation &observation) const;
    void identify_changed(Observation &observation) const;
    Observation change(const std::string &statement, bool identify);
    std::optional<std::string> updatable(bool readable) const;

    const Stage &stage_;
    const Relation &relation_;
    const std::vector<Row> &own_;
    Oid superuser_;
    int security_;
};

} // namespace rlsproof::server
