// What the server knows of an operator, by the order its type is sorted in.
#pragma once

#include "server/boundary.hpp"

namespace rlsproof::server {

// What it says: 1 less ... 5 greater, 6 not equal; 0 where it does not. Plain code that the server may jump through.
int strategy_of(Oid op, Oid type);

// Whether what is equal by a collation is the same.
bool tells_apart(Oid collation);

} // namespace rlsproof::server
