#include "server/call_arguments.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "server/call_documents.hpp"
#include "server/call_ranges.hpp"
#include "server/chooser.hpp"
#include "server/spi.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kRows = 4;          // rows of other people that arguments are taken from
constexpr size_t kOwnRows = 8;       // the same, where the caller calls for itself
constexpr size_t kWordRows = 2;      // rows that every word is tried with
constexpr size_t kMostTogether = 12; // words of all arguments together

std::vector<Argument> arguments_of(Oid function) {
    const Rows rows = query(R"(
select n.names[a.at], pg_catalog.format_type(a.type, null), b.oid, b.typcategory, a.at > p.pronargs - p.pronargdefaults,
       case when t.typtype = 'd' then t.oid else 0 end,
       array(select e.enumlabel::text from pg_catalog.pg_enum e where e.enumtypid in (b.oid, i.oid) order by e.enumsortorder
             limit 24),
       coalesce(i.oid, 0), i.typcategory, p.provariadic <> 0 and a.at = p.pronargs
from pg_catalog.pg_proc p,
     lateral (select array(select coalesce(p.proargnames[m.at], '')
       from unnest(coalesce(p.proargmodes, array_fill('i'::"char", array[p.pronargs::int]))) with ordinality m(mode, at)
       where m.mode in ('i', 'b', 'v') order by m.at) as names) n,
     unnest(p.proargtypes::oid[]) with ordinality a(type, at) join pg_catalog.pg_type t on t.oid = a.type
     -- What is behind a domain, and in an array.
     cross join lateral (with recursive base(oid, typtype, next) as (
         select t.oid, t.typtype, t.typbasetype
         union all
         select x.oid, x.typtype, x.typbasetype from base join pg_catalog.pg_type x on x.oid = base.next where base.typtype = 'd')
       select y.* from base join pg_catalog.pg_type y on y.oid = base.oid where base.typtype <> 'd') b
     left join pg_catalog.pg_type i on i.oid = b.typelem and b.typcategory = 'A'
where p.oid = $1::oid order by a.at)",
                            {std::to_string(function)});
    std::vector<Argument> result;
    for (size_t i = 0; i < rows.size(); i++)
        result.push_back({rows.text(i, 0), rows.text(i, 1), rows.oid(i, 2), rows.text(i, 3)[0], rows.boolean(i, 4),
                          rows.oid(i, 5), rows.list(i, 6), rows.oid(i, 7), rows.value(i, 8) ? rows.text(i, 8)[0] : '\0',
                          rows.boolean(i, 9)});
    return result;
}

// The key of no row.
constexpr const char *kNobody = "00b0d1e5-0000-4000-8000-000000000000";

Candidate guess_plain(Oid type, char category, const std::vector<std::string> &labels, size_t turn) {
    constexpr const char *kTexts[] = {"made", "", "%", "a"};
    if (!labels.empty()) return labels[turn % labels.size()];
    switch (type) {
    case UUIDOID: return "5ca1ab1e-0000-4000-8000-000000000000";
    case JSONOID:
    case JSONBOID: return turn % 2 == 0 ? "{}" : "[]";
    case INTERVALOID: return "1 hour";
    default: break;
    }
    switch (category) {
    case TYPCATEGORY_STRING: return kTexts[turn % std::size(kTexts)];
    case TYPCATEGORY_NUMERIC: return "1";
    case TYPCATEGORY_BOOLEAN: return "t";
    case TYPCATEGORY_DATETIME: return "now";
    case TYPCATEGORY_RANGE: return "empty";
    default: return std::nullopt;
    }
}

Candidate guess(const Argument &argument, size_t turn, const Tables &tables) {
    Candidate plain;
    if (argument.element != InvalidOid) {
        // An array of nothing is met by few functions: one of something first.
        const Candidate element = guess_plain(argument.element, argument.element_category, argument.labels, turn);
        plain = element && turn % 4 != 3 ? array_literal({*element}) : "{}";
    } else {
        plain = guess_plain(argument.type_id, argument.category, argument.labels, turn);
    }
    if (argument.domain == InvalidOid || (plain && fits(*plain, argument.type))) return plain;
    std::vector<Candidate> others;
    if (const auto allowed = tables.domain_allowed.find(argument.domain); allowed != tables.domain_allowed.end())
        others = allowed->second;
    for (const char *other : {"made@nowhere.invalid", "https://nowhere.invalid/", "+15550000001", "made-1", "000001",
                              "#a1b2c3", "EUR", "DE", "en", "2", "10", "100", "0"})
        others.emplace_back(other);
    for (const Candidate &other : others)
        if (other && fits(*other, argument.type)) return other;
    return plain;
}

// Of several functions of one name the arguments tell which one is meant, and only all of them do so for certain.
bool has_its_name_alone(Oid function) {
    return query("select 1 from pg_catalog.pg_proc p join pg_catalog.pg_proc o on o.proname = p.proname and "
                 "o.pronamespace = p.pronamespace and o.oid <> p.oid where p.oid = $1::oid limit 1",
                 {std::to_string(function)})
        .empty();
}

// What stands in the place of a word of whoever was told none.
const std::vector<Candidate> &not_told() {
    static const std::vector<Candidate> others{"no such word", "", "%", std::nullopt};
    return others;
}

// The ways to call a function, one for each turn.
class Choices {
public:
    Choices(const Function &function, Stage &stage, const std::string &uid, const std::vector<Row> *own,
            const Row *at_hand)
        : stage_(stage), chooser_(function, stage, uid, own, at_hand), arguments_(arguments_of(function.id)),
          documents_(read_documents(function.id), arguments_, chooser_, stage),
          alone_(has_its_name_alone(function.id)) {
        for (size_t i = 0; i < arguments_.size(); i++) {
            columns_.push_back(documents_.has(i) ? std::nullopt : chooser_.column_of(arguments_[i], i));
            named_ = named_ && !arguments_[i].name.empty();
            names_people = names_people || (columns_.back() && chooser_.is_identity(*columns_.back()));
            const bool by_default = documents_.has(i) || (!columns_.back() && may_be_left_out(i));
            std::vector<Option> &options = options_.emplace_back();
            for (const std::string &word : chooser_.words_for(arguments_[i], i, columns_.back()))
                options.push_back({Kind::word, word, {}});
            // A guess is worth less than what the body names, a row of its own is not.
            if (options.empty() || columns_.back() || by_default)
                options.insert(options.begin(), Option{Kind::plain, "", {}});
            else if (arguments_[i].category == TYPCATEGORY_STRING || arguments_[i].type_id == JSONOID ||
                     arguments_[i].type_id == JSONBOID)
                options.push_back({Kind::plain, "", {}});
            if (const Candidate fresh =
                    columns_.back() ? chooser_.fresh_for(arguments_[i], i, *columns_.back()) : std::nullopt)
                options.insert(options.begin() + 1, Option{Kind::word, *fresh, {}});
            for (const std::string &value :
                 values_in_range(arguments_, i, documents_.places(), columns_.back().has_value()))
                if (std::none_of(options.begin(), options.end(), [&](const Option &o) { return o.word == value; }))
                    options.push_back({Kind::within, value, {}});
            for (size_t variant = 1; variant <= documents_.variants(i); variant++)
                options.push_back({Kind::plain, "", {}, variant});
            if (columns_.back() && arguments_.size() > 1)
                if (const Candidate mine = chooser_.mine_for(*columns_.back()))
                    options.push_back({Kind::mine, *mine, {}});
            if (const auto people = columns_.back() ? std::nullopt : chooser_.person_for(arguments_[i]))
                options.push_back({Kind::person, "", *people});
        }
        if (arguments_.empty()) made.emplace_back();
    }

    // One way, with the plain options.
    void add(size_t turn, bool own);
    // All options together, as far as that is few.
    void add_options(size_t rows, bool own);
    // One way, with documents left out that may be.
    void add_bare(size_t turn);
    // Without what narrows a call down: nobody named, no list, what is usual turned round. What comes of it when the
    // function asks for more is no answer.
    void add_unasked();

    std::vector<Arguments> made;
    bool names_people = false;
    Said said;

private:
    // Where the value of an argument comes from.
    enum class Kind { plain, word, person, mine, within };
    struct Option {
        Kind kind;
        std::string word;
        Column person;
        size_t variant = 0; // of a document
    };

    void add(size_t turn, bool own, size_t together);
    // One more argument of a call.
    void put(std::string &list, const Argument &argument, const Candidate &value) const;
    void put_document(Arguments &choice, size_t at, size_t variant, size_t turn, bool own) const;
    bool may_be_left_out(size_t argument) const { return arguments_[argument].has_default && named_ && alone_; }

    // By argument: what it is given in place of all that, NULL, or nothing at all.
    struct Instead {
        bool left_out;
        Candidate value;
    };
    std::map<size_t, Instead> instead_;
    bool leave_out_ = false; // documents that may be

    Stage &stage_;
    const Chooser chooser_;
    const std::vector<Argument> arguments_;
    const Documents documents_;
    const bool alone_;
    std::vector<std::optional<Column>> columns_;
    std::vector<std::vector<Option>> options_; // of each argument
    bool named_ = true;
};

void Choices::add(size_t turn, bool own) {
    add(turn, own, 0);
}

void Choices::add_options(size_t rows, bool own) {
    size_t all = 1;
    for (const std::vector<Option> &options : options_) all *= std::min(options.size(), kMostTogether);
    for (size_t together = 1; together < std::min(all, kMostTogether); together++)
        for (size_t turn = 0; turn < rows; turn++) add(turn, own, together);
}

void Choices::add_bare(size_t turn) {
    leave_out_ = true;
    add(turn, false);
    leave_out_ = false;
}

void Choices::add_unasked() {
    std::vector<std::map<size_t, Instead>> ways(2);
    for (size_t i = 0; i < arguments_.size(); i++) {
        const Argument &argument = arguments_[i];
        const bool flag = argument.category == TYPCATEGORY_BOOLEAN, list = argument.element != InvalidOid;
        const bool narrows =
            list || columns_[i] || argument.type_id == UUIDOID || argument.category == TYPCATEGORY_STRING;
        if (flag && argument.has_default)
            for (const char *value : {"t", "f"}) ways.push_back({{i, {false, value}}});
        if (list) ways.push_back({{i, {false, "{}"}}});
        if (documents_.has(i) && argument.category != TYPCATEGORY_STRING && !list)
            for (const Candidate &nothing : Documents::nothing(argument))
                ways.push_back({{i, {may_be_left_out(i), nothing}}});
        if (flag || !narrows) continue;
        ways[0].insert({i, {false, std::nullopt}});
        ways[1].insert({i, {may_be_left_out(i), std::nullopt}});
        ways.push_back({{i, {false, std::nullopt}}});
    }
    ways.resize(std::min(ways.size(), kMostTogether));
    for (auto &way : ways) {
        if (way.empty()) continue;
        instead_ = std::move(way);
        add(0, false);
    }
    instead_.clear();
}

void Choices::put(std::string &list, const Argument &argument, const Candidate &value) const {
    const std::string literal =
        value ? fmt::format("{}::{}", quote_literal(*value), argument.type) : "NULL::" + argument.type;
    list += fmt::format("{}{}{}{}", list.empty() ? "" : ", ", argument.variadic ? "variadic " : "",
                        named_ ? quote_identifier(argument.name) + " => " : "", literal);
}

// What else it must hold is not known, so that whoever is turned away may be so for that.
void Choices::put_document(Arguments &choice, size_t at, size_t variant, size_t turn, bool own) const {
    const Argument &argument = arguments_[at];
    const Documents::Made made_of = documents_.make(at, variant, turn, own);
    choice.guessed = choice.guessed || !may_be_left_out(at);
    choice.aside = choice.aside || documents_.is_mine(at, variant) || may_be_left_out(at);
    choice.by_key = choice.by_key || made_of.by_key;
    choice.handed = choice.handed || made_of.handed;
    choice.given.insert(made_of.given.begin(), made_of.given.end());
    choice.secrets.insert(choice.secrets.end(), made_of.secrets.begin(), made_of.secrets.end());
    put(choice.list, argument, made_of.text);
    put(choice.of_caller, argument, made_of.text);
    put(choice.of_nobody, argument, documents_.of_nobody(at, variant, turn, own));
    for (size_t other = 0; other < choice.untold.size(); other++)
        put(choice.untold[other], argument,
            made_of.secrets.empty() ? made_of.text : documents_.make(at, variant, turn, own, &not_told()[other]).text);
}

void Choices::add(size_t turn, bool own, size_t together) {
    if (arguments_.empty()) return;
    Arguments choice;
    choice.itself = own;
    choice.aside = !instead_.empty();
    const std::vector<Candidate> &others = not_told();
    choice.untold.resize(others.size());
    for (size_t i = 0; i < arguments_.size(); i++) {
        const Argument &argument = arguments_[i];
        const std::optional<Column> &column = columns_[i];
        const Option &option = options_[i][together % options_[i].size()];
        together /= options_[i].size();
        const auto told = said.find(argument.name.empty() ? fmt::format("${}", i + 1) : argument.name);
        const auto instead = instead_.find(i);
        const bool left_out = instead != instead_.end() ? instead->second.left_out
                                                        : told == said.end() && option.kind == Kind::plain && !column &&
                                                              (!documents_.has(i) || leave_out_) && may_be_left_out(i);
        if (left_out) continue;
        const bool at_hand = column && chooser_.at_hand(*column);
        const bool document =
            documents_.has(i) && option.kind == Kind::plain && told == said.end() && instead == instead_.end();
        if (document) {
            put_document(choice, i, option.variant, turn, own);
            continue;
        }
        Candidate value;
        if (option.kind == Kind::word || option.kind == Kind::mine || option.kind == Kind::within)
            value = option.word;
        else if (option.kind == Kind::person)
            value = chooser_.value_of(option.person, turn, own);
        else
            value = column ? chooser_.value_for(argument, *column, turn, own) : guess(argument, turn, stage_.tables());
        if (told != said.end()) value = told->second;
        if (instead != instead_.end()) value = instead->second.value;
        const bool plain = option.kind == Kind::plain;
        choice.aside = choice.aside || option.kind == Kind::mine || option.kind == Kind::within;
        if (instead != instead_.end())
            ; // neither known nor guessed
        else if (at_hand && plain)
            choice.handed = true;
        else if (!column && plain)
            (options_[i].front().kind == Kind::plain ? choice.guessed : choice.beside) = true;
        else if (column && plain && chooser_.is_key(*column) && !chooser_.is_identity(*column) &&
                 !chooser_.is_secret(*column))
            choice.by_key = true;
        else if (column && plain && !chooser_.is_identity(*column) && !chooser_.is_one_of_few(*column, value) &&
                 !chooser_.is_only_written(argument, i))
            choice.words.emplace_back(*column, value.value_or(""));
        if (value) choice.given.insert(*value);
        const auto append = [&](std::string &list, const Candidate &v) { put(list, argument, v); };
        append(choice.list, value);
        const bool is_word = column && plain && !at_hand && told == said.end() && instead == instead_.end() &&
                             chooser_.is_secret(*column);
        if (is_word) choice.secrets.push_back(*column);
        for (size_t other = 0; other < others.size(); other++)
            append(choice.untold[other], !is_word                                       ? value
                                         : argument.type_id == UUIDOID && others[other] ? Candidate(kNobody)
                                                                                        : others[other]);
        const bool names_a_row = value && (column || option.kind == Kind::person) && argument.type_id == UUIDOID;
        append(choice.of_nobody, names_a_row ? Candidate(kNobody) : value);
        if (option.kind != Kind::person) {
            append(choice.of_caller, value);
        } else {
            if (value) choice.person = *value;
            if (!argument.has_default || !named_ || !alone_) append(choice.of_caller, std::nullopt);
        }
    }
    choice.by_key = choice.by_key && choice.words.empty();
    if (choice.secrets.empty()) choice.untold.clear();
    if (choice.of_nobody == choice.list) choice.of_nobody.clear();
    if (choice.person.empty()) choice.of_caller.clear();
    if (std::none_of(made.begin(), made.end(), [&](const Arguments &a) { return a.list == choice.list; }))
        made.push_back(std::move(choice));
}

} // namespace

std::string call_of(const Function &function, const std::string &arguments) {
    const size_t start = function.name.find(':') + 1;
    const std::string call =
        fmt::format("{}({})", function.name.substr(start, function.name.find('(') - start), arguments);
    return function.procedure ? "call " + call : fmt::format("select {}::text", call);
}

std::vector<Arguments> arguments_for(const Function &function, Stage &stage, const std::string &uid,
                                     const std::vector<Row> &own, const Said &said) {
    Choices choices(function, stage, uid, &own, nullptr);
    choices.said = said;
    for (size_t turn = 0; turn < kRows; turn++) choices.add(turn, false);
    for (size_t turn = 0; turn < kRows; turn++) choices.add_bare(turn);
    choices.add_options(kWordRows, false);
    choices.add_unasked();
    if (choices.names_people && !uid.empty())
        for (size_t turn = 0; turn < kRows / 2; turn++) choices.add(turn, true);
    return std::move(choices.made);
}

std::vector<Arguments> arguments_for_itself(const Function &function, Stage &stage, const std::string &uid,
                                            const Row *at_hand) {
    Choices choices(function, stage, uid, nullptr, at_hand);
    for (size_t turn = 0; turn < kOwnRows; turn++) choices.add(turn, true);
    if (at_hand != nullptr) choices.add_options(1, true);
    return std::move(choices.made);
}

std::vector<Arguments> arguments_with_words(const Function &function, Stage &stage, const std::string &uid,
                                            const Row &at_hand) {
    Choices choices(function, stage, uid, nullptr, &at_hand);
    choices.add(0, true);
    choices.add_options(1, true);
    return std::move(choices.made);
}

} // namespace rlsproof::server
