#include "base/pattern.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace rlsproof::text {

namespace {

constexpr size_t kMostRepeats = 64;
constexpr int kMostDepth = 16;
constexpr size_t kLongest = 400;
constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-. @:/#+";
constexpr std::string_view kWord = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kUuid = "5ca1ab1e-0000-4000-8000-000000000000"; // with a number at its end
constexpr std::string_view kHex = "0123456789abcdef";
constexpr size_t kMostNumbered = 1000000;
constexpr size_t kMostHex = 23; // digits, letters in both cases, and the dash

// Reads the expression from left to right and writes a text as it goes. `seed` chooses among what is equally good, and
// `extra` is how often more than it must be something is repeated.
class Sampler {
public:
    Sampler(std::string_view pattern, size_t seed, size_t extra) : rest_(pattern), seed_(seed), extra_(extra) {}

    bool run(std::string &made) {
        if (rest_.starts_with("(?i)")) rest_.remove_prefix(4);
        return alternatives(made, 0) && rest_.empty() && made.size() <= kLongest;
    }

private:
    // The first of several alternatives counts; the others are read and left out.
    bool alternatives(std::string &made, int depth) {
        if (depth > kMostDepth || !sequence(made, depth)) return false;
        while (!rest_.empty() && rest_.front() == '|') {
            rest_.remove_prefix(1);
            std::string other;
            if (!sequence(other, depth)) return false;
        }
        return true;
    }

    bool sequence(std::string &made, int depth) {
        while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
            const std::string_view start = rest_;
            std::string once;
            if (!item(once, depth)) return false;
            const std::string_view what = start.substr(0, start.size() - rest_.size());
            size_t least = 1, most = 1;
            if (!quantifier(least, most)) return false;
            const size_t count = least == most ? least : std::min(most, least + extra_);
            if (count > kMostRepeats) return false;
            // [0-9a-f-]{36} is how a UUID is asked for; anything else of that kind is none, and will not be cast to
            // one.
            if (count == kUuid.size() && what.starts_with('[') && is_hex_with_dash(members_)) {
                made += kUuid;
                for (size_t at = made.size(), left = seed_ % kMostNumbered; left > 0; left /= 16)
                    made[--at] = kHex[left % 16];
                continue;
            }
            if (count > 0) made += once;
            for (size_t i = 1; i < count; i++) {
                // Each time anew, so that the choices differ.
                const std::string_view after = std::exchange(rest_, what);
                std::string again;
                if (!item(again, depth)) return false;
                rest_ = after;
                made += again;
            }
            if (made.size() > kLongest) return false;
        }
        return true;
    }

    bool item(std::string &made, int depth) {
        const char c = take();
        switch (c) {
        case '^':
        case '$': return true;
        case '.': made += choose(kPlain); return true;
        case '[': return set(made);
        case '(': return group(made, depth);
        case '\\': return escape(made);
        case '*':
        case '+':
        case '?':
        case '{': return false;
        default: made += c; return true;
        }
    }

    bool group(std::string &made, int depth) {
        bool left_out = false;
        if (rest_.starts_with("?:"))
            rest_.remove_prefix(2);
        else if (rest_.starts_with("?!") || rest_.starts_with("?<!"))
            left_out = true; // what must not come: hoped to be unlikely
        else if (rest_.starts_with("?"))
            return false;
        if (left_out) rest_.remove_prefix(rest_.starts_with("?!") ? 2 : 3);
        std::string inside;
        if (!alternatives(inside, depth + 1) || rest_.empty()) return false;
        rest_.remove_prefix(1);
        if (!left_out) made += inside;
        return true;
    }

    bool escape(std::string &made) {
        if (rest_.empty()) return false;
        const char c = take();
        switch (c) {
        case 'd': made += choose(kDigits); return true;
        case 'w': made += choose(kWord); return true;
        case 's': made += ' '; return true;
        case 'D':
        case 'W':
        case 'S': made += c == 'W' ? '-' : 'a'; return true;
        case 'm':
        case 'M':
        case 'y':
        case 'A':
        case 'Z': return true;
        default:
            if (isalnum((unsigned char)c)) return false;
            made += c;
            return true;
        }
    }

    // What stands between brackets, from behind the opening one.
    bool set(std::string &made) {
        const bool negated = rest_.starts_with("^");
        if (negated) rest_.remove_prefix(1);
        std::string members;
        for (bool first = true; !rest_.empty() && (first || rest_.front() != ']'); first = false) {
            if (rest_.starts_with("[:")) {
                if (!named(members)) return false;
                continue;
            }
            char from = take();
            if (from == '\\') {
                if (rest_.empty()) return false;
                from = take();
                if (from == 'd' || from == 'w') {
                    members += from == 'd' ? kDigits : kWord;
                    continue;
                }
                if (from == 's') from = ' ';
            }
            if (rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']') {
                rest_.remove_prefix(1);
                char to = take();
                if (to == '\\' && !rest_.empty()) to = take();
                for (int c = (unsigned char)from; c <= (unsigned char)to; c++) members += (char)c;
            } else {
                members += from;
            }
        }
        if (rest_.empty()) return false;
        rest_.remove_prefix(1);
        if (negated) {
            std::string others;
            for (const char c : kPlain)
                if (members.find(c) == members.npos) others += c;
            members = others;
        }
        if (members.empty()) return false;
        made += choose(members);
        members_ = members;
        return true;
    }

    bool named(std::string &members) {
        const size_t end = rest_.find(":]");
        if (end == rest_.npos) return false;
        const std::string_view name = rest_.substr(2, end - 2);
        rest_.remove_prefix(end + 2);
        if (name == "digit")
            members += kDigits;
        else if (name == "space")
            members += ' ';
        else if (name == "upper")
            members += kWord.substr(26, 26);
        else if (name == "lower" || name == "alpha" || name == "alnum")
            members += kWord.substr(0, 26);
        else
            return false;
        return true;
    }

    bool quantifier(size_t &least, size_t &most) {
        if (rest_.empty()) return true;
        const char c = rest_.front();
        if (c == '*' || c == '+' || c == '?') {
            rest_.remove_prefix(1);
            least = c == '+' ? 1 : 0;
            most = c == '?' ? 1 : kMostRepeats;
        } else if (c == '{') {
            const size_t end = rest_.find('}');
            if (end == rest_.npos) return false;
            const std::string_view range = rest_.substr(1, end - 1);
            rest_.remove_prefix(end + 1);
            const size_t comma = range.find(',');
            if (!number(range.substr(0, comma), least)) return false;
            most = least;
            if (comma != range.npos) {
                most = kMostRepeats;
                if (comma + 1 < range.size() && !number(range.substr(comma + 1), most)) return false;
            }
        }
        if (rest_.starts_with("?")) rest_.remove_prefix(1); // as few as possible
        return least <= most;
    }

    static bool number(std::string_view digits, size_t &value) {
        value = 0;
        if (digits.empty() || digits.size() > 3) return false;
        for (const char c : digits) {
            if (!isdigit((unsigned char)c)) return false;
            value = value * 10 + (size_t)(c - '0');
        }
        return true;
    }

    char choose(std::string_view from) {
        const char chosen = from[seed_ % from.size()];
        seed_ = seed_ / from.size();
        return chosen;
    }

    char take() {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }

    static bool is_hex_with_dash(const std::string &members) {
        const auto is_in = [&](char c) { return members.find(c) != members.npos; };
        return is_in('-') && std::all_of(kHex.begin(), kHex.end(), is_in) && members.size() <= kMostHex;
    }

    std::string_view rest_;
    std::string members_; // of the set that was read last
    size_t seed_;
    size_t extra_;
};

} // namespace

std::vector<std::string> samples_of_pattern(std::string_view pattern, size_t seed) {
    std::vector<std::string> samples;
    for (const size_t extra : {0, 2, 4, 8})
        for (const size_t more : {0, 1, 2}) {
            std::string made;
            if (!Sampler(pattern, seed + more, extra).run(made)) return samples;
            if (std::find(samples.begin(), samples.end(), made) == samples.end()) samples.push_back(made);
        }
    return samples;
}

} // namespace rlsproof::text
