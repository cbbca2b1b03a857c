// The execution layer: one statement really run as the persona, and what it saw or changed of other people's rows.
// Every probe is rolled back.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/world.hpp"

#include "server/rewrite.hpp"
#include "server/spi.hpp"
#include "server/stage.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

struct Heard;

struct Observation {
    Outcome outcome;
    std::string statement;            // as it was run, fit to be pasted
    std::string made;                 // the statement that puts in the row it needs; empty where that is there
    std::vector<const Row *> foreign; // rows of other people that were seen or changed
    std::vector<const Row *> own;     // the same of rows of its own
    long total = 0;                   // rows the statement returned or changed, as far as it can be told
    bool identified = true;           // the rows are known one by one, not by their number alone
};

// A new row that no policy lets in; any other refusal is for want of a privilege.
bool refused_by_policy(const Outcome &outcome);

// How many rows a predicate holds for.
struct Count {
    Outcome outcome;
    long inside = 0, outside = 0; // as the persona
    long rightful = 0;            // past all policies
};

// A row that somebody tried to put in.
struct Entry {
    Outcome outcome;
    bool in_scope = false;
    std::string statement;
};

class Probe {
public:
    // REQUIRES: the persona is assumed in the subtransaction around; `superuser` is who set the stage. `own` lives
    // longer.
    Probe(const Stage &stage, const Relation &relation, const std::vector<Row> &own, Oid superuser, int security,
          Part part = {})
        : stage_(stage), relation_(relation), everything_own_(own), superuser_(superuser), security_(security) {
        const auto counts = [&](const Row &row) { return row.table == relation.id && part.holds(row.values); };
        for (const Row &row : own)
            if (counts(row)) own_.push_back(&row);
        // A row that was there before may be the persona's own.
        for (const Row &row : stage.rows(relation.id))
            if (counts(row) && std::none_of(own_.begin(), own_.end(), [&](const Row *mine) {
                    return mine->tid == row.tid && mine->stored_in == row.stored_in;
                }))
                foreign_.push_back(&row);
    }

    // From now on writes are done with all triggers awake, and what comes of them is kept in `heard`.
    void wake_triggers(Heard &heard) { heard_ = &heard; }

    // Rows of other people, and of its own, that could be reached.
    const std::vector<const Row *> &foreign() const { return foreign_; }
    const std::vector<const Row *> &own() const { return own_; }

    Observation select();
    // Both forms: one that reads the columns it writes, and one that reads nothing. With `many` rows only the first.
    Observation update(bool many);
    // One that finds the rows by reading, or, `blind`, one that reads nothing.
    Observation remove(bool blind);
    // The same through a view, whose rows cannot be told apart: what is changed once the own rows are gone.
    Observation update_view();
    Observation remove_view();
    // A row that belongs to somebody else, or to nobody; the values are tried one set after the other. Where none of
    // those that may be given says whose it is, one that names `uid` by its defaults is not somebody else's.
    Observation insert(const std::vector<Values> &candidates, const std::string &uid = "");

    // The same through a view. REQUIRES: candidates of the table the view writes to.
    Observation insert_view(const std::vector<Values> &candidates, const std::vector<ViewColumn> &columns);

    // How many rows a view shows to whom no policy binds.
    long shown_at_all() const;

    Count count(const std::string &predicate);
    // Tries each of these rows, whoever it belongs to, and says whether it would be in scope.
    std::vector<Entry> enter_rows(const std::vector<Values> &candidates, const std::string &predicate);
    // Sets one column of the rows that may be changed; rows that are then out of scope, and the statement that did it.
    Entry move_rows(const ColumnShape &column, const Candidate &value, const std::string &predicate);

    // Makes a row and changes it, and any other that may be changed; whether some are out of reach then, and what did
    // it.
    Entry give_away(const std::string &made, const std::string &which, const std::string &set);

    // Of these rows, the ones a predicate holds for, with the persona's settings but past all policies.
    std::vector<const Row *> in_scope(const std::string &predicate);

    // Rows of other people that are gone or are not what they were: for a statement that names no table.
    std::vector<const Row *> foreign_changed() const;

    // Whether the statement puts in rows that name nobody.
    bool enters_nobody(const std::string &statement);

    // Whether this subtransaction has put in a row that names people, and not this one. REQUIRES: in a subtransaction.
    bool entered_for_others(const std::string &uid) const;
    // The same of a row that hangs on nothing of this one's own, either.
    bool entered_for_others_alone(const std::string &uid) const;

    // Whether a predicate holds for the row, with the persona's settings but past all policies.
    bool holds(const Row &row, const std::string &predicate) const;

    // The values of a row as JSON, past all policies.
    std::string as_json(const Row &row);

private:
    std::string tids() const;
    std::string people() const;
    bool entered(const std::string &condition) const;
    bool entered_in_its_name(const std::string &uid) const;
    bool says_whose(const TableShape &shape, const Values &values) const;
    static Observation left_alone(const std::string &statement);
    long run(const std::string &statement);
    void hear(const Outcome &outcome);
    using Left = std::vector<std::pair<const ColumnShape *, std::string>>; // columns with literals
    bool stays(const Left &values) const;
    Left whose(const Values &values) const;
    long out_of_scope(const std::string &predicate) const;
    void identify(const Rows &seen, Observation &observation) const;
    void identify_changed(Observation &observation) const;
    void without_own_rows() const;
    Observation change_unseen(const std::string &statement);
    Observation change(const std::string &statement, bool identify, const Left &values = {});
    Observation change_with_room(const std::string &statement, const TableShape &shape, const Values &candidate,
                                 const std::string &constraint);
    struct Writable {
        int number;
        std::string name;
        bool readable;
    };
    std::vector<Writable> updatable() const;
    Observation update_awake(const std::vector<Writable> &columns);
    std::vector<std::string> literals(int number) const;

    const Stage &stage_;
    const Relation &relation_;
    std::vector<const Row *> foreign_;
    std::vector<const Row *> own_;
    const std::vector<Row> &everything_own_; // in other tables as well
    Oid superuser_;
    int security_;
    std::string default_names_; // whose name makes a new row its own, where no value that was given says whose it is
    Heard *heard_ = nullptr;    // where triggers are awake
};

} // namespace rlsproof::server
