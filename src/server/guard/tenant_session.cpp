#include "model/tenancy.hpp"

#include "server/guard/tenant_session.hpp"

#include <memory>
#include <vector>

#include <fmt/format.h>

#include "server/compat.hpp"
#include "server/guard/tenancy.hpp"
#include "server/identity.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
}

namespace rlsproof::server::guard {

namespace {

constexpr const char *kClaims = "request.jwt.claims";

// Every way to know a tenant that was ever declared in this session; a number is a place here.
std::vector<TenantSource> sources;
std::vector<std::string> written;

// What the session's tenants were the last time, and by which text.
struct Known {
    int source;
    Oid type;
    int32 typmod;
    char *text;   // of the setting; nullptr where it was not there
    int place;    // of the setting among all, where it was seen last
    uint64 asked; // in which round; 0 where it was not
    MemoryContext memory;
    SessionTenants tenants;
};
std::vector<std::unique_ptr<Known>> all_known;
uint64 round = 1;

Datum converted(const char *text, Oid type, int32 typmod) {
    Oid input;
    Oid parameter;
    getTypeInputInfo(type, &input, &parameter);
    return OidInputFunctionCall(input, const_cast<char *>(text), parameter, typmod);
}

Datum kept(Datum value, Oid type) {
    int16 length;
    bool by_value;
    get_typlenbyval(type, &length, &by_value);
    return datumCopy(value, by_value, length);
}

// The claim at the end of the keys, as texts: those of an array, or one. Plain.
List *claim(const char *json, const List *keys) {
    Datum document = DirectFunctionCall1(jsonb_in, CStringGetDatum(json));
    JsonbValue value;
    JsonbContainer *container = &DatumGetJsonbP(document)->root;
    JsonbValue *found = nullptr;
    ListCell *cell;
    foreach (cell, keys) {
        if (!JsonContainerIsObject(container)) return NIL;
        const auto *const key = static_cast<const char *>(lfirst(cell));
        found = getKeyJsonValueFromContainer(container, key, static_cast<int>(strlen(key)), &value);
        if (found == nullptr) return NIL;
        if (found->type == jbvBinary)
            container = found->val.binary.data;
        else if (lnext(keys, cell) != nullptr)
            return NIL;
    }
    List *texts = NIL;
    const auto add = [&](const JsonbValue *one) {
        if (one->type == jbvString)
            texts = lappend(texts, pnstrdup(one->val.string.val, static_cast<Size>(one->val.string.len)));
        else if (one->type == jbvNumeric)
            texts =
                lappend(texts, DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(one->val.numeric))));
        else if (one->type == jbvBool)
            texts = lappend(texts, pstrdup(one->val.boolean ? "true" : "false"));
    };
    if (found != nullptr && found->type == jbvBinary && JsonContainerIsArray(container))
        for (uint32 i = 0; i < JsonContainerSize(container); ++i) add(getIthJsonbValueFromContainer(container, i));
    else if (found != nullptr)
        add(found);
    return texts;
}

// The tenants as texts. Raises what the server says to a text or a query that is none.
std::vector<std::string> texts_of(const TenantSource &source, const char *text) {
    std::vector<std::string> texts;
    const auto take = [&](const std::string &one) {
        if (!one.empty()) texts.push_back(one);
    };
    switch (source.kind) {
    case TenantSource::Kind::setting:
        if (text == nullptr) break;
        if (!source.list) {
            take(text);
            break;
        }
        if (*text != '\0') {
            const Rows rows = query("select u from pg_catalog.unnest($1::text[]) u where u is not null", {text});
            for (size_t i = 0; i < rows.size(); ++i) take(rows.text(i, 0));
        }
        break;
    case TenantSource::Kind::claim: {
        if (text == nullptr || *text == '\0') break;
        List *keys = NIL;
        for (const std::string &key : source.keys) keys = call(lappend, keys, (void *)call(pstrdup, key.c_str()));
        const List *const found = call(claim, text, static_cast<const List *>(keys));
        for (int i = 0; i < list_length(found); ++i) take(static_cast<const char *>(list_nth(found, i)));
        break;
    }
    case TenantSource::Kind::query: {
        // As whoever is asking, by the names a new session finds; nothing temporary may stand in for them.
        use_default_search_path();
        const Rows path = query("select pg_catalog.current_setting('search_path')");
        set_locally("search_path", path.text(0, 0).empty() ? "pg_temp" : path.text(0, 0) + ", pg_temp");
        const Rows rows = query(fmt::format("select q.t::text from ({}\n) q(t)", source.name));
        for (size_t i = 0; i < rows.size(); ++i) take(rows.text(i, 0));
        break;
    }
    }
    return texts;
}

void ask(const TenantSource &source, const char *text, const Tenancy *tenancy, Known *known) {
    std::vector<std::string> texts;
    std::vector<Datum> values;
    const auto find = [&] {
        texts = texts_of(source, text);
        MemoryContext const before = MemoryContextSwitchTo(known->memory);
        for (const std::string &one : texts) {
            const Datum value = call(converted, one.c_str(), tenancy->type, tenancy->typmod);
            values.push_back(call(kept, value, tenancy->type));
        }
        MemoryContextSwitchTo(before);
    };
    std::string failure;
    if (!IsInParallelMode()) {
        const Outcome outcome = attempt(Finish::rollback, find);
        // The message may hold the value.
        if (!outcome.ok) failure = fmt::format("asking for it fails with SQLSTATE {}", outcome.sqlstate);
    } else if (source.kind == TenantSource::Kind::query) {
        failure = "a query cannot be asked inside a parallel one";
    } else {
        find();
    }
    known->tenants.count = failure.empty() ? static_cast<int>(values.size()) : 0;
    auto *const array = static_cast<Datum *>(
        call(MemoryContextAlloc, known->memory, sizeof(Datum) * std::max<size_t>(values.size(), 1)));
    std::copy(values.begin(), values.end(), array);
    known->tenants.values = array;
    known->tenants.failure = failure.empty() ? nullptr : call(MemoryContextStrdup, known->memory, failure.c_str());
    known->asked = round;
}

MemoryContext new_memory() {
    return AllocSetContextCreate(TopMemoryContext, "rlsproof tenants", ALLOCSET_SMALL_SIZES);
}

Known *known_for(const Tenancy *tenancy) {
    for (const auto &known : all_known)
        if (known->source == tenancy->source && known->type == tenancy->type && known->typmod == tenancy->typmod)
            return known.get();
    return enter([&]() -> Known * {
        auto fresh = std::make_unique<Known>();
        fresh->source = tenancy->source;
        fresh->type = tenancy->type;
        fresh->typmod = tenancy->typmod;
        fresh->text = nullptr;
        fresh->place = 0;
        fresh->asked = 0;
        fresh->memory = call(new_memory);
        const std::string &text = written[static_cast<size_t>(tenancy->source)];
        const TenantSource &source = sources[static_cast<size_t>(tenancy->source)];
        fresh->tenants = {call(MemoryContextStrdup, TopMemoryContext, text.c_str()), nullptr, nullptr, 0, nullptr};
        if (source.kind == TenantSource::Kind::setting)
            fresh->tenants.setting = call(MemoryContextStrdup, TopMemoryContext, source.name.c_str());
        all_known.push_back(std::move(fresh));
        return all_known.back().get();
    });
}

// ---- expressions

const Node *inside(const Node *node) {
    for (;;) {
        if (IsA(node, RelabelType))
            node = reinterpret_cast<const Node *>(reinterpret_cast<const RelabelType *>(node)->arg);
        else if (IsA(node, CoerceViaIO))
            node = reinterpret_cast<const Node *>(reinterpret_cast<const CoerceViaIO *>(node)->arg);
        else if (IsA(node, NullIfExpr) && IsA(lsecond(reinterpret_cast<const NullIfExpr *>(node)->args), Const))
            node = static_cast<const Node *>(linitial(reinterpret_cast<const NullIfExpr *>(node)->args));
        else
            return node;
    }
}

const char *text_constant(const Node *node) {
    if (!IsA(node, Const)) return nullptr;
    const auto *const constant = reinterpret_cast<const Const *>(node);
    return constant->constisnull || constant->consttype != TEXTOID ? nullptr
                                                                   : TextDatumGetCString(constant->constvalue);
}

bool reads_setting(const Node *node, const char *name) {
    node = inside(node);
    if (!IsA(node, FuncExpr)) return false;
    const auto *const function = reinterpret_cast<const FuncExpr *>(node);
    if (function->funcid != F_CURRENT_SETTING_TEXT && function->funcid != F_CURRENT_SETTING_TEXT_BOOL) return false;
    const char *const read = text_constant(static_cast<const Node *>(linitial(function->args)));
    return read != nullptr && pg_strcasecmp(read, name) == 0;
}

// `... -> 'a' ->> 'b'` over the claims, the last key first.
bool reads_claim(const Node *node, const std::vector<std::string> &keys) {
    node = inside(node);
    for (size_t i = keys.size(); i-- > 0;) {
        if (!IsA(node, OpExpr)) return false;
        const auto *const step = reinterpret_cast<const OpExpr *>(node);
        const bool last = i + 1 == keys.size();
        const Oid function = get_opcode(step->opno);
        if (last ? function != F_JSONB_OBJECT_FIELD_TEXT && function != F_JSON_OBJECT_FIELD_TEXT
                 : function != F_JSONB_OBJECT_FIELD && function != F_JSON_OBJECT_FIELD)
            return false;
        const char *const key = text_constant(static_cast<const Node *>(lsecond(step->args)));
        if (key == nullptr || keys[i] != key) return false;
        node = static_cast<const Node *>(linitial(step->args));
    }
    return reads_setting(node, kClaims);
}

} // namespace

int source_number(const std::string &text) {
    for (size_t i = 0; i < written.size(); ++i)
        if (written[i] == text) return static_cast<int>(i);
    sources.push_back(tenant_source(text));
    written.push_back(text);
    return static_cast<int>(written.size()) - 1;
}

void ask_session_anew() {
    ++round;
}

const SessionTenants *session_tenants(const Tenancy *tenancy) {
    if (tenancy->source < 0) return nullptr;
    const TenantSource &source = sources[static_cast<size_t>(tenancy->source)];
    Known *const known = known_for(tenancy);
    const char *text = nullptr;
    if (source.kind != TenantSource::Kind::query) {
        text = compat::text_of_setting(source.kind == TenantSource::Kind::claim ? kClaims : source.name.c_str(),
                                       &known->place);
        const bool same =
            text == nullptr || known->text == nullptr ? text == known->text : strcmp(text, known->text) == 0;
        if (known->asked > 0 && same) return &known->tenants;
    } else if (known->asked == round) {
        return &known->tenants;
    }
    known->asked = 0;
    MemoryContextReset(known->memory);
    known->text = text != nullptr ? MemoryContextStrdup(known->memory, text) : nullptr;
    enter([&] { ask(source, known->text, tenancy, known); });
    return &known->tenants;
}

bool is_session_tenant(const Tenancy *tenancy, const Node *expression, bool list) {
    if (tenancy->source < 0) return false;
    const TenantSource &source = sources[static_cast<size_t>(tenancy->source)];
    switch (source.kind) {
    case TenantSource::Kind::setting: return source.list == list && reads_setting(expression, source.name.c_str());
    case TenantSource::Kind::claim: return !list && reads_claim(expression, source.keys);
    case TenantSource::Kind::query: return false;
    }
    return false;
}

} // namespace rlsproof::server::guard
