// Writes indented JSON: keys come out in the order they are given, so the same report is the same text. Commas, quotes
// and escapes are taken care of; opening and closing in pairs is up to the caller.
#pragma once

#include <string>
#include <string_view>

#include "base/text.hpp"

#include "base/core_only.hpp"

namespace rlsproof::report {

class JsonWriter {
public:
    JsonWriter &key(std::string_view name) {
        next();
        out_ += text::json(name) + ": ";
        after_key_ = true;
        return *this;
    }
    void value(std::string_view text) { scalar(text::json(text)); }
    void value(const char *text) { value(std::string_view(text)); }
    void value(size_t number) { scalar(std::to_string(number)); }
    void value(bool yes) { scalar(yes ? "true" : "false"); }

    template <typename T>
    void member(std::string_view name, const T &v) {
        key(name).value(v);
    }
    // Nothing where there is nothing to say.
    void member_if(std::string_view name, std::string_view text) {
        if (!text.empty()) member(name, text);
    }

    void open_object() { open('{'); }
    void open_array() { open('['); }
    void open_object(std::string_view name) { key(name).open('{'); }
    void open_array(std::string_view name) { key(name).open('['); }
    void close_object() { close('}'); }
    void close_array() { close(']'); }

    // The finished text, with a newline at its end.
    std::string take() { return std::move(out_) + '\n'; }

private:
    void next() {
        if (after_key_) {
            after_key_ = false;
            return;
        }
        if (!first_) out_ += ',';
        if (depth_ > 0) out_ += '\n' + std::string(2 * depth_, ' ');
        first_ = false;
    }
    void scalar(std::string_view text) {
        next();
        out_ += text;
    }
    void open(char bracket) {
        next();
        out_ += bracket;
        ++depth_;
        first_ = true;
    }
    void close(char bracket) {
        --depth_;
        if (!first_) out_ += '\n' + std::string(2 * depth_, ' ');
        out_ += bracket;
        first_ = false;
    }

    std::string out_;
    size_t depth_ = 0;
    bool first_ = true;
    bool after_key_ = false;
};

} // namespace rlsproof::report
