// Settings of an application are placeholders: the server lets anybody change them, by SET, RESET, set_config() in any
// expression, or the SET clause of a function. Each has a place for hooks all the same, as every setting has, and ours
// are put there, in front of those of a setting that has its own. So a change is refused when it is made, also by a
// statement that would read with it at once.
//
// The check hook sees every change to a value that is named. RESET, RESET ALL and set_config() to NULL bring back an
// older value without asking; the assign hook sees those, and is also called where a rollback or the end of a function
// gives a value back, which must not fail.
#include "server/guard/tenant_lock.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "server/compat.hpp"
#include "server/guard/exempt.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/tenancy.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_db_role_setting.h"
#include "catalog/pg_type.h"
#include "tcop/tcopprot.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/varlena.h"
}

namespace rlsproof::server::guard {

namespace {

struct Lock {
    char *name = nullptr;
    bool wanted = false;   // some declaration rests on it
    char *value = nullptr; // that is held; nullptr where none is
    LocalTransactionId since = InvalidLocalTransactionId;
    const char *judged = nullptr; // the value that the check hook let pass last
    GucStringCheckHook next_check = nullptr;
    GucStringAssignHook next_assign = nullptr;
};

// More settings than these are compared when a statement starts, and not when they are changed.
constexpr int kHooked = 16;
constexpr int kMost = 64;
std::array<Lock, kMost> locks;
int count = 0;

bool held(const Lock &lock) {
    return lock.value != nullptr && (tenant_lock() == TenantLock::session || lock.since == compat::local_transaction());
}

bool same(const Lock &lock, const char *value) {
    return strcmp(lock.value, value != nullptr ? value : "") == 0;
}

// What a function has set by a SET clause of its own goes when it ends.
bool lent(const config_generic *setting) {
    return setting->stack != nullptr && setting->stack->state == GUC_SAVE;
}

// The value in a list of name=value; nullptr where it has none of that name.
char *value_in(ArrayType *list, const char *name) {
    Datum *entries;
    int number;
    deconstruct_array(list, TEXTOID, -1, false, TYPALIGN_INT, &entries, nullptr, &number);
    const size_t length = strlen(name);
    for (int i = 0; i < number; ++i) {
        char *const entry = TextDatumGetCString(entries[i]);
        if (pg_strncasecmp(entry, name, length) == 0 && entry[length] == '=') return entry + length + 1;
    }
    return nullptr;
}

// What ALTER ROLE says for whoever logged in, in this database first; nullptr where it says nothing.
char *set_for_role(const char *name) {
    Relation const settings = table_open(DbRoleSettingRelationId, AccessShareLock);
    char *found = nullptr;
    for (const Oid database : {MyDatabaseId, InvalidOid}) {
        ScanKeyData key[2];
        ScanKeyInit(&key[0], Anum_pg_db_role_setting_setdatabase, BTEqualStrategyNumber, F_OIDEQ,
                    ObjectIdGetDatum(database));
        ScanKeyInit(&key[1], Anum_pg_db_role_setting_setrole, BTEqualStrategyNumber, F_OIDEQ,
                    ObjectIdGetDatum(GetSessionUserId()));
        SysScanDesc const scan = systable_beginscan(settings, DbRoleSettingDatidRolidIndexId, true, nullptr, 2, key);
        HeapTuple const tuple = systable_getnext(scan);
        bool null = true;
        const Datum list = HeapTupleIsValid(tuple) ? heap_getattr(tuple, Anum_pg_db_role_setting_setconfig,
                                                                  RelationGetDescr(settings), &null)
                                                   : Datum{0};
        if (!null) found = value_in(DatumGetArrayTypeP(list), name);
        systable_endscan(scan);
        if (found != nullptr) break;
    }
    table_close(settings, AccessShareLock);
    return found;
}

// Takes the value there is now, where the session has one that is to be held.
void hold(Lock *lock, bool touched) {
    if (held(*lock)) return;
    const config_generic *const setting = compat::setting_named(lock->name);
    if (setting == nullptr || lent(setting)) return;
    if (tenant_lock() == TenantLock::transaction && !touched && setting->stack == nullptr) return;
    const char *value = GetConfigOption(lock->name, true, false);
    if (value == nullptr || *value == '\0') return;
    // Options of a connection come before what is set for its role; whose tenant a role is of, they do not say.
    const char *const own = setting->source == PGC_S_CLIENT ? set_for_role(lock->name) : nullptr;
    if (own != nullptr && *own != '\0') value = own;
    char *const kept = MemoryContextStrdup(TopMemoryContext, value);
    if (lock->value != nullptr) pfree(lock->value);
    lock->value = kept;
    lock->since = compat::local_transaction();
}

void refuse(const Lock &lock) {
    Violations found;
    found.add(Rule::tenant_repointed)->note = psprintf("The setting %s has a value, which is held.", lock.name);
    tell(found, {debug_query_string, -1, 0, 0}, true);
}

bool looked_at(const Lock &lock) {
    return lock.wanted && wants(Rule::tenant_repointed) && IsTransactionState() && !exempt_now();
}

bool check(Lock *lock, char **value, void **extra, GucSource source) {
    if (lock->next_check != nullptr && !lock->next_check(value, extra, source)) return false;
    // What does not come from a statement: files, connections, and values that are only tried.
    if (source == PGC_S_SESSION && looked_at(*lock)) {
        hold(lock, false);
        if (held(*lock) && !same(*lock, *value)) refuse(*lock);
    }
    // What comes from elsewhere may never be assigned, and its place be given to another value.
    lock->judged = source == PGC_S_SESSION ? *value : nullptr;
    return true;
}

void assign(Lock *lock, const char *value, void *extra) {
    const bool judged = value != nullptr && value == lock->judged;
    lock->judged = nullptr;
    if (!judged && looked_at(*lock)) {
        const config_generic *const setting = compat::setting_named(lock->name);
        if (setting != nullptr && !lent(setting) && held(*lock) && !same(*lock, value)) refuse(*lock);
    }
    if (lock->next_assign != nullptr) lock->next_assign(value, extra);
}

template <int I>
bool check_hook(char **value, void **extra, GucSource source) {
    return check(&locks[I], value, extra, source);
}

template <int I>
void assign_hook(const char *value, void *extra) {
    assign(&locks[I], value, extra);
}

struct Hooks {
    GucStringCheckHook check;
    GucStringAssignHook assign;
};

template <int... I>
constexpr std::array<Hooks, sizeof...(I)> all_hooks(std::integer_sequence<int, I...>) {
    return {{{check_hook<I>, assign_hook<I>}...}};
}
constexpr std::array<Hooks, kHooked> kHooks = all_hooks(std::make_integer_sequence<int, kHooked>());

// A setting comes to be when it is first set, and is another one when a module defines it: looked at each time.
void hook(int i) {
    config_generic *const setting = compat::setting_named(locks[i].name);
    if (i >= kHooked || setting == nullptr || setting->vartype != PGC_STRING) return;
    auto *const text = reinterpret_cast<config_string *>(setting);
    if (text->check_hook != kHooks[i].check) locks[i].next_check = std::exchange(text->check_hook, kHooks[i].check);
    if (text->assign_hook != kHooks[i].assign)
        locks[i].next_assign = std::exchange(text->assign_hook, kHooks[i].assign);
}

void want(const std::string &name) {
    for (int i = 0; i < count; ++i)
        if (pg_strcasecmp(locks[i].name, name.c_str()) == 0) {
            locks[i].wanted = true;
            return;
        }
    if (count == kMost) throw Error(Code::limit, "too many settings say a session's tenant", "They are 64 at most.");
    locks[count].name = call(MemoryContextStrdup, TopMemoryContext, name.c_str());
    locks[count++].wanted = true;
}

// The names in a list that is separated by commas, blanks taken off.
void want_all(const std::string &list) {
    for (size_t start = 0; start < list.size();) {
        const size_t begin = list.find_first_not_of(" ,", start);
        if (begin == std::string::npos) return;
        start = std::min(list.find_first_of(" ,", begin), list.size());
        want(list.substr(begin, start - begin));
    }
}

void find_settings() {
    static uint64 generation = 0;
    static std::string listed;
    const char *const list = locked_settings != nullptr ? locked_settings : "";
    const uint64 now = tenancy_generation();
    if (generation == now && listed == list) return;
    for (int i = 0; i < count; ++i) locks[i].wanted = false;
    for (const std::string &name : tenant_settings()) want(name);
    want_all(list);
    listed = list;
    generation = now;
}

} // namespace

void hold_tenants() {
    // The end of a transaction that failed is a statement, too, and may not ask the catalogs.
    if (exempt_now() || !IsTransactionState()) return;
    enter(find_settings);
    for (int i = 0; i < count; ++i) {
        if (!locks[i].wanted) continue;
        hook(i);
        hold(&locks[i], false);
    }
}

bool is_held_setting(const char *name) {
    if (!wants(Rule::tenant_repointed)) return false;
    enter(find_settings);
    for (int i = 0; i < count; ++i)
        if (locks[i].wanted && pg_strcasecmp(locks[i].name, name) == 0) return true;
    return false;
}

void look_at_locks(Oid table, Violations *found) {
    for (int i = 0; i < count; ++i) {
        Lock &lock = locks[i];
        if (!lock.wanted) continue;
        hold(&lock, true);
        if (!held(lock) || same(lock, GetConfigOption(lock.name, true, false))) continue;
        Violation *const violation = found->add(Rule::tenant_repointed);
        if (violation == nullptr) return;
        violation->relation = table;
        violation->note = psprintf("The setting %s no longer has the value that is held.", lock.name);
    }
}

} // namespace rlsproof::server::guard
