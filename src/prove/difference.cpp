#include "prove/difference.hpp"

namespace rlsproof::prove {

Question difference(Question base, const Condition &one, const Condition &other) {
    base.title = "a row that " + one.name + " lets through and " + other.name + " does not";
    base.claims = {{one.name + " lets it through", one.condition, true},
                   {other.name + " does too", other.condition, false}};
    return base;
}

} // namespace rlsproof::prove
