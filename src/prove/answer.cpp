#include "prove/answer.hpp"

#include <charconv>

#include "base/error.hpp"

namespace rlsproof::prove {

namespace {

constexpr int kDeepest = 400;

class Reader {
public:
    explicit Reader(const std::string &text) : text_(text) {}

    std::vector<Sexp> all() {
        std::vector<Sexp> result;
        for (skip(); at_ < text_.size(); skip()) result.push_back(one(0));
        return result;
    }

private:
    void skip() {
        while (at_ < text_.size()) {
            if (text_[at_] == ';')
                while (at_ < text_.size() && text_[at_] != '\n') at_++;
            else if (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')
                at_++;
            else
                break;
        }
    }

    Sexp one(int depth) {
        if (depth > kDeepest) throw Error(Code::limit, "the solver's answer is nested too deep");
        Sexp result;
        const char c = text_[at_];
        if (c == ')') throw Error(Code::syntax, "the solver's answer does not parse");
        if (c == '(') {
            result.is_list = true;
            at_++;
            for (skip(); at_ < text_.size() && text_[at_] != ')'; skip()) result.list.push_back(one(depth + 1));
            if (at_ >= text_.size()) throw Error(Code::syntax, "the solver's answer ends in the middle");
            at_++;
            return result;
        }
        if (c == '|' || c == '"') {
            const size_t end = text_.find(c, at_ + 1);
            if (end == std::string::npos) throw Error(Code::syntax, "the solver's answer ends in the middle");
            result.word = text_.substr(at_ + 1, end - at_ - 1);
            at_ = end + 1;
            return result;
        }
        const size_t end = text_.find_first_of("() \n\t\r;\"|", at_);
        const size_t stop = end == std::string::npos ? text_.size() : end;
        result.word = text_.substr(at_, stop - at_);
        at_ = stop;
        return result;
    }

    const std::string &text_;
    size_t at_ = 0;
};

} // namespace

std::vector<Sexp> read_sexps(const std::string &text) {
    return Reader(text).all();
}

std::string written(const Sexp &sexp) {
    if (!sexp.is_list) return sexp.word;
    std::string text;
    for (const Sexp &part : sexp.list) text += (text.empty() ? "" : " ") + written(part);
    return "(" + text + ")";
}

std::optional<int64_t> whole_number(const Sexp &sexp) {
    if (sexp.is_list) {
        if (sexp.list.size() != 2 || sexp.list[0].word != "-" || sexp.list[1].is_list) return std::nullopt;
        const std::optional<int64_t> positive = whole_number(sexp.list[1]);
        return positive ? std::optional<int64_t>(-*positive) : std::nullopt;
    }
    int64_t value = 0;
    const char *const begin = sexp.word.data(), *const end = begin + sexp.word.size();
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error != std::errc() || stop != end) return std::nullopt;
    return value;
}

} // namespace rlsproof::prove
