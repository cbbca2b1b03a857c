#include "prove/small_state.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

#include "prove/answer.hpp"
#include "prove/encode.hpp"
#include "prove/smtlib.hpp"

namespace rlsproof::prove {

namespace {

constexpr size_t kMostElements = 64;       // that arrays of one type are asked about
constexpr int64_t kSomethingElse = 987654; // a value that is nothing else

// A number of sort Real, as SQL writes it: 1.5, (- 1.5), (/ 3 2).
std::string decimal_text(const Sexp &sexp) {
    if (!sexp.is_list) return sexp.word;
    if (sexp.list.size() == 2 && sexp.list[0].word == "-") return "-" + decimal_text(sexp.list[1]);
    if (sexp.list.size() == 3 && sexp.list[0].word == "/")
        return fmt::format("{:.12f}", std::strtod(decimal_text(sexp.list[1]).c_str(), nullptr) /
                                          std::strtod(decimal_text(sexp.list[2]).c_str(), nullptr));
    return "0";
}

std::string value_text(const expr::Type &type, const Sexp &given) {
    return type.sort == expr::Sort::decimal ? decimal_text(given) : written(given);
}

// Terms, and what the solver says they are.
class Values {
public:
    void want(Id id) {
        if (given_.emplace(id, Sexp{}).second) order_.push_back(id);
    }

    bool get(Child &child, const Script &script) {
        std::string terms;
        for (const Id id : order_) terms += " " + script.term(id);
        std::vector<Sexp> answer = read_sexps(child.more(fmt::format("(check-sat)\n(get-value ({}))\n", terms)));
        if (answer.size() != 2 || answer[0].word != "sat" || answer[1].list.size() != order_.size()) return false;
        for (size_t i = 0; i < order_.size(); i++) {
            Sexp &pair = answer[1].list[i];
            if (!pair.is_list || pair.list.size() != 2) throw Error(Code::syntax, "the solver's answer makes no sense");
            given_[order_[i]] = std::move(pair.list[1]);
        }
        return true;
    }

    // REQUIRES: it was wanted.
    const Sexp &of(Id id) const { return given_.at(id); }
    bool holds(Id id) const { return of(id).word == "true"; }

private:
    std::map<Id, Sexp> given_;
    std::vector<Id> order_;
};

// A row that may be there.
struct Place {
    int table;
    int subject, number;
    Id row, present;
    std::vector<ColumnTerms> columns;
};

// The values of one type that no number stands for: literals by the solver's names for them, and the others numbered.
struct Names {
    std::map<std::string, std::string> literals, equal_literals; // by identity, and by what = looks at
    std::map<std::string, int64_t> numbers, equal_numbers;
};

class SmallState {
public:
    SmallState(const Question &question, int rows, const Poll &poll)
        : question_(question), formulas_(poll), encoder_(question, formulas_),
          constants_(encoder_.make_elements(rows)) {
        make_places();
    }

    bool look(Child &child, Reply &reply) {
        if (!possible(child)) return false;
        make_smaller(child);
        want_everything();
        if (!values_.get(child, *script_)) return false;
        read_literals();
        for (const auto &[name, id] : encoder_.parameters())
            reply.parameters[name] = whole_number(values_.of(id)).value_or(0);
        reply.rows.clear();
        for (const Place &place : places_) reply.rows.push_back(row_of(place));
        for (size_t i = 0; i < places_.size(); i++) fill_arrays(places_[i], reply.rows[i]);
        std::erase_if(reply.rows, [](const ModelRow &row) { return !row.present && row.subject < 0; });
        return true;
    }

private:
    const expr::Type &type_of(const Place &place, const ColumnTerms &column) const {
        return question_.tables[(size_t)place.table].column(column.column)->type;
    }

    void make_places() {
        for (size_t table = 0; table < question_.tables.size(); table++) {
            if (!encoder_.used((int)table)) continue;
            const std::vector<Id> &rows = constants_.at(encoder_.row_sort((int)table));
            for (size_t number = 0; number < rows.size(); number++) {
                Place place{(int)table,
                            -1,
                            (int)number,
                            rows[number],
                            encoder_.present((int)table, rows[number]),
                            encoder_.columns_of((int)table, rows[number])};
                for (size_t i = 0; i < question_.subjects.size(); i++)
                    if (encoder_.subject(i) == rows[number]) place.subject = (int)i;
                places_.push_back(std::move(place));
            }
        }
    }

    bool possible(Child &child) {
        std::vector<Assertion> expanded;
        for (const Assertion &a : encoder_.assertions())
            expanded.push_back({a.name, formulas_.expand(a.formula, constants_), a.axiom, a.bad, a.alone});
        expanded.push_back({"rows are different rows", encoder_.elements_distinct(), true});
        make_wishes();
        script_.emplace(formulas_, Script::Names::numbered);
        const Script::Written texts = script_->write(expanded);
        std::string asserted = script_->declarations() + texts.definitions;
        for (const std::string &text : texts.assertions) asserted += text;
        child.put(asserted, "", false);
        return child.said().outcome == Outcome::possible;
    }

    // What may as well be as it was, or the same.
    void make_wishes() {
        for (const auto &[one, other] : question_.alike) {
            const auto a = encoder_.parameters().find(one), b = encoder_.parameters().find(other);
            if (a != encoder_.parameters().end() && b != encoder_.parameters().end())
                wishes_.push_back(formulas_.equal(a->second, b->second));
        }
        for (const Step &step : question_.steps)
            if (encoder_.used(step.after))
                for (const Id row : constants_.at(encoder_.row_sort(step.before)))
                    wishes_.push_back(encoder_.unchanged(step, row));
    }

    // Rows that it does without are left out, one after the other, and so are values: what is left is what matters, and
    // of NULL most functions that are not followed are known to be NULL.
    void make_smaller(Child &child) {
        const auto keep_if_possible = [&](const std::string &condition) {
            if (text::trim(child.more(fmt::format("(push 1)\n(assert {})\n(check-sat)\n", condition), 1)) != "sat")
                (void)child.more("(pop 1)\n", -1);
        };
        for (const Id wish : wishes_) keep_if_possible(script_->term(wish));
        for (const Place &place : places_)
            if (place.subject < 0 && question_.tables[(size_t)place.table].of < 0)
                keep_if_possible(fmt::format("(not {})", script_->term(place.present)));
        for (const Place &place : places_)
            for (const ColumnTerms &column : place.columns)
                if (question_.tables[(size_t)place.table].column(column.column)->nullable)
                    keep_if_possible(script_->term(column.null));
    }

    void want_everything() {
        for (const Place &place : places_) {
            values_.want(place.present);
            for (const ColumnTerms &column : place.columns)
                for (const Id id : {column.null, column.value, column.canonical}) values_.want(id);
        }
        for (const Encoder::Literal &literal : encoder_.literals()) {
            values_.want(literal.term);
            values_.want(literal.canonical);
        }
        for (const auto &[name, id] : encoder_.parameters()) values_.want(id);
        find_elements();
        for (const auto &[type, elements] : looked_for_)
            for (const Id element : elements) values_.want(element);
        for (const Place &place : places_)
            for (const ColumnTerms &column : place.columns) {
                const auto known = encoder_.elements().find(type_of(place, column).name);
                if (known == encoder_.elements().end()) continue;
                values_.want(formulas_.apply(known->second.empty, {column.value}));
                values_.want(formulas_.apply(known->second.has_null, {column.value}));
                for (const Id element : looked_for_[known->first])
                    values_.want(formulas_.apply(known->second.holds, {column.value, element}));
            }
    }

    // Everything that is looked for in any array of a type.
    void find_elements() {
        for (Id id = 0; id < (Id)formulas_.size(); id++) {
            const Formulas::Item &item = formulas_.at(id);
            if (item.op != Op::apply || !item.free.empty() || item.parts.size() != 2) continue;
            for (const auto &[type, elements] : encoder_.elements()) {
                std::vector<Id> &known = looked_for_[type];
                if (item.text == elements.holds && known.size() < kMostElements &&
                    std::find(known.begin(), known.end(), item.parts[1]) == known.end())
                    known.push_back(item.parts[1]);
            }
        }
    }

    void read_literals() {
        for (const Encoder::Literal &literal : encoder_.literals()) {
            Names &names = names_[literal.type.name];
            names.literals.emplace(written(values_.of(literal.term)), literal.text);
            names.equal_literals.emplace(value_text(literal.type, values_.of(literal.canonical)), literal.text);
        }
    }

    ModelRow row_of(const Place &place) {
        ModelRow row{place.table, place.subject, place.number, values_.holds(place.present), {}};
        for (const ColumnTerms &column : place.columns) {
            ModelValue value;
            if (values_.holds(column.null))
                value.null = true;
            else
                name(type_of(place, column), values_.of(column.value), values_.of(column.canonical), value);
            row.values.emplace(column.column, std::move(value));
        }
        return row;
    }

    // Says which value it is: a number, a literal, or one that is nothing else.
    void name(const expr::Type &type, const Sexp &given, const Sexp &canonical, ModelValue &value) {
        if (type.is_boolean()) {
            value.number = given.word == "true";
            return;
        }
        if (type.sort == expr::Sort::number) {
            value.number = whole_number(given).value_or(0);
            return;
        }
        Names &names = names_[type.name];
        const std::string exact = written(given), equal = value_text(type, canonical);
        if (const auto found = names.literals.find(exact); found != names.literals.end()) {
            value.literal = found->second;
        } else if (const auto same = names.equal_literals.find(equal); same != names.equal_literals.end()) {
            // A value that = takes for a literal may be the literal, as far as = goes.
            value.literal = same->second;
        } else if (type.sort == expr::Sort::decimal) {
            value.literal = equal;
        } else {
            value.number = names.numbers.emplace(exact, (int64_t)names.numbers.size() + 1).first->second;
            names.equal_numbers.emplace(equal, value.number);
        }
    }

    // What = takes for the same is the same element: which of those it is makes no difference to what is in an array.
    ModelValue element_of(const expr::Type &type, const Sexp &given) {
        ModelValue value;
        Names &names = names_[type.name];
        if (!type.coarse || type.is_boolean() || type.sort != expr::Sort::value) {
            name(type, given, given, value);
            return value;
        }
        const std::string text = value_text(type, given);
        if (const auto found = names.equal_literals.find(text); found != names.equal_literals.end())
            value.literal = found->second;
        else if (const auto known = names.equal_numbers.find(text); known != names.equal_numbers.end())
            value.number = known->second;
        else
            value.number = names.numbers.emplace("= " + text, (int64_t)names.numbers.size() + 1).first->second;
        return value;
    }

    void fill_arrays(const Place &place, ModelRow &row) {
        for (const ColumnTerms &column : place.columns) {
            const auto known = encoder_.elements().find(type_of(place, column).name);
            ModelValue &target = row.values.at(column.column);
            if (known == encoder_.elements().end() || target.null || target.literal) continue;
            const Encoder::Elements &of = known->second;
            target.lists = true;
            target.element_type = of.type;
            if (values_.holds(formulas_.apply(of.empty, {column.value}))) continue;
            for (const Id element : looked_for_[known->first])
                if (values_.holds(formulas_.apply(of.holds, {column.value, element})))
                    target.elements.push_back(element_of(of.type, values_.of(element)));
            if (values_.holds(formulas_.apply(of.has_null, {column.value}))) target.elements.emplace_back().null = true;
            // Something is in it, and nothing that anybody looks for.
            if (target.elements.empty()) target.elements.emplace_back().number = kSomethingElse;
        }
    }

    const Question &question_;
    Formulas formulas_;
    Encoder encoder_;
    const std::map<std::string, std::vector<Id>> constants_;
    std::optional<Script> script_; // once all is there that it has to declare
    std::vector<Place> places_;
    std::vector<Id> wishes_;
    std::map<std::string, std::vector<Id>> looked_for_; // by the array's type
    Values values_;
    std::map<std::string, Names> names_; // by type
};

} // namespace

bool small_state(Child &child, const Question &question, int rows, const Poll &poll, Reply &reply) {
    return SmallState(question, rows, poll).look(child, reply);
}

} // namespace rlsproof::prove
