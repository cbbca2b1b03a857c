#include "prove/difference.hpp"

namespace rlsproof::prove {

Question difference(Question base, const Condition &one, const Condition &other) {
    base.title = "a row that " + one.name + " lets through and " + other.name + " does not";
    // Beside what is known of values that both rest on.
    base.claims.push_back({one.name + " lets it through", one.condition, true});
    base.claims.push_back({other.name + " does too", other.condition, false});
    return base;
}

} // namespace rlsproof::prove
