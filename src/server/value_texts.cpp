#include "server/hint_walk.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server {

const char *text_of(Oid type, Datum value) {
    Oid output;
    bool varlena;
    getTypeOutputInfo(type, &output, &varlena);
    return OidOutputFunctionCall(output, value);
}

const char *some_value(Oid type) {
    switch (TypeCategory(type)) {
    case TYPCATEGORY_DATETIME:
        return type == TIMESTAMPOID || type == TIMESTAMPTZOID || type == DATEOID ? "2000-01-01" : nullptr;
    case TYPCATEGORY_STRING: return "x";
    default: return nullptr;
    }
}

} // namespace rlsproof::server
