#include "prove/memory.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

#include "prove/answer.hpp"
#include "prove/encode.hpp"
#include "prove/smtlib.hpp"

namespace rlsproof::prove {

namespace {

// Raised when an answer comes to mean something else: what a solver is told before the question, how its answer is
// read.
constexpr int kForm = 1;

// With its length, so that no two lists of names are one text.
std::string counted(const std::string &text) {
    return fmt::format("{}:{} ", text.size(), text);
}

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

// (row 0 -1 true (3 value x616263) (4 null))
std::string row_text(const ModelRow &row) {
    std::string text = fmt::format("(row {} {} {}", row.table, whole(row.subject), row.present);
    for (const auto &[column, value] : row.values) {
        if (value.null)
            text += fmt::format(" ({} null)", column);
        else if (value.literal)
            text += fmt::format(" ({} literal {} {})", column, hexadecimal(*value.literal), whole(value.number));
        else
            text += fmt::format(" ({} number {})", column, whole(value.number));
    }
    return text + ")";
}

ModelRow row_of(const std::vector<Sexp> &parts, const Question &question) {
    ModelRow row;
    row.table = (int)number(parts[1]);
    row.subject = (int)number(parts[2]);
    row.present = parts[3].word == "true";
    if (row.table < 0 || row.table >= (int)question.tables.size()) throw Error(Code::syntax, "no such table");
    if (row.subject < -1 || row.subject >= (int)question.subjects.size())
        throw Error(Code::syntax, "no such row in question");
    for (size_t i = 4; i < parts.size(); i++) {
        const std::vector<Sexp> &given = list(parts[i], 2);
        const int column = (int)number(given[0]);
        if (question.tables[(size_t)row.table].column(column) == nullptr) throw Error(Code::syntax, "no such column");
        ModelValue value;
        value.null = given[1].word == "null";
        if (given[1].word == "literal") {
            value.literal = plain(list(parts[i], 4)[2]);
            value.number = number(given[3]);
        } else if (!value.null) {
            value.number = number(list(parts[i], 3)[2]);
        }
        row.values.emplace(column, value);
    }
    return row;
}

} // namespace

std::string identity(const Question &question, const Formulas &formulas, const Encoder &encoder) {
    std::string text = fmt::format("form {}\nbad {}\n", kForm, question.bad);
    for (const Table &table : question.tables) {
        text += "table " + counted(table.name);
        for (const Column &column : table.columns)
            text += fmt::format("{} {}{}", column.number, counted(column.name), counted(column.type.name));
        text += "\n";
    }
    for (const Subject &subject : question.subjects)
        text += fmt::format("subject {} {} {}{}\n", subject.row.table, subject.present, counted(subject.name),
                            subject.replaces);
    for (size_t i = 0; i < encoder.assertions().size(); i++)
        if (encoder.assertions()[i].alone) text += fmt::format("alone {}\n", i);
    return text + declarations(formulas) + assertions(formulas, encoder.assertions());
}

std::string remembered(const Reply &reply) {
    if (reply.outcome == Outcome::impossible) {
        std::string text = reply.vacuous ? "(impossible vacuous" : "(impossible something";
        for (const std::string &name : reply.rests_on) text += " " + hexadecimal(name);
        return text + ")";
    }
    std::string text = "(possible";
    for (const ModelRow &row : reply.rows) text += " " + row_text(row);
    for (const auto &[name, value] : reply.parameters)
        text += fmt::format(" (parameter {} {})", hexadecimal(name), whole(value));
    return text + ")";
}

bool recall(const std::string &answer, const Question &question, Reply &reply) {
    try {
        const std::vector<Sexp> read = read_sexps(answer);
        if (read.size() != 1) return false;
        const std::vector<Sexp> &parts = list(read[0], 1);
        Reply found;
        if (parts[0].word == "impossible") {
            found.outcome = Outcome::impossible;
            const std::string &about = list(read[0], 2)[1].word;
            if (about != "vacuous" && about != "something") return false;
            found.vacuous = about == "vacuous";
            for (size_t i = 2; i < parts.size(); i++) found.rests_on.push_back(plain(parts[i]));
        } else if (parts[0].word == "possible") {
            found.outcome = Outcome::possible;
            for (size_t i = 1; i < parts.size(); i++) {
                const std::vector<Sexp> &part = list(parts[i], 3);
                if (part[0].word == "row")
                    found.rows.push_back(row_of(list(parts[i], 4), question));
                else if (part[0].word == "parameter")
                    found.parameters[plain(part[1])] = number(part[2]);
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
