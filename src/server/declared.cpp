#include "server/declared.hpp"

#include "server/spi.hpp"

namespace rlsproof::server {

Declared read_declared() {
    Declared declared;
    const Rows expectations =
        query("select persona, object, command, access from rlsproof.expectations order by 1, 2, 3");
    for (size_t i = 0; i < expectations.size(); i++)
        declared.expectations.add(
            {expectations.text(i, 0), expectations.text(i, 1), expectations.text(i, 2), expectations.text(i, 3)});
    const Rows scopes = query("select relation, scope, predicate from rlsproof.scopes");
    for (size_t i = 0; i < scopes.size(); i++)
        declared.scopes[{scopes.text(i, 0), scopes.text(i, 1)}] = scopes.text(i, 2);
    return declared;
}

} // namespace rlsproof::server
