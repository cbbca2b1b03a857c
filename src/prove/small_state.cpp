#include "prove/small_state.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

#include "prove/answer.hpp"
#include "prove/encode.hpp"
#include "prove/smtlib.hpp"

namespace rlsproof::prove {

namespace {

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
    const auto elements = encoder.make_elements(rows);
    std::vector<Assertion> expanded;
    for (const Assertion &a : encoder.assertions())
        expanded.push_back({a.name, formulas.expand(a.formula, elements), a.axiom, a.bad, a.alone});
    expanded.push_back({"rows are different rows", encoder.elements_distinct(), true});

    struct Place {
        int table;
        int subject;
        Id row, present;
        std::vector<ColumnTerms> columns;
    };
    std::vector<Place> places;
    for (size_t table = 0; table < question.tables.size(); table++) {
        if (!encoder.used((int)table)) continue;
        for (const Id row : elements.at(encoder.row_sort((int)table))) {
            Place place{(int)table, -1, row, encoder.present((int)table, row), encoder.columns_of((int)table, row)};
            for (size_t i = 0; i < question.subjects.size(); i++)
                if (encoder.subject(i) == row) place.subject = (int)i;
            places.push_back(std::move(place));
        }
    }
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
    for (const Place &place : places)
        if (place.subject < 0) keep_if_possible(fmt::format("(not {})", script.term(place.present)));
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
        ModelRow row{place.table, place.subject, next().word == "true", {}};
        for (const ColumnTerms &column : place.columns) {
            ModelValue value;
            value.null = next().word == "true";
            const Sexp &given = next(), &canonical = next();
            const expr::Type &type = question.tables[(size_t)place.table].column(column.column)->type;
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
    }
    std::erase_if(result, [](const ModelRow &row) { return !row.present && row.subject < 0; });
    reply.rows = std::move(result);
    return true;
}

} // namespace rlsproof::prove
