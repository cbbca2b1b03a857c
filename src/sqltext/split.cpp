// Statements by their semicolons, as psql finds them, except that an open bracket holds a statement together only where
// the grammar allows semicolons in brackets: in CREATE RULE.
#include "sqltext/sqltext.hpp"

#include <cctype>

#include "sqltext/library.hpp"

namespace rlsproof::sqltext {

namespace {

std::string word(const std::string &sql, const Token &token) {
    if (token.kind != Kind::keyword && token.kind != Kind::reserved) return {};
    std::string text = sql.substr(token.start, token.end - token.start);
    for (char &c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

// Follows one statement token by token.
class Follower {
public:
    // True where the token is a semicolon that ends the statement.
    bool ends(const std::string &sql, const Token &token) {
        const std::string text = word(sql, token);
        if (token.kind == Kind::other) return punctuation(sql, token);
        if (count_++ < kHeadWords) head_ += text + ' ';
        if (is_routine()) routine(text);
        previous_ = text;
        return false;
    }

private:
    static constexpr int kHeadWords = 4;

    bool punctuation(const std::string &sql, const Token &token) {
        previous_.clear();
        if (token.end - token.start != 1) return false;
        switch (sql[token.start]) {
        case '(': ++brackets_; return false;
        case ')': brackets_ -= brackets_ > 0; return false;
        case ';': return blocks_ == 0 && (brackets_ == 0 || !is_rule());
        default: return false;
        }
    }
    bool is_rule() const { return head_.starts_with("create rule ") || head_.starts_with("create or replace rule "); }
    bool is_routine() const {
        for (const char *head :
             {"create function ", "create procedure ", "create or replace function ", "create or replace procedure "})
            if (head_.starts_with(head)) return true;
        return false;
    }
    // BEGIN ATOMIC ... END holds statements, and CASE ... END inside it ends with the same word.
    void routine(const std::string &text) {
        if (text == "atomic" && previous_ == "begin" && blocks_ == 0)
            blocks_ = 1;
        else if (text == "case" && blocks_ > 0)
            ++blocks_;
        else if (text == "end" && blocks_ > 0)
            --blocks_;
    }

    std::string head_;
    std::string previous_;
    int count_ = 0;
    int brackets_ = 0;
    int blocks_ = 0;
};

} // namespace

std::vector<Statement> split(const std::string &sql) {
    check_text(sql);
    std::vector<Statement> statements;
    Statement current;
    Follower follower;
    const auto finish = [&] {
        if (current.length > 0) statements.push_back(current);
        current = {};
        follower = {};
    };
    for (const Token &token : scan(sql)) {
        if (token.kind == Kind::comment) continue;
        if (follower.ends(sql, token)) {
            finish();
            continue;
        }
        if (current.length == 0) current.start = token.start;
        current.length = token.end - current.start;
    }
    finish();
    return statements;
}

Statement prepared(const std::string &sql) {
    check_text(sql);
    const Statement whole{0, sql.size()};
    int seen = 0; // of PREPARE and the name
    int brackets = 0;
    for (const Token &token : scan(sql)) {
        if (token.kind == Kind::comment) continue;
        if (seen == 0 && word(sql, token) != "prepare") return whole;
        // PREPARE TRANSACTION is another statement.
        if (seen == 1 && word(sql, token) == "transaction") return whole;
        if (seen++ < 2) continue;
        if (word(sql, token) == "as" && brackets == 0) return {token.end, sql.size() - token.end};
        if (token.kind == Kind::other && sql[token.start] == '(') ++brackets;
        if (token.kind == Kind::other && sql[token.start] == ')') --brackets;
    }
    return whole;
}

} // namespace rlsproof::sqltext
