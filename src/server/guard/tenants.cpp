// tenant_unpinned, tenant_mismatch and tenant_unset, as far as a plan tells.
#include "server/guard/tenants.hpp"

#include "server/compat.hpp"
#include "server/guard/exempt.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/tenant_lock.hpp"
#include "server/guard/tenant_plan.hpp"
#include "server/guard/tenant_session.hpp"

extern "C" {
#include "nodes/params.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rls.h"
}

namespace rlsproof::server::guard {

namespace {

// Which value a parameter has in this execution; false where it has none.
bool value_of(const QueryDesc *query, int number, Datum *value, bool *null) {
    ParamListInfo const parameters = query->params;
    if (parameters == nullptr || number <= 0 || number > parameters->numParams) return false;
    ParamExternData place;
    const ParamExternData *const parameter = parameters->paramFetch != nullptr
                                                 ? parameters->paramFetch(parameters, number, false, &place)
                                                 : &parameters->params[number - 1];
    if (!OidIsValid(parameter->ptype)) return false;
    *value = parameter->value;
    *null = parameter->isnull;
    return true;
}

// Whether a row of one of the session's tenants meets the comparison with this value.
bool of_session(const TenantScan &scan, const SessionTenants &tenants, Datum value) {
    // One of the server's own stays what it is, and is kept.
    static FmgrInfo kept;
    FmgrInfo own_function;
    FmgrInfo *function = &kept;
    if (scan.function >= FirstGenbkiObjectId)
        fmgr_info(scan.function, function = &own_function);
    else if (kept.fn_oid != scan.function)
        fmgr_info_cxt(scan.function, &kept, TopMemoryContext);
    for (int i = 0; i < tenants.count; ++i) {
        const Datum own = tenants.values[i];
        if (DatumGetBool(FunctionCall2Coll(function, scan.collation, scan.column_first ? own : value,
                                           scan.column_first ? value : own)))
            return true;
    }
    return false;
}

struct Compared {
    int values;
    int others; // that are not the session's
};

Compared compare_set(const TenantScan &scan, const SessionTenants &tenants, Datum value, Oid type) {
    Compared result{0, 0};
    const Oid element = get_element_type(type);
    if (!OidIsValid(element)) return result;
    int16 length;
    bool by_value;
    char align;
    get_typlenbyvalalign(element, &length, &by_value, &align);
    Datum *values;
    bool *nulls;
    int count;
    deconstruct_array(DatumGetArrayTypeP(value), element, length, by_value, align, &values, &nulls, &count);
    for (int i = 0; i < count; ++i) {
        if (nulls[i]) continue;
        ++result.values;
        if (!of_session(scan, tenants, values[i])) ++result.others;
    }
    return result;
}

const char *column_name(const Tenancy *tenancy) {
    const bool by_path = tenancy->links > 0;
    return get_attname(tenancy->table, by_path ? tenancy->link[0].column : tenancy->column, true);
}

void find_mismatch(const QueryDesc *query, const TenantScan &scan, const Tenancy *tenancy,
                   const SessionTenants &tenants, Violations *found) {
    // By a path the value is that of a row in between, and says nothing yet.
    if (tenancy->links > 0) return;
    Datum value = Datum{0};
    bool null = true;
    Oid type = InvalidOid;
    if (scan.parameter > 0) {
        if (!value_of(query, scan.parameter, &value, &null)) return;
        if (scan.pin == Pin::set)
            type = query->params->paramFetch == nullptr ? query->params->params[scan.parameter - 1].ptype : InvalidOid;
    } else if (scan.value != nullptr) {
        value = scan.value->constvalue;
        null = scan.value->constisnull;
        type = scan.value->consttype;
    }
    if (null) return;
    if (scan.pin == Pin::set) {
        const Compared compared = compare_set(scan, tenants, value, type);
        if (compared.others == 0) return;
        Violation *const violation = found->add(Rule::tenant_mismatch);
        if (violation == nullptr) return;
        violation->relation = tenancy->shown;
        violation->note = psprintf("%d of %d values that %s is compared with are not the session's.", compared.others,
                                   compared.values, column_name(tenancy));
        return;
    }
    if (of_session(scan, tenants, value)) return;
    Violation *const violation = found->add(Rule::tenant_mismatch);
    if (violation == nullptr) return;
    violation->relation = tenancy->shown;
    violation->note = psprintf("The value that %s is compared with is not the session's.", column_name(tenancy));
}

void find_unpinned(const TenantScan &scan, const Tenancy *tenancy, Violations *found) {
    if (scan.pin > Pin::weak) return;
    Violation *const violation = found->add(Rule::tenant_unpinned);
    if (violation == nullptr) return;
    violation->relation = tenancy->shown;
    violation->note =
        psprintf(scan.pin == Pin::weak ? "The condition on %s holds it to no value: a range, a cast or an OR."
                                       : "No condition holds %s to a value.",
                 column_name(tenancy));
}

// What cannot be compared, since asking for the session's tenant fails, is not fine for that.
void find_unknown(const TenantScan &scan, const Tenancy *tenancy, const SessionTenants &tenants, Violations *found) {
    if (tenants.failure == nullptr || scan.pin == Pin::shared || scan.pin == Pin::session || scan.pin == Pin::written)
        return;
    Violation *const violation = found->add(Rule::tenant_mismatch);
    if (violation == nullptr) return;
    violation->relation = tenancy->shown;
    violation->unseen = true;
    violation->note = psprintf("The session's tenant cannot be told: %s.", tenants.failure);
}

void find_unset(const TenantScan &scan, const Tenancy *tenancy, const SessionTenants &tenants, Violations *found) {
    if (tenants.count > 0) return;
    Violation *const violation = found->add(Rule::tenant_unset);
    if (violation == nullptr) return;
    violation->relation = tenancy->shown;
    // A comparison with nothing is true of no row.
    if (tenants.failure != nullptr)
        violation->note = psprintf("It cannot be told: %s.", tenants.failure);
    else if (scan.pin == Pin::session && !scan.with_null)
        violation->note = "Rows are compared with what is not there, so none is returned for that reason alone.";
}

} // namespace

void note_tenants(PlannedStmt *plan) {
    // What our own functions ask is judged by nobody, unless it is looked at for check_query().
    if ((exempt_now() && !inspecting) || !any_tenancy()) return;
    if ((active & kWatchedReads) != 0) fetch_in_turn(plan);
    plan->invalItems = lappend(plan->invalItems, look_at_tenants(plan));
}

const TenantPlan *tenants_of(const QueryDesc *query) {
    hear_of_changes();
    if (!any_tenancy()) return nullptr;
    const TenantPlan *const plan = tenant_plan_of(query->plannedstmt);
    if (plan != nullptr) return plan;
    // Planned before anybody asked, or under other declarations.
    MemoryContext const before = MemoryContextSwitchTo(query->estate->es_query_cxt);
    const TenantPlan *const fresh = look_at_tenants(query->plannedstmt);
    MemoryContextSwitchTo(before);
    return fresh;
}

void judge_tenants(const QueryDesc *query, const TenantPlan *plan, Violations *found) {
    if (plan == nullptr || plan->count == 0) return;
    ask_session_anew();
    for (int i = 0; i < plan->count; ++i) {
        const TenantScan &scan = plan->scan[i];
        if (wants(Rule::tenant_repointed)) look_at_locks(scan.table, found);
        if (scan.carrier) continue;
        const Tenancy *const tenancy = tenancy_of(scan.table);
        if (tenancy == nullptr) continue;
        if (wants(Rule::tenant_unpinned)) find_unpinned(scan, tenancy, found);
        if (!wants(Rule::tenant_mismatch) && !wants(Rule::tenant_unset)) continue;
        const bool compares =
            wants(Rule::tenant_mismatch) && (scan.pin == Pin::literal || scan.pin == Pin::parameter ||
                                             (scan.pin == Pin::set && (scan.parameter > 0 || scan.value != nullptr)));
        const bool may_differ = wants(Rule::tenant_mismatch) && (compares || scan.pin < Pin::shared);
        if (!may_differ && !wants(Rule::tenant_unset)) continue;
        const SessionTenants *const tenants = session_tenants(tenancy);
        if (tenants == nullptr) continue;
        if (wants(Rule::tenant_unset)) find_unset(scan, tenancy, *tenants, found);
        if (compares && tenants->count > 0) find_mismatch(query, scan, tenancy, *tenants, found);
        if (may_differ) find_unknown(scan, tenancy, *tenants, found);
    }
}

void judge_tenants_of_rows(Oid table, bool all, Violations *found) {
    hear_of_changes();
    const Tenancy *const tenancy = any_tenancy() ? tenancy_of(table) : nullptr;
    if (tenancy == nullptr) return;
    if (wants(Rule::tenant_repointed)) look_at_locks(tenancy->shown, found);
    if (wants(Rule::tenant_unset) && tenancy->source >= 0) {
        ask_session_anew();
        TenantScan scan{};
        scan.pin = Pin::written;
        find_unset(scan, tenancy, *session_tenants(tenancy), found);
    }
    if (!all || !wants(Rule::tenant_write)) return;
    Violation *const violation = found->add(Rule::tenant_write);
    if (violation != nullptr) violation->relation = tenancy->shown;
}

void judge_tenants_of_table(Oid table, Violations *found) {
    hear_of_changes();
    if (!any_tenancy()) return;
    const Tenancy *const tenancy = tenancy_of(table);
    if (tenancy == nullptr) return;
    if (wants(Rule::tenant_repointed)) look_at_locks(tenancy->shown, found);
    TenantScan scan{};
    scan.table = table;
    if (wants(Rule::tenant_unpinned)) find_unpinned(scan, tenancy, found);
    for (const Rule rule : {Rule::tenant_mixed, Rule::tenant_mismatch}) {
        Violation *const violation =
            wants(rule) && (rule == Rule::tenant_mixed || tenancy->source >= 0) ? found->add(rule) : nullptr;
        if (violation == nullptr) continue;
        violation->relation = tenancy->shown;
        violation->unseen = true;
    }
    if (!wants(Rule::tenant_unset)) return;
    ask_session_anew();
    const SessionTenants *const tenants = session_tenants(tenancy);
    if (tenants != nullptr) find_unset(scan, tenancy, *tenants, found);
}

} // namespace rlsproof::server::guard
