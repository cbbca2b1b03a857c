// Arguments that hold more than one value, as they are given: documents, rows and lists made of what rows of other
// people hold, at the places where the body takes it out.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "server/body_documents.hpp"
#include "server/chooser.hpp"

namespace rlsproof::server {

class Documents {
public:
    // `places`: what the body takes out of each argument.
    Documents(std::map<size_t, Place> places, const std::vector<Argument> &arguments, const Chooser &chooser,
              Stage &stage);

    // What the body takes out of each argument.
    const std::map<size_t, Place> &places() const { return places_; }

    // Whether the body takes anything out of the argument.
    bool has(size_t argument) const { return documents_.contains(argument); }

    // The columns that what is in it stands for.
    std::vector<Column> columns(size_t argument) const;

    // Ways to fill it beside that with rows of other people alone: with words that the body names, with rows of the
    // caller's own at one place.
    size_t variants(size_t argument) const;
    // Whether that one names something of the caller's own.
    bool is_mine(size_t argument, size_t variant) const;

    // What holds nothing: where nothing is asked for, all may be shown.
    static std::vector<Candidate> nothing(const Argument &argument);

    struct Made {
        Candidate text;
        std::set<std::string> given; // the values in it
        std::vector<Column> secrets; // words among them that are told to some
        bool by_key = false;         // the key of some row is among them
        bool handed = false;         // a value of the row at hand is
    };
    // `instead`: of words that are told to some, what is put in their place.
    Made make(size_t argument, size_t variant, size_t turn, bool own, const Candidate *instead = nullptr) const;
    // The same with keys of no row.
    Candidate of_nobody(size_t argument, size_t variant, size_t turn, bool own) const;

private:
    // What is put at one place, however the rest is filled; or the first word that is named for each place, with or
    // without what is asked whether it is there.
    enum class Kind { word, mine, words, bare };
    struct Variant {
        Kind kind;
        std::vector<std::string> at = {};
        std::string value = {};
    };
    struct Document {
        Place root;
        std::vector<Variant> variants;
    };
    struct Filling;

    Made fill(size_t argument, size_t variant, Filling filling) const;
    void know_type(Place &place, const std::string &name);
    void add_row(Place &place, Oid type);
    void add_variants(Document &document, const Place &place, std::vector<std::string> &at) const;
    std::string value_at(const Place &place, std::vector<std::string> &at, Filling &filling) const;
    std::string json_of(const Place &place, std::vector<std::string> &at, Filling &filling) const;
    static bool names_words(const Place &place);
    static bool asks_for_null(const Place &place);
    static std::string default_of(const Place &place);
    char category_of(const Place &place) const;

    const std::vector<Argument> &arguments_;
    const Chooser &chooser_;
    Stage &stage_;
    const std::map<size_t, Place> places_;
    std::map<size_t, Document> documents_;
};

} // namespace rlsproof::server
