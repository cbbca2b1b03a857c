// A table of tenants whose tenant column lies behind columns that differ in width from row to row: where the guard
// looks at rows, each of them is taken apart up to it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

namespace {

// A partition is laid out as its parent unless it was attached; what is said of the parent is not said again.
bool said_of_parent(const World &world, const Relation &relation) {
    const Relation *parent = relation.parent.empty() ? nullptr : world.relation(relation.parent);
    return parent != nullptr && !parent->tenant_place.small && parent->tenant_place == relation.tenant_place;
}

// Why the tenant does not lie in the same place in each row.
std::string why(const TenantPlace &place) {
    std::vector<std::string> reasons;
    if (!place.varying.empty())
        reasons.push_back(fmt::format("{} {} from row to row in width", listed(place.varying),
                                      place.varying.size() == 1 ? "differs" : "differ"));
    if (!place.nullable.empty())
        reasons.push_back(fmt::format("{} may be NULL, which takes no room", listed(place.nullable)));
    if (place.dropped > 0) reasons.push_back("what was dropped lies in the rows of then, and not in those of now");
    return fmt::format("{}", fmt::join(reasons, "; "));
}

std::string hint(const TenantPlace &place) {
    if (place.varying.empty() && place.dropped == 0)
        return fmt::format("Declare {} NOT NULL where no row lacks {}.", listed(place.nullable),
                           place.nullable.size() == 1 ? "it" : "them");
    return fmt::format(
        "In a new table put {} before every column of text, numeric, json or an array. A table that is there "
        "keeps its order until it is made anew; {}.",
        place.column,
        place.leads
            ? "its queries cost nothing for each row where they hold it to a tenant's"
            : fmt::format("its queries cost nothing for each row where they name the tenant, {} = $1", place.column));
}

} // namespace

void late_tenant_column(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const Relation &relation : world.relations) {
        const TenantPlace &place = relation.tenant_place;
        if (!place.late() || place.small || relation.platform || relation.extension_member) continue;
        if (said_of_parent(world, relation)) continue;
        Finding finding = start(rule);
        finding.level = Level::note;
        finding.object = relation.name;
        std::vector<std::string> before = place.varying;
        before.insert(before.end(), place.nullable.begin(), place.nullable.end());
        if (place.dropped > 0)
            before.push_back(place.dropped == 1 ? "a dropped column"
                                                : fmt::format("{} dropped columns", place.dropped));
        const std::string whose =
            place.leads ? fmt::format("column {}, which leads to the tenant of {},", place.column, relation.name)
                        : fmt::format("tenant column {} of {}", place.column, relation.name);
        finding.message = fmt::format("the {} lies behind {}", whose, listed(before));
        finding.detail = fmt::format("Of a statement whose plan does not prove one tenant the rules tenant_mixed and "
                                     "tenant_mismatch look at each row, "
                                     "and have to take it apart up to {}: {}. A count(*) over rows with four columns "
                                     "of text before the tenant took "
                                     "91 % more instructions, with the tenant as the second column 10 to 11 %.",
                                     place.column, why(place));
        finding.hint = hint(place);
        finding.evidence = "structural";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
