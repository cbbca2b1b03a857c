#include "sqltext/json.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace rlsproof::sqltext {

namespace {

constexpr int kDeepest = 500;

const Json kNothing;
const std::string kNoName;

void append_code_point(std::string &text, unsigned code) {
    if (code < 0x80) {
        text += (char)code;
    } else if (code < 0x800) {
        text += (char)(0xC0 | (code >> 6));
        text += (char)(0x80 | (code & 0x3F));
    } else {
        text += (char)(0xE0 | (code >> 12));
        text += (char)(0x80 | ((code >> 6) & 0x3F));
        text += (char)(0x80 | (code & 0x3F));
    }
}

class Reader {
public:
    explicit Reader(const std::string &text) : text_(text) {}

    Json all() {
        Json result = value(0);
        if (skip() != '\0') fail();
        return result;
    }

private:
    [[noreturn]] static void fail() { throw Error(Code::syntax, "the parser's answer does not parse"); }

    char skip() {
        at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
        return at_ < text_.size() ? text_[at_] : '\0';
    }

    void expect(char c) {
        if (skip() != c) fail();
        at_++;
    }

    Json value(int depth) {
        if (depth > kDeepest) fail();
        Json result;
        switch (skip()) {
        case '{':
            result.kind = Json::Kind::object;
            at_++;
            while (skip() != '}') {
                if (!result.members.empty()) expect(',');
                expect('"');
                std::string name = read_json_string(text_, at_);
                expect(':');
                result.members.push_back({std::move(name), value(depth + 1)});
            }
            at_++;
            return result;
        case '[':
            result.kind = Json::Kind::array;
            at_++;
            while (skip() != ']') {
                if (!result.items.empty()) expect(',');
                result.items.push_back(value(depth + 1));
                // The parser of 18 writes what a trigger knows of itself, TG_OP and its like, as {}}.
                const Json &last = result.items.back();
                if (last.kind == Json::Kind::object && last.members.empty() && skip() == '}') at_++;
            }
            at_++;
            return result;
        case '"':
            at_++;
            result.kind = Json::Kind::string;
            result.text = read_json_string(text_, at_);
            return result;
        default: {
            const size_t end = std::min(text_.find_first_of(",:]}[{\" \t\r\n", at_), text_.size());
            if (end == at_) fail();
            result.text = text_.substr(at_, end - at_);
            at_ = end;
            return result;
        }
        }
    }

    const std::string &text_;
    size_t at_ = 0;
};

} // namespace

const Json &Json::operator[](const char *name) const {
    for (const auto &[known, value] : members)
        if (known == name) return value;
    return kNothing;
}

bool Json::has(const char *name) const {
    return std::any_of(members.begin(), members.end(), [&](const auto &member) { return member.first == name; });
}

const std::string &Json::only_name() const {
    return members.size() == 1 ? members.front().first : kNoName;
}

const Json &Json::only() const {
    return members.size() == 1 ? members.front().second : kNothing;
}

Json read_json(const std::string &text) {
    return Reader(text).all();
}

std::string read_json_string(const std::string &json, size_t &position) {
    std::string text;
    while (position < json.size() && json[position] != '"') {
        char c = json[position++];
        if (c != '\\' || position >= json.size()) {
            text += c;
            continue;
        }
        c = json[position++];
        switch (c) {
        case 'n': text += '\n'; break;
        case 't': text += '\t'; break;
        case 'r': text += '\r'; break;
        case 'b': text += '\b'; break;
        case 'f': text += '\f'; break;
        case 'u':
            append_code_point(text, (unsigned)std::stoul(json.substr(position, 4), nullptr, 16));
            position += 4;
            break;
        default: text += c;
        }
    }
    position++;
    return text;
}

} // namespace rlsproof::sqltext
