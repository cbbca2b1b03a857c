#include "server/read_through.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/rewrite.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/world.hpp"

namespace rlsproof::server {

namespace {

// The functions that a view calls, and the views that it reads; those of the server itself are no dependency.
constexpr const char *kFunctions = R"(
select distinct d.refobjid from reads join pg_catalog.pg_rewrite r on r.ev_class = reads.id
join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
  and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass)";

// The tables that the view reads as its caller; none where it reads anything in another way.
std::set<std::string> read_as_caller(const World &world, const Persona &persona, Bodies &bodies, const Relation &view) {
    std::set<std::string> tables;
    const Outcome outcome = attempt(Finish::rollback, [&] {
        const Rows functions = query(std::string(kReads) + kFunctions, {std::to_string(view.id)});
        for (size_t i = 0; i < functions.size(); i++) {
            const Body &body = bodies.of(functions.oid(i, 0));
            if (!body.known || !body.relations.empty()) return tables.clear();
        }
        for (const BaseRelation &base : rewrite(select_statement(view, persona))) {
            const auto is_it = [&](const Relation &relation) { return relation.id == base.relation; };
            const auto found = std::find_if(world.relations.begin(), world.relations.end(), is_it);
            if (base.checked_as != GetUserId() || found == world.relations.end()) return tables.clear();
            tables.insert(found->name);
        }
    });
    if (!outcome.ok) tables.clear();
    return tables;
}

} // namespace

void settle_views(const World &world, const Persona &persona, Bodies &bodies, std::vector<Cell> &cells) {
    std::map<std::string, bool> closed; // by table: whether all that is known of reading it is fine
    for (const Cell &cell : cells)
        if (cell.command == Command::select && cell.expected == "none")
            closed.try_emplace(cell.object, true).first->second &= cell.verdict == Verdict::ok;
    for (Cell &cell : cells) {
        const Relation *view = world.relation(cell.object);
        if (cell.command != Command::select || cell.verdict != Verdict::unknown || cell.expected != "none" ||
            view == nullptr || view->kind != RelationKind::view)
            continue;
        const Scratch scratch;
        const std::set<std::string> tables = read_as_caller(world, persona, bodies, *view);
        const auto is_closed = [&](const std::string &table) {
            const auto known = closed.find(table);
            return known != closed.end() && known->second;
        };
        if (tables.empty() || !std::all_of(tables.begin(), tables.end(), is_closed)) continue;
        cell.verdict = Verdict::ok;
        cell.evidence = Evidence::structural;
        cell.reason = fmt::format("it reads {} with the caller's rights, and no row of other people is in reach there",
                                  fmt::join(tables, ", "));
    }
}

} // namespace rlsproof::server
