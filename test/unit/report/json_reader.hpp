// A strict reader of JSON, small enough to be read: what it takes is JSON. For tests.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace rlsproof::report {

struct Json {
    enum class Kind { null, boolean, number, string, array, object } kind = Kind::null;
    bool boolean = false;
    double number = 0;
    std::string string;
    std::vector<Json> array;
    std::map<std::string, Json> object;
    std::vector<std::string> keys; // of an object, as written

    bool has(const std::string &key) const { return object.contains(key); }
    const Json &operator[](const std::string &key) const {
        if (!has(key)) throw std::runtime_error("no member " + key);
        return object.at(key);
    }
    const Json &operator[](size_t i) const { return array.at(i); }
    size_t size() const { return array.size(); }
};

class JsonReader {
public:
    static Json read(std::string_view text) {
        JsonReader r{text};
        Json j = r.value();
        r.blanks();
        if (r.at_ != text.size()) r.fail("something after the end");
        return j;
    }

private:
    explicit JsonReader(std::string_view text) : text_(text) {}

    [[noreturn]] void fail(const std::string &what) const {
        throw std::runtime_error(what + " at byte " + std::to_string(at_));
    }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void blanks() {
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
    }
    void expect(std::string_view word) {
        if (text_.substr(at_, word.size()) != word) fail("expected " + std::string(word));
        at_ += word.size();
    }

    Json value() {
        blanks();
        Json j;
        switch (peek()) {
        case '{': return members();
        case '[': return elements();
        case '"':
            j.kind = Json::Kind::string;
            j.string = string();
            return j;
        case 't':
        case 'f':
            j.kind = Json::Kind::boolean;
            j.boolean = peek() == 't';
            expect(j.boolean ? "true" : "false");
            return j;
        case 'n': expect("null"); return j;
        default: break;
        }
        const size_t start = at_;
        while (peek() >= '0' && peek() <= '9') ++at_;
        if (at_ == start || (text_[start] == '0' && at_ > start + 1)) fail("expected a value");
        j.kind = Json::Kind::number;
        j.number = std::stod(std::string(text_.substr(start, at_ - start)));
        return j;
    }

    std::string string() {
        expect("\"");
        std::string out;
        while (peek() != '"') {
            if (at_ >= text_.size()) fail("a string without an end");
            const text::CodePoint c = text::decode(text_, at_);
            if (!c.valid) fail("no UTF-8");
            if (c.value < 0x20) fail("a control character in a string");
            at_ += c.bytes;
            if (c.value != '\\') {
                text::append(out, c.value);
                continue;
            }
            const char e = peek();
            ++at_;
            const size_t plain = std::string_view("\"\\/bfnrt").find(e);
            if (e == 'u') {
                if (at_ + 4 > text_.size()) fail("a short escape");
                text::append(out, static_cast<char32_t>(std::stoul(std::string(text_.substr(at_, 4)), nullptr, 16)));
                at_ += 4;
            } else if (plain != std::string_view::npos) {
                out += "\"\\/\b\f\n\r\t"[plain];
            } else {
                fail("no such escape");
            }
        }
        ++at_;
        return out;
    }

    Json elements() {
        Json j;
        j.kind = Json::Kind::array;
        expect("[");
        blanks();
        while (peek() != ']') {
            if (!j.array.empty()) expect(",");
            j.array.push_back(value());
            blanks();
        }
        ++at_;
        return j;
    }

    Json members() {
        Json j;
        j.kind = Json::Kind::object;
        expect("{");
        blanks();
        while (peek() != '}') {
            if (!j.keys.empty()) expect(",");
            blanks();
            const std::string key = string();
            blanks();
            expect(":");
            if (!j.object.emplace(key, value()).second) fail("the key " + key + " twice");
            j.keys.push_back(key);
            blanks();
        }
        ++at_;
        return j;
    }

    std::string_view text_;
    size_t at_ = 0;
};

} // namespace rlsproof::report
