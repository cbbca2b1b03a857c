#include "server/operators.hpp"

extern "C" {
#include "access/stratnum.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
}

namespace rlsproof::server {

int strategy_of(Oid op, Oid type) {
    TypeCacheEntry *entry = lookup_type_cache(getBaseType(type), TYPECACHE_BTREE_OPFAMILY);
    if (!OidIsValid(entry->btree_opf)) return 0;
    const int strategy = get_op_opfamily_strategy(op, entry->btree_opf);
    if (strategy != 0) return strategy;
    const Oid negator = get_negator(op);
    if (OidIsValid(negator) && get_op_opfamily_strategy(negator, entry->btree_opf) == BTEqualStrategyNumber) return 6;
    return 0;
}

bool tells_apart(Oid collation) {
    return !OidIsValid(collation) || get_collation_isdeterministic(collation);
}

} // namespace rlsproof::server
