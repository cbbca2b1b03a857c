#include "server/call_ranges.hpp"

#include <algorithm>

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

bool is_date(const Argument &argument) {
    return argument.type_id == DATEOID || argument.type_id == TIMESTAMPOID || argument.type_id == TIMESTAMPTZOID;
}

bool names_one_of(const std::string &name, std::initializer_list<const char *> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](const char *word) { return ("_" + name + "_").find(word) != std::string::npos; });
}

// Of two dates one is where it begins: by its name, else the first.
bool begins(const std::vector<Argument> &arguments, size_t at) {
    const std::string &name = arguments[at].name;
    if (names_one_of(name, {"_from_", "_start", "_since_", "_after_", "_begin", "_min_"})) return true;
    if (names_one_of(name, {"_to_", "_end", "_until_", "_before_", "_till_", "_max_"})) return false;
    return std::none_of(arguments.begin(), arguments.begin() + (ptrdiff_t)at, is_date);
}

} // namespace

std::vector<std::string> values_in_range(const std::vector<Argument> &arguments, size_t at,
                                         const std::map<size_t, Place> &places, bool known) {
    const Argument &argument = arguments[at];
    const auto place = places.find(at);
    const bool weighed = place != places.end() && place->second.weighed;
    if (is_date(argument) && (weighed || !known)) {
        // Not so wide that whoever counts the days between them does not end; the near ones for those who ask for less.
        if (std::count_if(arguments.begin(), arguments.end(), is_date) == 1)
            return {"1990-01-01", "2099-12-31", "yesterday", "tomorrow"};
        return begins(arguments, at) ? std::vector<std::string>{"1990-01-01", "yesterday"}
                                     : std::vector<std::string>{"2099-12-31", "tomorrow"};
    }
    if (argument.category == TYPCATEGORY_NUMERIC && weighed) return {"1", "1000000"};
    return {};
}

} // namespace rlsproof::server
