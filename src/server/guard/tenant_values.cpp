// How tenants are named where somebody is told of their rows: by a hash, which says of two lines that they are about
// the same tenant and to nobody else which one that is; or by their value, where that was asked for.
#include "server/guard/settings.hpp"
#include "server/guard/shared.hpp"
#include "server/guard/tenant_seen.hpp"

extern "C" {
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server::guard {

namespace {

constexpr int kMostNamed = 8;

// The same for all sessions while the server runs, if they share memory; nobody knows it.
const uint8 *key() {
    static uint8 own[kTenantKey];
    static bool made = false;
    if (shared != nullptr) return shared->tenant_key;
    if (!made && !pg_strong_random(own, sizeof(own))) ereport(ERROR, (errmsg("could not generate random bytes")));
    made = true;
    return own;
}

// The first half of a SHA-256 would do as well; eight bytes tell the tenants of one application apart.
const char *hashed(const char *text) {
    StringInfoData bytes;
    initStringInfo(&bytes);
    appendBinaryStringInfo(&bytes, reinterpret_cast<const char *>(key()), kTenantKey);
    appendStringInfoString(&bytes, text);
    const Datum hash =
        DirectFunctionCall1(sha256_bytea, PointerGetDatum(cstring_to_text_with_len(bytes.data, bytes.len)));
    char *const hex = static_cast<char *>(palloc(17));
    hex_encode(VARDATA_ANY(DatumGetPointer(hash)), 8, hex);
    hex[16] = '\0';
    return hex;
}

} // namespace

const char *named_tenants(const Kind &kind, bool only_others) {
    Oid output;
    bool varlena;
    getTypeOutputInfo(kind.type, &output, &varlena);
    StringInfoData list;
    initStringInfo(&list);
    int named = 0;
    for (int i = 0; i < kind.count; ++i) {
        if (only_others && !kind.seen[i].other) continue;
        if (named++ == kMostNamed) {
            appendStringInfoString(&list, ", \"...\"");
            break;
        }
        if (named > 1) appendStringInfoString(&list, ", ");
        if (kind.seen[i].null) {
            appendStringInfoString(&list, "null");
            continue;
        }
        const char *const text = OidOutputFunctionCall(output, kind.seen[i].value);
        escape_json(&list, show_tenants ? text : hashed(text));
    }
    return list.data;
}

} // namespace rlsproof::server::guard
