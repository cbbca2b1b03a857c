#include "model/name_words.hpp"

#include "server/meant.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/rewrite.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

namespace {

// By its columns: nobody's own business, nobody's word to somebody else, nothing that not everybody is to see.
bool fit_for_everybody(const Relation &relation, const Stage &stage) {
    const TableShape *shape = stage.tables().of(relation.id);
    if (shape == nullptr || says_between_people(relation.name)) return false;
    const auto people = std::count_if(shape->columns.begin(), shape->columns.end(), [&](const ColumnShape &column) {
        return stage.hints().identity.contains({relation.id, column.number});
    });
    if (people > 1) return false;
    const Rows columns = query("select attname, pg_catalog.has_column_privilege(attrelid, attnum, 'SELECT') "
                               "from pg_catalog.pg_attribute where attrelid = $1::oid and attnum > 0 "
                               "and not attisdropped",
                               {std::to_string(relation.id)});
    for (size_t i = 0; i < columns.size(); i++) {
        const std::string &name = columns.text(i, 0);
        if (says_between_people(name) || says_who_sees(name) || (columns.boolean(i, 1) && says_private(name)))
            return false;
    }
    return true;
}

} // namespace

std::string said_to_be_for_everybody(const Persona &persona, const Relation &relation, const Stage &stage,
                                     const Probe &probe) {
    if (!relation.is_table() || !fit_for_everybody(relation, stage)) return "";
    std::vector<PolicyFold> folds;
    if (!attempt(Finish::rollback, [&] { folds = fold_policies(relation.id); }).ok) return "";
    std::vector<std::string> names;
    for (const Policy &policy : relation.policies) {
        const auto &whom = policy.facts.personas;
        if (!policy.permissive || (policy.command != "SELECT" && policy.command != "ALL") || policy.predicate.empty() ||
            std::find(whom.begin(), whom.end(), persona.name) == whom.end())
            continue;
        const auto fold = std::find_if(folds.begin(), folds.end(),
                                       [&](const PolicyFold &candidate) { return candidate.name == policy.name; });
        if (fold == folds.end()) return "";
        if (fold->rows == Truth::always && policy.command == "SELECT" && says_everybody(policy.name)) {
            names.push_back('"' + policy.name + '"');
            continue;
        }
        // What shows nobody's rows but one's own is no other way to the others.
        const std::vector<const Row *> &others = probe.foreign();
        if (fold->rows == Truth::always || std::any_of(others.begin(), others.end(), [&](const Row *row) {
                return probe.holds(*row, policy.predicate);
            }))
            return "";
    }
    if (names.empty()) return "";
    return fmt::format("{} {}", names.size() == 1 ? "policy" : "policies", fmt::join(names, ", "));
}

} // namespace rlsproof::server
