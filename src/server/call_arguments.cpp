#include "base/pattern.hpp"
#include "model/name_words.hpp"

#include "server/call_arguments.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "server/facts.hpp"
#include "server/handed.hpp"
#include "server/settings.hpp"
#include "server/spi.hpp"
#include "server/standing.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr int kLongWord = 16;        // letters from which on nobody guesses a word
constexpr size_t kRows = 4;          // rows of other people that arguments are taken from
constexpr size_t kOwnRows = 8;       // the same, where the caller calls for itself
constexpr size_t kWordRows = 2;      // rows that every word is tried with
constexpr size_t kMostWords = 8;     // for one argument
constexpr size_t kMostTogether = 12; // words of all arguments together

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

// p_order_id, _order_id and in_order_id are order_id.
std::string without_prefix(const std::string &name) {
    for (const char *prefix : {"p_", "in_", "arg_", "v_", "i_", "the_", "target_", "_"})
        if (name.starts_with(prefix) && name.size() > std::string_view(prefix).size())
            return name.substr(std::string_view(prefix).size());
    return name;
}

// orders and order, companies and company are the same thing.
bool is_plural_of(const std::string &table, const std::string &word) {
    return table == word || table == word + "s" || table == word + "es" ||
           (word.ends_with('y') && table == word.substr(0, word.size() - 1) + "ies");
}

// Whether a domain takes the value.
bool fits(const std::string &value, const std::string &type) {
    return attempt(Finish::rollback, [&] { (void)query(fmt::format("select {}::{}", quote_literal(value), type)); }).ok;
}

bool takes_words(const Argument &argument) {
    return argument.category == TYPCATEGORY_STRING || argument.category == TYPCATEGORY_NUMERIC ||
           argument.category == TYPCATEGORY_ENUM;
}

// Numbers between those that a body names, those themselves, and what is past them.
std::vector<std::string> within(const std::vector<std::string> &words, Oid type) {
    std::vector<double> limits;
    for (const std::string &word : words) {
        char *end = nullptr;
        const double limit = std::strtod(word.c_str(), &end);
        if (!word.empty() && *end == '\0' && std::isfinite(limit) && std::fabs(limit) < 1e15) limits.push_back(limit);
    }
    std::sort(limits.begin(), limits.end());
    std::vector<double> numbers;
    for (size_t i = 0; i + 1 < limits.size(); i++) numbers.push_back((limits[i] + limits[i + 1]) / 2);
    if (!limits.empty()) {
        numbers.push_back(limits.back() + 1);
        numbers.push_back(limits.front() - 1);
    }
    numbers.insert(numbers.end(), limits.begin(), limits.end());
    const bool whole = type == INT2OID || type == INT4OID || type == INT8OID;
    std::vector<std::string> result;
    for (const double number : numbers) result.push_back(fmt::format("{}", whole ? std::floor(number) : number));
    return result;
}

class Chooser {
public:
    Chooser(const Function &function, Stage &stage, const std::string &uid, const std::vector<Row> *own,
            const Row *at_hand)
        : stage_(stage), uid_(uid), own_(own), at_hand_(at_hand), facts_(read_body_facts(function.id)) {
        std::vector<const Touch *> touches;
        for (const Touch &touch : function.touches) touches.push_back(&touch);
        std::stable_sort(touches.begin(), touches.end(),
                         [](const Touch *a, const Touch *b) { return a->written > b->written; });
        for (const Touch *touch : touches)
            for (const auto &[id, shape] : stage_.tables().shapes)
                if (shape.name == touch->relation && !stage_.rows(id).empty()) tables_.push_back(&shape);
    }

    // The column that says what the argument stands for.
    std::optional<Column> column_of(const Argument &argument, size_t position) const {
        const auto said = [&](const std::string &name) {
            return name == argument.name || name == fmt::format("${}", position + 1);
        };
        for (const auto *facts : {&facts_.compared, &facts_.written})
            for (const auto &[column, name] : *facts)
                if (said(name) && !stage_.rows(column.relation).empty()) return column;
        for (const auto &[place, name] : facts_.handed)
            if (said(name))
                for (const Column &column : compared_with_argument(place.first, place.second))
                    if (!stage_.rows(column.relation).empty()) return column;
        if (argument.name.empty()) return std::nullopt;
        std::string name = without_prefix(argument.name);
        char category = argument.category;
        // order_ids is an array of what order_id is one of.
        if (argument.element != InvalidOid && name.ends_with('s')) {
            name.pop_back();
            category = argument.element_category;
        }
        for (const TableShape *table : tables_)
            for (const ColumnShape &column : table->columns)
                if (column.name == name && column.category == category) return Column{table->id, column.number};
        if (const auto tenant = tenant_called(stage_, name, category)) return tenant;
        if (!name.ends_with("_id") && name != "id") return std::nullopt;
        const std::string word = name == "id" ? "" : name.substr(0, name.size() - 3);
        for (const TableShape *table : tables_) {
            const std::string last = table->name.substr(table->name.rfind('.') + 1);
            if (!table->keys.empty() && table->keys.front().size() == 1 && (word.empty() || is_plural_of(last, word)))
                return Column{table->id, table->keys.front().front()};
        }
        return std::nullopt;
    }

    // What the column holds in the row of other people that has this turn.
    Candidate value_of(const Column &column, size_t turn, bool own) const {
        if (const std::optional<int> number = at_hand(column)) return at_hand_->values.at(*number);
        if (own && stage_.hints().identity.contains(column)) {
            const ColumnShape *shape = stage_.tables().of(column.relation)->column(column.number);
            return identity_as(shape->category == TYPCATEGORY_NUMERIC ? "int8" : "text", uid_);
        }
        // In turn from those that were there and from those that were made, which tell more by what they hold.
        const std::vector<Row> &rows = stage_.rows(column.relation);
        for (size_t step = 0; step < rows.size(); step++) {
            const size_t at = (turn / 2 + step) % rows.size();
            const Row &row = rows[turn % 2 == 0 ? at : rows.size() - 1 - at];
            if (const auto value = row.values.find(column.number); value != row.values.end() && value->second)
                return value->second;
        }
        return std::nullopt;
    }

    // An array of what the column holds, where one is asked for.
    Candidate value_for(const Argument &argument, const Column &column, size_t turn, bool own) const {
        const Candidate value = value_of(column, turn, own);
        const ColumnShape *shape = stage_.tables().of(column.relation)->column(column.number);
        const bool many = argument.element != InvalidOid && shape->category != TYPCATEGORY_ARRAY;
        return value && many ? Candidate(array_literal({*value})) : value;
    }

    // Where an argument that may stand for a person takes one from.
    std::optional<Column> person_for(const Argument &argument) const {
        const Oid type = argument.type_id;
        const auto fits = [&](const Column &column) {
            const TableShape *table = stage_.tables().of(column.relation);
            return type == UUIDOID && table != nullptr && table->column(column.number)->type == type &&
                   !stage_.rows(column.relation).empty();
        };
        const std::set<Column> &people = stage_.hints().identity;
        for (const TableShape *table : tables_)
            for (const Column &column : people)
                if (column.relation == table->id && fits(column)) return column;
        const auto anywhere = std::find_if(people.begin(), people.end(), fits);
        return anywhere == people.end() ? std::nullopt : std::optional<Column>(*anywhere);
    }

    // What the body compares the argument with, and what may be written where it writes it.
    std::vector<std::string> words_for(const Argument &argument, size_t position,
                                       const std::optional<Column> &column) const {
        std::vector<std::string> words;
        if (column && (is_identity(*column) || is_key(*column))) return words;
        const auto take = [&](const std::string &name) {
            if (const auto asked = facts_.asked.find(name); asked != facts_.asked.end() && takes_words(argument))
                words.insert(words.end(), asked->second.begin(), asked->second.end());
        };
        if (!argument.name.empty()) take(argument.name);
        take(fmt::format("${}", position + 1));
        if (words.empty()) take("");
        if (argument.category == TYPCATEGORY_NUMERIC) words = within(words, argument.type_id);
        // Another label than the one that is named may be what opens it.
        if (!words.empty()) words.insert(words.end(), argument.labels.begin(), argument.labels.end());
        const bool is_set = at_hand_ != nullptr && column && facts_.written.contains(*column);
        if (argument.category == TYPCATEGORY_BOOLEAN && (is_set || (!column && !argument.has_default)))
            words = {"t", "f"};
        if (column && facts_.written.contains(*column)) {
            if (const auto allowed = stage_.tables().allowed.find(*column); allowed != stage_.tables().allowed.end())
                for (const Candidate &value : allowed->second)
                    if (value) words.push_back(*value);
            words.insert(words.end(), argument.labels.begin(), argument.labels.end());
        }
        std::vector<std::string> fitting;
        for (const std::string &word : words)
            if (fitting.size() < kMostWords && std::find(fitting.begin(), fitting.end(), word) == fitting.end() &&
                fits(word, argument.type))
                fitting.push_back(word);
        return fitting;
    }

    // The key of a row of its own that the argument may name: of its own tenant.
    Candidate mine_for(const Column &column) const {
        if (own_ == nullptr || is_identity(column) || !is_key(column)) return std::nullopt;
        Column place = column;
        for (const ForeignKey &key : stage_.tables().of(column.relation)->foreign_keys)
            if (key.columns == std::vector{column.number}) place = {key.parent, key.parent_columns.front()};
        for (const Row &row : *own_)
            if (const auto value = row.values.find(place.number);
                row.table == place.relation && value != row.values.end())
                return value->second;
        return std::nullopt;
    }

    bool is_identity(const Column &column) const { return stage_.hints().identity.contains(column); }

    // The column of the row at hand that holds it: itself, or the one that refers to it.
    std::optional<int> at_hand(const Column &column) const {
        if (at_hand_ == nullptr) return std::nullopt;
        if (at_hand_->table == column.relation && at_hand_->values.contains(column.number)) return column.number;
        for (const ForeignKey &key : stage_.tables().of(at_hand_->table)->foreign_keys)
            if (key.parent == column.relation && key.parent_columns == std::vector{column.number})
                if (const auto value = at_hand_->values.find(key.columns.front());
                    value != at_hand_->values.end() && value->second)
                    return key.columns.front();
        return std::nullopt;
    }

    // Whether everybody knows what the column may hold: its constraint or its type names it.
    bool is_one_of_few(const Column &column, const Candidate &value) const {
        const auto allowed = stage_.tables().allowed.find(column);
        return stage_.tables().of(column.relation)->column(column.number)->category == TYPCATEGORY_ENUM ||
               (allowed != stage_.tables().allowed.end() &&
                std::find(allowed->second.begin(), allowed->second.end(), value) != allowed->second.end());
    }

    // What a row is known by, to everybody who has met it: no word that is told to some.
    bool is_key(const Column &column) const {
        const TableShape &table = *stage_.tables().of(column.relation);
        const ColumnShape &shape = *table.column(column.number);
        if (shape.type != UUIDOID && shape.category != TYPCATEGORY_NUMERIC) return false;
        if (stage_.hints().tenant.contains(column)) return true;
        const auto holds = [&](const std::vector<int> &columns) {
            return std::find(columns.begin(), columns.end(), column.number) != columns.end();
        };
        return std::any_of(table.keys.begin(), table.keys.end(), holds) ||
               std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(),
                           [&](const ForeignKey &key) { return holds(key.columns); });
    }

    // A word that nobody guesses, by its name and its shape: made at random and long, or told apart from all others. An
    // id is none, however random: rows are known by it.
    bool is_secret(const Column &column) const {
        const TableShape &table = *stage_.tables().of(column.relation);
        const ColumnShape &shape = *table.column(column.number);
        if (shape.category != TYPCATEGORY_STRING && shape.type != UUIDOID && shape.type != BYTEAOID) return false;
        if ((shape.width > 0 && shape.width < kLongWord) || is_identity(column)) return false;
        const auto pattern = stage_.tables().patterns.find(column);
        if (pattern != stage_.tables().patterns.end()) {
            const std::vector<std::string> samples = text::samples_of_pattern(pattern->second);
            if (samples.empty() || samples.front().size() < (size_t)kLongWord) return false;
        }
        if (stage_.tables().allowed.contains(column)) return false;
        const bool random = is_random(shape.default_expression);
        if (says_code(shape.name) && !says_secret(shape.name)) return random;
        if (!says_secret(shape.name)) return false;
        if (!shape.default_expression.empty()) return random;
        return std::find(table.keys.begin(), table.keys.end(), std::vector{column.number}) != table.keys.end();
    }

private:
    // What is drawn is long, and nothing shortens it.
    static bool is_random(const std::string &expression) {
        return !expression.empty() && query(R"(
select $1 ~ 'gen_random_uuid\(|uuid_generate_v4\(|md5\(.*random\(\)|gen_random_bytes\((8|9|[1-9][0-9])\)'
   and $1 !~* '\m(substr|substring|left|right|lpad|rpad|floor|round|split_part|trunc)\M')",
                                            {expression})
                                          .boolean(0, 0);
    }

    Stage &stage_;
    const std::string &uid_;
    const std::vector<Row> *own_; // or nothing
    const Row *at_hand_;
    BodyFacts facts_;
    std::vector<const TableShape *> tables_;
};

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

// The ways to call a function, one for each turn.
class Choices {
public:
    Choices(const Function &function, Stage &stage, const std::string &uid, const std::vector<Row> *own,
            const Row *at_hand)
        : stage_(stage), chooser_(function, stage, uid, own, at_hand), arguments_(arguments_of(function.id)),
          alone_(has_its_name_alone(function.id)) {
        for (size_t i = 0; i < arguments_.size(); i++) {
            columns_.push_back(chooser_.column_of(arguments_[i], i));
            named_ = named_ && !arguments_[i].name.empty();
            names_people = names_people || (columns_.back() && chooser_.is_identity(*columns_.back()));
            const bool by_default = !columns_.back() && may_be_left_out(i);
            std::vector<Option> &options = options_.emplace_back();
            for (const std::string &word : chooser_.words_for(arguments_[i], i, columns_.back()))
                options.push_back({Kind::word, word, {}});
            // A guess is worth less than what the body names, a row of its own is not.
            if (options.empty() || columns_.back() || by_default)
                options.insert(options.begin(), Option{Kind::plain, "", {}});
            else if (arguments_[i].category == TYPCATEGORY_STRING)
                options.push_back({Kind::plain, "", {}});
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
    // Without what narrows a call down: nobody named, no list, what is usual turned round. What comes of it when the
    // function asks for more is no answer.
    void add_unasked();

    std::vector<Arguments> made;
    bool names_people = false;
    Said said;

private:
    // Where the value of an argument comes from.
    enum class Kind { plain, word, person, mine };
    struct Option {
        Kind kind;
        std::string word;
        Column person;
    };

    void add(size_t turn, bool own, size_t together);
    bool may_be_left_out(size_t argument) const { return arguments_[argument].has_default && named_ && alone_; }

    // By argument: what it is given in place of all that, NULL, or nothing at all.
    struct Instead {
        bool left_out;
        Candidate value;
    };
    std::map<size_t, Instead> instead_;

    Stage &stage_;
    const Chooser chooser_;
    const std::vector<Argument> arguments_;
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

void Choices::add(size_t turn, bool own, size_t together) {
    if (arguments_.empty()) return;
    Arguments choice;
    choice.itself = own;
    choice.aside = !instead_.empty();
    bool secret = false;
    const std::vector<Candidate> others{"no such word", "", "%", std::nullopt};
    choice.untold.resize(others.size());
    for (size_t i = 0; i < arguments_.size(); i++) {
        const Argument &argument = arguments_[i];
        const std::optional<Column> &column = columns_[i];
        const Option &option = options_[i][together % options_[i].size()];
        together /= options_[i].size();
        const auto told = said.find(argument.name.empty() ? fmt::format("${}", i + 1) : argument.name);
        const auto instead = instead_.find(i);
        const bool left_out = instead != instead_.end()
                                  ? instead->second.left_out
                                  : told == said.end() && option.kind == Kind::plain && !column && may_be_left_out(i);
        if (left_out) continue;
        const bool at_hand = column && chooser_.at_hand(*column);
        Candidate value;
        if (option.kind == Kind::word || option.kind == Kind::mine)
            value = option.word;
        else if (option.kind == Kind::person)
            value = chooser_.value_of(option.person, turn, own);
        else
            value = column ? chooser_.value_for(argument, *column, turn, own) : guess(argument, turn, stage_.tables());
        if (told != said.end()) value = told->second;
        if (instead != instead_.end()) value = instead->second.value;
        const bool plain = option.kind == Kind::plain;
        choice.aside = choice.aside || option.kind == Kind::mine;
        if (instead != instead_.end())
            ; // neither known nor guessed
        else if (at_hand && plain)
            choice.handed = true;
        else if (!column && plain)
            (options_[i].front().kind == Kind::plain ? choice.guessed : choice.beside) = true;
        else if (column && plain && chooser_.is_key(*column) && !chooser_.is_identity(*column))
            choice.by_key = true;
        else if (column && plain && !chooser_.is_identity(*column) && !chooser_.is_one_of_few(*column, value))
            secret = true;
        if (value) choice.given.insert(*value);
        const auto append = [&](std::string &list, const Candidate &v) {
            const std::string literal =
                v ? fmt::format("{}::{}", quote_literal(*v), argument.type) : "NULL::" + argument.type;
            list += fmt::format("{}{}{}{}", list.empty() ? "" : ", ", argument.variadic ? "variadic " : "",
                                named_ ? quote_identifier(argument.name) + " => " : "", literal);
        };
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
    choice.by_key = choice.by_key && !secret;
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
