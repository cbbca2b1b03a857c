// What an argument of a function stands for, and what it may be given: by what the body compares it with and writes it
// into, and by its name.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/world.hpp"

#include "server/facts.hpp"
#include "server/stage.hpp"

namespace rlsproof::server {

struct Argument {
    std::string name; // empty where it has none
    std::string type;
    Oid type_id;
    char category;
    bool has_default;
    Oid domain;                      // or InvalidOid
    std::vector<std::string> labels; // of an enum
    // Of an array, what it holds; else InvalidOid and nothing.
    Oid element;
    char element_category;
    bool variadic; // the last, which may be an array of them
};

// Whether a type takes the value.
bool fits(const std::string &value, const std::string &type);

class Chooser {
public:
    Chooser(const Function &function, Stage &stage, const std::string &uid, const std::vector<Row> *own,
            const Row *at_hand);

    // The column that says what the argument stands for.
    std::optional<Column> column_of(const Argument &argument, size_t position) const;

    // What the column holds in the row of other people that has this turn.
    Candidate value_of(const Column &column, size_t turn, bool own) const;

    // An array of what the column holds, where one is asked for.
    Candidate value_for(const Argument &argument, const Column &column, size_t turn, bool own) const;

    // Where an argument that may stand for a person takes one from.
    std::optional<Column> person_for(const Argument &argument) const;

    // What the body compares the argument with, and what may be written where it writes it.
    std::vector<std::string> words_for(const Argument &argument, size_t position,
                                       const std::optional<Column> &column) const;

    // The key of a row of its own that the argument may name: of its own tenant.
    Candidate mine_for(const Column &column) const;

    bool is_identity(const Column &column) const { return stage_.hints().identity.contains(column); }

    // The column of the row at hand that holds it: itself, or the one that refers to it.
    std::optional<int> at_hand(const Column &column) const;

    // Whether everybody knows what the column may hold: its constraint or its type names it.
    bool is_one_of_few(const Column &column, const Candidate &value) const;

    // What a row is known by, to everybody who has met it: no word that is told to some.
    bool is_key(const Column &column) const;

    // What no row holds, for an argument that goes into a column that holds each value once.
    Candidate fresh_for(const Argument &argument, size_t position, const Column &column) const;

    // A word that nobody guesses, by its name and its shape: made at random and long, or told apart from all others. An
    // id is none, however random: rows are known by it.
    bool is_secret(const Column &column) const;
    // Whether the body enters it into a row, as the name that one goes by, and finds none by it.
    bool is_only_written(const Argument &argument, size_t position) const;

private:
    std::vector<std::string> words_into(const Column &column) const;
    std::vector<std::string> objects_for(const std::vector<const Flow *> &flows) const;

    Stage &stage_;
    const std::string &uid_;
    const std::vector<Row> *own_; // or nothing
    const Row *at_hand_;
    BodyFacts facts_;
    std::vector<const TableShape *> tables_;
};

} // namespace rlsproof::server
