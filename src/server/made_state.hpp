// A state the solver found, made real inside a subtransaction that is rolled back: its rows, and what they refer to.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "model/world.hpp"
#include "prove/prover.hpp"

#include "server/rows.hpp"
#include "server/schema.hpp"
#include "server/tables.hpp"

namespace rlsproof::server {

class MadeState {
public:
    MadeState(const Schema &schema, const prove::Question &question, const prove::Reply &reply, const Tables &tables)
        : schema_(schema), question_(question), reply_(reply), tables_(tables), maker_(tables) {}

    // Puts the rows in that are there; the others of the tables it speaks of are gone. False with the reason in
    // why_not. REQUIRES: a subtransaction that will be rolled back, in which nobody is assumed.
    bool put_in();
    // What a row refers to, in tables that the question does not speak of as well.
    bool parents_of(const TableShape &shape, const Values &values) { return parents_of(shape, values, 0); }

    // What the solver says of a row; a whole row of it, with the keys it says or with new ones.
    Values wanted(const prove::ModelRow &row) const;
    Values whole(const TableShape &shape, const prove::ModelRow &row, bool new_keys = false);

    // A row of the solver's, once it is put in; nullptr where it was not there.
    const Row *made(int table, int number) const {
        const auto found = made_.find({table, number});
        return found == made_.end() ? nullptr : &found->second;
    }
    // The row the question is about, once it is put in.
    const Row &subject() const { return subject_; }
    const std::string &why_not() const { return why_not_; }

    // As JSON: rows, and a script that makes them and runs the statement as the persona.
    std::string witness(const Persona &persona, const std::set<std::string> &unset_as_empty,
                        const std::string &statement) const;

private:
    bool put_in(const prove::ModelRow &row);
    bool parents_of(const TableShape &shape, const Values &values, int depth);
    Values ties_of(const TableShape &shape, const Values &values) const;
    Candidate candidate(const expr::Type &type, const prove::ModelValue &value) const;
    bool no(const std::string &why) {
        if (why_not_.empty()) why_not_ = why;
        return false;
    }

    const Schema &schema_;
    const prove::Question &question_;
    const prove::Reply &reply_;
    const Tables &tables_;
    Maker maker_;
    std::vector<std::pair<const TableShape *, Values>> put_in_; // the solver's rows
    std::map<Oid, Values> parents_;                             // rows that are only there to be referred to
    std::map<std::pair<int, int>, Row> made_;                   // the same, by table and number
    Row subject_{InvalidOid, InvalidOid, "", {}, false};
    std::vector<std::string> cleared_; // what put rows out of the way
    std::vector<std::string> script_;  // what put rows in
    std::string why_not_;
};

} // namespace rlsproof::server
