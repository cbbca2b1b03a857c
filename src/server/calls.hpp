// EXECUTE cells: what calling a function gives somebody that they have not got anyway. Whose rights it runs with, what
// its body touches past the caller's own reach, and, where a rollback undoes all that it does, what calls of it showed
// or changed.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/cell.hpp"
#include "model/expectation.hpp"
#include "model/world.hpp"

#include "server/awake.hpp"
#include "server/bodies.hpp"
#include "server/call_arguments.hpp"
#include "server/probe.hpp"
#include "server/refusals.hpp"
#include "server/run_texts.hpp"
#include "server/stage.hpp"

namespace rlsproof::server {

// What a cell says of a function that refused whatever was tried.
constexpr std::string_view kTurnedAway = "turned away every call";

class Calls {
public:
    // Without a stage nothing is called, for the reason given; where not even the persona could be assumed, privileges
    // alone are asked. REQUIRES: else the persona is assumed in the subtransaction around; `superuser` is who set the
    // stage.
    Calls(const World &world, Bodies &bodies, Triggers &triggers, const Hints &hints, Stage *stage,
          std::string why_no_stage, bool as_persona, const Persona &persona, const std::vector<Row> &own, Oid superuser,
          int security);

    Cell examine(const Function &function, const Expectation *expectation);

    // What a call that is tried shows or changes of other people's rows in these tables; empty where nothing.
    struct Shown {
        std::string seen, statement;
        int calls = 0;
        std::vector<std::string> tables = {}; // whose rows were shown
    };
    Shown shown_by(const Function &function, const std::set<Oid> &tables);
    // The same of a call for itself, about a row of its own; what is `told` already is no news.
    Shown shown_of(const Function &function, const std::set<Oid> &tables, const Row &row,
                   const std::set<std::string> &told);
    // Of these tables the ones of whose rows a text tells what is out of reach. REQUIRES: it was asked for the tables
    // before anything was written.
    std::vector<std::string> told_of(const std::string &text, const std::set<Oid> &tables,
                                     const std::set<std::string> &told);
    // The same of what a view shows.
    Shown shown_in(const Relation &view, const std::set<Oid> &tables, const std::set<std::string> &told);

private:
    // A relation that the function touches and its caller could not, and how.
    struct Gain {
        const Relation *relation;
        bool written;
    };
    // What became of the calls that were made.
    struct Tried {
        int calls = 0, answered = 0;
        std::string failure;            // SQLSTATE and message of the last that failed
        bool broken = false;            // it failed on its own body, not on what it was given
        int straight = 0;               // calls that did, with no other way to go than to where they failed
        bool tells = false;             // it answers about somebody what it does not answer about nobody
        int unexplained = 0;            // answers that say something, and not of whom
        std::vector<Refusal> refused;   // calls that the function itself turned away
        std::vector<Refusal> failed;    // calls without an account that something else stopped
        std::string seen;               // what a call showed or changed of other people's rows; empty where nothing
        bool rows = false;              // and that was rows, not something about them
        bool in_tables = false;         // and it is known in which tables
        std::vector<std::string> shown; // of those, the ones whose rows it answered
        bool personal = true;           // and it says whose they are there, or holds what is nobody else's business
        std::string told; // what a call showed or changed that named a word which nobody is shown, and the word
        std::string word;
        std::string gate; // what whoever does not know the word is told, and whoever does gets by, where all calls fail
        std::string doubt; // what a call did while triggers rested, and what they say of it; empty where nothing
        Observation observation;
    };

    // Rows of other people as the made ones are not: statements by table, and what they left.
    struct Circumstances {
        std::vector<std::pair<Oid, std::string>> statements;
        std::map<Oid, std::vector<std::string>> left; // tids

        std::string all() const;
    };

    std::vector<Gain> gains(const Function &function);
    std::vector<Gain> gains_in(const Function &function, const std::set<Oid> &tables);
    // What a body asks to be NULL, and no made row has so; and plenty of what it weighs.
    std::vector<Circumstances> other_circumstances(const Function &function, const Body &body) const;
    static void raise(const TableShape &table, const Body &body, const std::string &tids, Circumstances &plenty);
    void come_about();
    bool has_changed(Oid table) const;
    bool sees_all(const Relation &relation);
    bool is_nobodys(const Relation &relation) const;
    std::string why_not_called(const Body &body) const;
    Tried call_it(const Function &function, const Body &body, const std::vector<Gain> &gains,
                  const std::vector<Arguments> &choices);
    // What a call that was just made did to rows of other people, in words; empty where nothing.
    std::string done(const Function &function, const std::vector<Gain> &gains) const;
    // What triggers say of a call that did something while they rested; empty where they let it pass.
    std::string objection(const Function &function, const std::string &statement, const std::vector<Gain> &gains);
    bool make_call(const Function &function, const Arguments &arguments, const std::vector<Gain> &gains,
                   const std::set<std::string> &told, Tried &tried);
    // The same of a call with words that are told to some: what others reach without them counts.
    std::string turned_away_without(const Function &function, const Arguments &arguments,
                                    const std::vector<Gain> &gains, const std::set<std::string> &told,
                                    const Refusal &knowing);
    bool make_told_call(const Function &function, const Arguments &arguments, const std::vector<Gain> &gains,
                        const std::set<std::string> &told, Tried &tried);
    // Whether the caller is shown the column in some row of other people, in whatever way.
    bool is_shown(const Column &column);
    static std::string answer(const std::string &statement, std::vector<std::string> *results);
    // Whether it answers about the row of somebody what it does not answer about nobody.
    bool tells(const Function &function, const Arguments &arguments, const std::string &text) const;
    // Whether it tells its caller of somebody else what it tells of the caller where nobody is named.
    bool tells_of_another(const Function &function, const Arguments &arguments, const std::string &text) const;
    void decide(Cell &cell, const Function &function, const std::vector<Gain> &gains);
    // What came of calls of a function that runs texts which its arguments go into.
    struct Text {
        std::string power; // that the caller has by it; empty where none was seen
        std::string reason;
        bool rows = false;       // it is the power over all rows
        std::string turned_away; // what every call was told; empty where one got further
        Observation observation;
    };
    Text try_texts(const Function &function, const Body &body, const RunTexts &texts);
    bool are_harmless(const RunTexts &texts, const std::string &given);
    bool runs_sql(const Function &function, const RunTexts &texts, Text &found);
    bool runs_on_tables(const Function &function, const RunTexts &texts, Text &found);
    // True where that decides the cell.
    bool decide_by_texts(Cell &cell, const Function &function, const Body &body);
    bool helps_policies(const Function &function) const;
    // Whether a call tells what only the server's settings know, or its vault. True where that decides the cell.
    bool tells_key(const Function &function, Cell &cell);
    bool tells_secret(const Function &function, const Body &body, Cell &cell);
    // Whether all that any of the calls does to rows of other people is to count; what is counted. Whether all that it
    // can do is to put rows into a box that nobody sees into.
    std::string counted(const Function &function, const std::vector<Gain> &gains,
                        const std::vector<Arguments> &choices);
    bool only_drops(const Function &function, const Body &body, const std::vector<Gain> &gains) const;

    // Whether an answer says nothing, or something of the caller or of rows within reach.
    bool explained(const std::string &answer, bool rows, const std::vector<Gain> &gains);
    // Of these tables the ones of which a text says what nobody was told.
    std::vector<const Relation *> shown_in_text(const std::string &text, const std::vector<const Relation *> &bases,
                                                const std::set<std::string> &told);
    static std::vector<std::string> names_of(const std::vector<const Relation *> &relations);
    // What only rows out of the persona's reach hold, by the relation they are in.
    const std::map<std::string, std::string> &hidden(const Relation &relation);
    std::vector<const Relation *> bases_of(const Relation &relation) const;

    const World &world_;
    Bodies &bodies_;
    Triggers &triggers_;
    const Hints &hints_;
    Stage *stage_;
    std::string why_no_stage_;
    bool as_persona_;
    const Persona &persona_;
    const std::vector<Row> &own_;
    Oid superuser_;
    int security_;
    Circumstances now_; // that a call is made in
    std::map<unsigned, bool> sees_all_;
    std::map<Column, bool> is_shown_;
    std::map<unsigned, std::map<std::string, std::string>> hidden_; // value → relation
    std::map<unsigned, std::set<std::string>> within_;              // values of rows within reach
};

} // namespace rlsproof::server
