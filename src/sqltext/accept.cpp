#include "sqltext/accept.hpp"

#include <algorithm>

namespace rlsproof::sqltext {

namespace {

// A parameter on trial. An empty string and the number one both fit into the two bytes that every parameter has.
struct Trial {
    Token token;
    std::string before; // the text of the token before it: what is said there decides what the grammar wants
    bool number = false;
    bool string_refused = false;
    bool number_refused = false;
};

void put(std::string &text, const Trial &trial) {
    const size_t length = trial.token.end - trial.token.start;
    std::string constant = trial.number ? "1" : "''";
    constant.resize(length, ' ');
    text.replace(trial.token.start, length, constant);
}

std::vector<Trial> trials_of(const std::string &sql, const std::vector<Token> &tokens) {
    std::vector<Trial> trials;
    std::string before;
    for (const Token &token : tokens) {
        if (token.kind == Kind::parameter) {
            trials.push_back({token, before});
            before.clear();
        } else {
            before = sql.substr(token.start, std::min<size_t>(token.end - token.start, 20));
        }
    }
    return trials;
}

// How many bytes may be parsed in search of a text that fits: a statement made to be costly is refused instead.
constexpr size_t kWork = size_t{32} * 1024 * 1024;

} // namespace

std::string accept(const std::string &sql, const std::vector<Token> &tokens) {
    const std::optional<Error> first = mistake(sql);
    if (!first) return sql;

    std::vector<Trial> trials = trials_of(sql, tokens);
    const auto at = [&](const Error &error) {
        const size_t byte = byte_of(sql, error.position);
        return std::find_if(trials.begin(), trials.end(), [&](const Trial &t) { return t.token.start == byte; });
    };
    if (first->position <= 0 || at(*first) == trials.end()) throw *first;

    std::string text = sql;
    for (const Trial &trial : trials) put(text, trial);
    for (size_t work = sql.size(); work < kWork; work += sql.size()) {
        const std::optional<Error> error = mistake(text);
        if (!error) return text;
        const auto refused = at(*error);
        if (refused == trials.end()) throw *error;
        (refused->number ? refused->number_refused : refused->string_refused) = true;
        if (refused->number_refused && refused->string_refused) throw *first;
        refused->number = !refused->number;
        put(text, *refused);
        // What stands after the same word is most likely the same: a list of enum labels is settled in one step.
        for (Trial &trial : trials) {
            if (trial.before != refused->before || trial.number_refused || trial.string_refused) continue;
            trial.number = refused->number;
            put(text, trial);
        }
    }
    throw *first;
}

} // namespace rlsproof::sqltext
