// Rows of other people as the made ones are not: for functions that ask for NULL where every made row has something, or
// for enough where it has nothing.
#include "model/expectation.hpp"

#include "server/calls.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "server/body_documents.hpp"
#include "server/facts.hpp"
#include "server/identity.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostCircumstances = 5;
constexpr int kPlenty = 1000;

} // namespace

std::string Calls::Circumstances::all() const {
    std::string result;
    for (const auto &[table, statement] : statements) result += (result.empty() ? "" : "; ") + statement;
    return result;
}

std::vector<Calls::Circumstances> Calls::other_circumstances(const Function &function, const Body &body) const {
    std::vector<Circumstances> result;
    const BodyFacts facts = read_body_facts(function.id);
    std::set<std::string> asked = facts.null_asked;
    for (const Oid callee : facts.calls) {
        const BodyFacts inner = read_body_facts(callee);
        asked.insert(inner.null_asked.begin(), inner.null_asked.end());
    }
    Circumstances plenty;
    const std::map<size_t, Place> places = read_documents(function.id);
    const bool weighed =
        std::any_of(places.begin(), places.end(), [](const auto &place) { return weighs(place.second); });
    const AsUser past(superuser_, security_);
    const auto add = [&](Oid changed, const std::string &statement) {
        const Outcome outcome = attempt(Finish::rollback, [&] { (void)execute(statement); });
        if (outcome.ok && result.size() < kMostCircumstances) result.push_back({{{changed, statement}}, {}});
    };
    for (const auto &[table, written] : body.relations) {
        const TableShape *shape = stage_->tables().of(table);
        if (shape == nullptr) continue;
        std::string tids;
        for (const Row &row : stage_->rows(table))
            if (std::none_of(own_.begin(), own_.end(),
                             [&](const Row &mine) { return mine.tid == row.tid && mine.stored_in == row.stored_in; }))
                tids += fmt::format("{}\"{}\"", tids.empty() ? "" : ",", row.tid);
        for (const ColumnShape &column : shape->columns) {
            const bool named = std::any_of(asked.begin(), asked.end(), [&](const std::string &name) {
                return quote_identifier(name) == column.name;
            });
            if (!named || column.not_null || column.generated || tids.empty()) continue;
            add(table, fmt::format("update {0} set {1} = null where ctid = any ('{{{2}}}'::tid[]) and {1} is not null",
                                   shape->name, column.name, tids));
        }
        if (weighed && !tids.empty()) raise(*shape, body, tids, plenty);
    }
    if (!plenty.statements.empty()) result.push_back(std::move(plenty));
    return result;
}

// Who asks whether there is enough, of a price or in stock, finds as much as made rows have: often nothing.
void Calls::raise(const TableShape &table, const Body &body, const std::string &tids, Circumstances &plenty) {
    std::string sets;
    for (const ColumnShape &column : table.columns) {
        const bool named = std::any_of(body.column_names.begin(), body.column_names.end(),
                                       [&](const std::string &name) { return quote_identifier(name) == column.name; });
        const auto holds = [&](const std::vector<int> &columns) {
            return std::find(columns.begin(), columns.end(), column.number) != columns.end();
        };
        const bool date = column.type == DATEOID || column.type == TIMESTAMPOID || column.type == TIMESTAMPTZOID;
        if (!named || (!date && column.category != TYPCATEGORY_NUMERIC) || column.generated || column.identity ||
            std::any_of(table.keys.begin(), table.keys.end(), holds) ||
            std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(),
                        [&](const ForeignKey &key) { return holds(key.columns); }))
            continue;
        const std::string set =
            fmt::format("{}{} = {}", sets.empty() ? "" : ", ", column.name,
                        date ? fmt::format("coalesce({}, now())", column.name) : std::to_string(kPlenty));
        const auto statement = [&](const std::string &what) {
            return fmt::format("update {} set {} where ctid = any ('{{{}}}'::tid[])", table.name, what, tids);
        };
        if (attempt(Finish::rollback, [&] { (void)execute(statement(sets + set)); }).ok) sets += set;
    }
    if (!sets.empty())
        plenty.statements.emplace_back(
            table.id, fmt::format("update {} set {} where ctid = any ('{{{}}}'::tid[])", table.name, sets, tids));
}

// REQUIRES: the subtransaction of a call.
void Calls::come_about() {
    now_.left.clear();
    const AsUser past(superuser_, security_);
    for (const auto &[table, statement] : now_.statements) {
        const Rows rows = query(statement + " returning ctid", {}, false);
        for (size_t i = 0; i < rows.size(); i++) now_.left[table].push_back(rows.text(i, 0));
    }
}

bool Calls::has_changed(Oid table) const {
    const AsUser past(superuser_, security_);
    const std::vector<std::string> &left = now_.left.at(table);
    const Rows rows =
        query(fmt::format("select 1 from {} where ctid = any ($1::tid[])", stage_->tables().of(table)->name),
              {array_literal(left)}, false);
    return rows.size() < left.size();
}

} // namespace rlsproof::server
