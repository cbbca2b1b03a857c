// Rows of other people as the made ones are not, for functions that ask for NULL where every made row has something.
#include "model/expectation.hpp"

#include "server/calls.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "server/facts.hpp"
#include "server/identity.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostCircumstances = 5;

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
    }
    return result;
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
