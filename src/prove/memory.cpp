#include "prove/memory.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.hpp"

#include "prove/answer.hpp"
#include "prove/encode.hpp"

namespace rlsproof::prove {

namespace {

// Raised when an answer comes to mean something else: what a solver is told before the question, how its answer is
// read.
constexpr int kForm = 4;

// Letters and digits only: values may hold anything, and the reader knows no escapes.
std::string hexadecimal(const std::string &text) {
    std::string result = "x";
    for (const unsigned char c : text) result += fmt::format("{:02x}", c);
    return result;
}

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string plain(const Sexp &word) {
    const std::string &text = word.word;
    if (word.is_list || text.size() % 2 != 1 || text[0] != 'x') throw Error(Code::syntax, "no text");
    std::string result;
    for (size_t i = 1; i < text.size(); i += 2) {
        const int high = digit(text[i]), low = digit(text[i + 1]);
        if (high < 0 || low < 0) throw Error(Code::syntax, "no text");
        result += (char)(high * 16 + low);
    }
    return result;
}

int64_t number(const Sexp &sexp) {
    const std::optional<int64_t> value = whole_number(sexp);
    if (!value) throw Error(Code::syntax, "no number");
    return *value;
}

const std::vector<Sexp> &list(const Sexp &sexp, size_t least) {
    if (!sexp.is_list || sexp.list.size() < least) throw Error(Code::syntax, "no list");
    return sexp.list;
}

std::string whole(int64_t value) {
    // The least of all has no positive twin.
    return value < 0 && value != INT64_MIN ? fmt::format("(- {})", -value) : fmt::format("{}", value);
}

// What of a question an answer may speak of, by place.
struct Places {
    Places(const Question &question, const Encoder &encoder) {
        for (size_t i = 0; i < question.tables.size(); i++)
            if (encoder.used((int)i)) tables.push_back((int)i);
        for (const auto &[name, id] : encoder.parameters()) parameters.push_back(name);
    }
    std::vector<int> tables;
    std::vector<std::string> parameters;
};

template <typename List, typename What>
size_t place_of(const List &list, const What &what) {
    const auto found = std::find(list.begin(), list.end(), what);
    if (found == list.end()) throw Error(Code::internal, "an answer about something that was not in question");
    return (size_t)(found - list.begin());
}

// Raises Error{syntax} where there are not so many.
template <typename List>
const auto &at_place(const List &list, const Sexp &place) {
    const int64_t n = number(place);
    if (n < 0 || n >= (int64_t)list.size()) throw Error(Code::syntax, "no such place");
    return list[(size_t)n];
}

// number 7 | null | literal 2 0 | text x312e35 0 | list (number 7) (null)
std::string value_text(const ModelValue &value, const expr::Type &type, const Encoder &encoder) {
    if (value.null) return "null";
    if (value.lists) {
        std::string text = "list";
        for (const ModelValue &element : value.elements)
            text += fmt::format(" ({})", value_text(element, value.element_type, encoder));
        return text;
    }
    if (!value.literal) return fmt::format("number {}", whole(value.number));
    const auto &literals = encoder.literals();
    const auto known = std::find_if(literals.begin(), literals.end(), [&](const Encoder::Literal &literal) {
        return literal.type.name == type.name && literal.text == *value.literal;
    });
    // A number may be none of them.
    return known != literals.end() ? fmt::format("literal {} {}", known - literals.begin(), whole(value.number))
                                   : fmt::format("text {} {}", hexadecimal(*value.literal), whole(value.number));
}

// What is written from this part of the list on.
ModelValue value_of(const Sexp &sexp, size_t from, const expr::Type &type, const Encoder &encoder) {
    ModelValue value;
    const std::string &form = list(sexp, from + 1)[from].word;
    if (form == "null") {
        value.null = true;
    } else if (form == "list") {
        const auto known = encoder.elements().find(type.name);
        if (known == encoder.elements().end()) throw Error(Code::syntax, "no array");
        value.lists = true;
        value.element_type = known->second.type;
        for (size_t i = from + 1; i < sexp.list.size(); i++)
            value.elements.push_back(value_of(sexp.list[i], 0, value.element_type, encoder));
    } else if (form == "literal" || form == "text") {
        const std::vector<Sexp> &parts = list(sexp, from + 3);
        value.literal = form == "text" ? plain(parts[from + 1]) : at_place(encoder.literals(), parts[from + 1]).text;
        value.number = number(parts[from + 2]);
    } else {
        value.number = number(list(sexp, from + 2)[from + 1]);
    }
    return value;
}

// (row 0 -1 2 true (3 number 7) (4 null) (5 literal 2 0) (6 text x312e35 0))
std::string row_text(const ModelRow &row, const Question &question, const Encoder &encoder, const Places &places) {
    std::string text = fmt::format("(row {} {} {} {}", place_of(places.tables, row.table), whole(row.subject),
                                   row.number, row.present);
    const std::vector<int> columns = encoder.used_columns(row.table);
    for (const auto &[column, value] : row.values)
        text += fmt::format(" ({} {})", place_of(columns, column),
                            value_text(value, question.tables[(size_t)row.table].column(column)->type, encoder));
    return text + ")";
}

ModelRow row_of(const std::vector<Sexp> &parts, const Question &question, const Encoder &encoder,
                const Places &places) {
    ModelRow row;
    row.table = at_place(places.tables, parts[1]);
    row.subject = (int)number(parts[2]);
    row.number = (int)number(parts[3]);
    row.present = parts[4].word == "true";
    if (row.subject < -1 || row.subject >= (int)question.subjects.size())
        throw Error(Code::syntax, "no such row in question");
    const std::vector<int> columns = encoder.used_columns(row.table);
    for (size_t i = 5; i < parts.size(); i++) {
        const std::vector<Sexp> &given = list(parts[i], 2);
        const int column = at_place(columns, given[0]);
        const expr::Type &type = question.tables[(size_t)row.table].column(column)->type;
        row.values.emplace(column, value_of(parts[i], 1, type, encoder));
    }
    return row;
}

} // namespace

std::string identity(const Question &question, const Encoder &encoder, const Script &script,
                     const std::string &declarations, const Script::Written &written) {
    const Places places(question, encoder);
    std::string text = fmt::format("form {}\n", kForm);
    for (const int table : places.tables) {
        text += "table ";
        text += script.sort(encoder.row_sort(table));
        for (const int column : encoder.used_columns(table))
            text.append(" ").append(script.symbol(encoder.column_symbol(table, column)));
        text += "\n";
    }
    for (size_t i = 0; i < question.subjects.size(); i++) {
        const Subject &subject = question.subjects[i];
        text += fmt::format("subject {} {} {}\n", script.term(encoder.subject(i)), subject.present, subject.replaces);
    }
    for (const Encoder::Literal &literal : encoder.literals())
        text += fmt::format("literal {}\n", script.term(literal.term));
    for (const auto &[type, elements] : encoder.elements())
        text += fmt::format("array {} {} {}\n", script.symbol(elements.holds), script.symbol(elements.empty),
                            script.symbol(elements.has_null));
    for (const std::string &name : places.parameters)
        text += fmt::format("parameter {}\n", script.symbol(encoder.parameter_symbol(name)));
    text.append(declarations).append(written.definitions);
    for (size_t i = 0; i < written.assertions.size(); i++) {
        const Assertion &a = encoder.assertions()[i];
        text.append(a.axiom ? "given " : "asked ").append(a.bad ? "bad " : "").append(a.alone ? "alone " : "");
        text += written.assertions[i];
    }
    return text;
}

std::string remembered(const Reply &reply, const Question &question, const Encoder &encoder) {
    const std::vector<Assertion> &stated = encoder.assertions();
    if (reply.outcome == Outcome::impossible) {
        std::string text = reply.vacuous ? "(impossible vacuous" : "(impossible something";
        for (size_t i = 0; i < stated.size(); i++)
            if (std::find(reply.rests_on.begin(), reply.rests_on.end(), stated[i].name) != reply.rests_on.end())
                text += fmt::format(" {}", i);
        return text + ")";
    }
    const Places places(question, encoder);
    std::string text = "(possible";
    for (const ModelRow &row : reply.rows) text += " " + row_text(row, question, encoder, places);
    for (const auto &[name, value] : reply.parameters)
        text += fmt::format(" (parameter {} {})", place_of(places.parameters, name), whole(value));
    return text + ")";
}

bool recall(const std::string &answer, const Question &question, const Encoder &encoder, Reply &reply) {
    try {
        const std::vector<Sexp> read = read_sexps(answer);
        if (read.size() != 1) return false;
        const std::vector<Sexp> &parts = list(read[0], 1);
        const Places places(question, encoder);
        Reply found;
        if (parts[0].word == "impossible") {
            found.outcome = Outcome::impossible;
            const std::string &about = list(read[0], 2)[1].word;
            if (about != "vacuous" && about != "something") return false;
            found.vacuous = about == "vacuous";
            for (size_t i = 2; i < parts.size(); i++) {
                const Assertion &on = at_place(encoder.assertions(), parts[i]);
                if (!on.axiom) return false;
                found.rests_on.push_back(on.name);
            }
        } else if (parts[0].word == "possible") {
            found.outcome = Outcome::possible;
            for (size_t i = 1; i < parts.size(); i++) {
                const std::vector<Sexp> &part = list(parts[i], 3);
                if (part[0].word == "row")
                    found.rows.push_back(row_of(list(parts[i], 5), question, encoder, places));
                else if (part[0].word == "parameter")
                    found.parameters[at_place(places.parameters, part[1])] = number(part[2]);
                else
                    return false;
            }
        } else {
            return false;
        }
        reply.outcome = found.outcome;
        reply.rests_on = std::move(found.rests_on);
        reply.vacuous = found.vacuous;
        reply.rows = std::move(found.rows);
        reply.parameters = std::move(found.parameters);
        return true;
    } catch (const Error &) {
        return false;
    }
}

} // namespace rlsproof::prove
