#include "prove/small_state.hpp"

#include <algorithm>
#include <cstdlib>

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

} // namespace

bool small_state(Child &child, const Question &question, int rows, const Poll &poll, Reply &reply) {
    Formulas formulas(poll);
    Encoder encoder(question, formulas);
    const auto constants = encoder.make_elements(rows);
    std::vector<Assertion> expanded;
    for (const Assertion &a : encoder.assertions())
        expanded.push_back({a.name, formulas.expand(a.formula, constants), a.axiom, a.bad, a.alone});
    expanded.push_back({"rows are different rows", encoder.elements_distinct(), true});

    struct Place {
        int table;
        int subject, number;
        Id row, present;
        std::vector<ColumnTerms> columns;
    };
    std::vector<Place> places;
    for (size_t table = 0; table < question.tables.size(); table++) {
        if (!encoder.used((int)table)) continue;
        const std::vector<Id> &rows_of = constants.at(encoder.row_sort((int)table));
        for (size_t number = 0; number < rows_of.size(); number++) {
            const Id row = rows_of[number];
            Place place{(int)table,
                        -1,
                        (int)number,
                        row,
                        encoder.present((int)table, row),
                        encoder.columns_of((int)table, row)};
            for (size_t i = 0; i < question.subjects.size(); i++)
                if (encoder.subject(i) == row) place.subject = (int)i;
            places.push_back(std::move(place));
        }
    }
    std::vector<Id> unchanged;
    for (const Step &step : question.steps)
        if (encoder.used(step.after))
            for (const Id row : constants.at(encoder.row_sort(step.before)))
                unchanged.push_back(encoder.unchanged(step, row));
    std::vector<Id> alike;
    for (const auto &[one, other] : question.alike) {
        const auto a = encoder.parameters().find(one), b = encoder.parameters().find(other);
        if (a != encoder.parameters().end() && b != encoder.parameters().end())
            alike.push_back(formulas.equal(a->second, b->second));
    }
    const auto is_later = [&](const Place &place) { return question.tables[(size_t)place.table].of >= 0; };
    const auto type_of = [&](int table, int column) -> const expr::Type & {
        return question.tables[(size_t)table].column(column)->type;
    };
    const Script script(formulas, Script::Names::numbered);
    const Script::Written texts = script.write(expanded);
    std::string asserted = script.declarations() + texts.definitions;
    for (const std::string &text : texts.assertions) asserted += text;
    child.put(asserted, "", false);
    if (child.said().outcome != Outcome::possible) return false;

    // Rows that it does without are left out, one after the other, and so are values: what is left is what matters, and
    // of NULL most functions that are not followed are known to be NULL.
    const auto keep_if_possible = [&](const std::string &condition) {
        if (text::trim(child.more(fmt::format("(push 1)\n(assert {})\n(check-sat)\n", condition), 1)) != "sat")
            (void)child.more("(pop 1)\n", -1);
    };
    for (const Id equal : alike) keep_if_possible(script.term(equal));
    for (const Id as_before : unchanged) keep_if_possible(script.term(as_before));
    for (const Place &place : places)
        if (place.subject < 0 && !is_later(place))
            keep_if_possible(fmt::format("(not {})", script.term(place.present)));
    for (const Place &place : places)
        for (const ColumnTerms &column : place.columns)
            if (question.tables[(size_t)place.table].column(column.column)->nullable)
                keep_if_possible(script.term(column.null));
    std::string asked;
    size_t expected = 0;
    const auto ask_for = [&](Id id) {
        asked += " " + script.term(id);
        expected++;
    };
    for (const Place &place : places) {
        ask_for(place.present);
        for (const ColumnTerms &column : place.columns) {
            ask_for(column.null);
            ask_for(column.value);
            ask_for(column.canonical);
        }
    }
    for (const Encoder::Literal &literal : encoder.literals()) {
        ask_for(literal.term);
        ask_for(literal.canonical);
    }
    for (const auto &[name, id] : encoder.parameters()) ask_for(id);
    // What is in the arrays: of everything that is looked for in any array of the type, whether it is in this one.
    std::map<std::string, std::vector<Id>> looked_for;
    for (Id id = 0; id < (Id)formulas.size(); id++) {
        const Formulas::Item &item = formulas.at(id);
        if (item.op != Op::apply || !item.free.empty() || item.parts.size() != 2) continue;
        for (const auto &[type, elements] : encoder.elements()) {
            std::vector<Id> &known = looked_for[type];
            if (item.text == elements.holds && known.size() < kMostElements &&
                std::find(known.begin(), known.end(), item.parts[1]) == known.end())
                known.push_back(item.parts[1]);
        }
    }
    for (const Place &place : places)
        for (const ColumnTerms &column : place.columns) {
            const auto elements = encoder.elements().find(type_of(place.table, column.column).name);
            if (elements == encoder.elements().end()) continue;
            ask_for(formulas.apply(elements->second.empty, {column.value}));
            ask_for(formulas.apply(elements->second.has_null, {column.value}));
            for (const Id element : looked_for[elements->first])
                ask_for(formulas.apply(elements->second.holds, {column.value, element}));
        }
    for (const auto &[type, list] : looked_for)
        for (const Id element : list) ask_for(element);
    const std::vector<Sexp> answer = read_sexps(child.more(fmt::format("(check-sat)\n(get-value ({}))\n", asked)));
    if (answer.size() != 2 || answer[0].word != "sat" || answer[1].list.size() != expected) return false;
    size_t at = 0;
    const auto next = [&]() -> const Sexp & {
        const Sexp &pair = answer[1].list[at++];
        if (!pair.is_list || pair.list.size() != 2) throw Error(Code::syntax, "the solver's answer makes no sense");
        return pair.list[1];
    };
    std::vector<ModelRow> result;
    std::map<std::string, std::map<std::string, int64_t>> numbers; // of unnamed values
    std::map<std::string, std::map<std::string, std::string>> named;
    struct Raw {
        size_t row;
        int column;
        std::string type, text, canonical;
        bool decimal;
    };
    std::vector<Raw> raw;
    for (const Place &place : places) {
        ModelRow row{place.table, place.subject, place.number, next().word == "true", {}};
        for (const ColumnTerms &column : place.columns) {
            ModelValue value;
            value.null = next().word == "true";
            const Sexp &given = next(), &canonical = next();
            const expr::Type &type = type_of(place.table, column.column);
            if (type.is_boolean())
                value.number = given.word == "true";
            else if (type.sort == expr::Sort::number)
                value.number = whole_number(given).value_or(0);
            else if (!value.null)
                raw.push_back({result.size(), column.column, type.name, written(given),
                               type.sort == expr::Sort::decimal ? decimal_text(canonical) : written(canonical),
                               type.sort == expr::Sort::decimal});
            row.values.emplace(column.column, value);
        }
        result.push_back(std::move(row));
    }
    std::map<std::string, std::map<std::string, std::string>> equal_to;
    std::map<std::string, std::map<std::string, int64_t>> equal_numbers;
    for (const Encoder::Literal &literal : encoder.literals()) {
        named[literal.type.name].emplace(written(next()), literal.text);
        equal_to[literal.type.name].emplace(written(next()), literal.text);
    }
    for (const auto &[name, id] : encoder.parameters()) reply.parameters[name] = whole_number(next()).value_or(0);
    for (const Raw &value : raw) {
        ModelValue &target = result[value.row].values.at(value.column);
        const auto &literals = named[value.type];
        if (const auto found = literals.find(value.text); found != literals.end()) {
            target.literal = found->second;
            continue;
        }
        // A value that = takes for a literal may be the literal, as far as = goes.
        const auto &classes = equal_to[value.type];
        if (const auto found = classes.find(value.canonical); found != classes.end()) {
            target.literal = found->second;
            continue;
        }
        if (value.decimal) {
            target.literal = value.canonical;
            continue;
        }
        auto &known = numbers[value.type];
        target.number = known.emplace(value.text, (int64_t)known.size() + 1).first->second;
        equal_numbers[value.type].emplace(value.canonical, target.number);
    }
    struct Lists {
        bool empty, has_null;
        std::vector<bool> holds;
    };
    std::vector<Lists> lists;
    for (const Place &place : places)
        for (const ColumnTerms &column : place.columns) {
            const std::string &type = type_of(place.table, column.column).name;
            if (!encoder.elements().contains(type)) continue;
            Lists &made = lists.emplace_back(Lists{next().word == "true", next().word == "true", {}});
            for (size_t i = 0; i < looked_for[type].size(); i++) made.holds.push_back(next().word == "true");
        }
    // What = takes for the same is the same element: which of those it is makes no difference to what is in an array.
    const auto element_of = [&](const expr::Type &type, const Sexp &given) {
        ModelValue value;
        const std::string text = type.sort == expr::Sort::decimal ? decimal_text(given) : written(given);
        auto &known = numbers[type.name];
        const auto &literals = type.coarse ? equal_to[type.name] : named[type.name];
        const auto &unnamed = type.coarse ? equal_numbers[type.name] : known;
        if (type.is_boolean())
            value.number = given.word == "true";
        else if (type.sort == expr::Sort::number)
            value.number = whole_number(given).value_or(0);
        else if (const auto found = literals.find(text); found != literals.end())
            value.literal = found->second;
        else if (type.sort == expr::Sort::decimal)
            value.literal = text;
        else if (const auto number = unnamed.find(text); number != unnamed.end())
            value.number = number->second;
        else
            value.number = known.emplace("= " + text, (int64_t)known.size() + 1).first->second;
        return value;
    };
    std::map<std::string, std::vector<ModelValue>> values;
    for (const auto &[type, list] : looked_for)
        for (size_t i = 0; i < list.size(); i++)
            values[type].push_back(element_of(encoder.elements().at(type).type, next()));
    size_t array = 0, number = 0;
    for (const Place &place : places) {
        for (const ColumnTerms &column : place.columns) {
            const auto elements = encoder.elements().find(type_of(place.table, column.column).name);
            if (elements == encoder.elements().end()) continue;
            const Lists &in = lists.at(array++);
            ModelValue &target = result[number].values.at(column.column);
            if (target.null || target.literal) continue;
            target.lists = true;
            target.element_type = elements->second.type;
            if (in.empty) continue;
            for (size_t i = 0; i < in.holds.size(); i++)
                if (in.holds[i]) target.elements.push_back(values[elements->first].at(i));
            if (in.has_null) target.elements.emplace_back().null = true;
            // Something is in it, and nothing that anybody looks for.
            if (target.elements.empty()) target.elements.emplace_back().number = kSomethingElse;
        }
        number++;
    }
    std::erase_if(result, [](const ModelRow &row) { return !row.present && row.subject < 0; });
    reply.rows = std::move(result);
    return true;
}

} // namespace rlsproof::prove
