#include "model/name_words.hpp"

// What somebody else is to grant, by the name of a column of one's own row: a plan, a balance, that one is verified.
// Policies open nothing by it; the application goes by it, or whoever sends the invoice.
#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

// Another value than the row has, of those that the column may have; nothing where none is known.
Candidate WaysUp::another_value(const TableShape &shape, const ColumnShape &column, const Candidate &held) {
    if (column.category == 'B') return held == "t" ? "f" : "t";
    if (column.category == 'N') return query("select ($1::numeric + 1000)::text", {held ? *held : "0"}).value(0, 0);
    std::vector<Candidate> others(column.labels.begin(), column.labels.end());
    if (const auto allowed = stage_.tables().allowed.find({shape.id, column.number});
        allowed != stage_.tables().allowed.end())
        others = allowed->second;
    for (const ForeignKey &key : shape.foreign_keys)
        if (key.columns == std::vector{column.number})
            for (const Row &parent : stage_.rows(key.parent))
                if (const auto value = parent.values.find(key.parent_columns.front()); value != parent.values.end())
                    others.push_back(value->second);
    const bool is_key = std::any_of(shape.foreign_keys.begin(), shape.foreign_keys.end(), [&](const ForeignKey &key) {
        return std::find(key.columns.begin(), key.columns.end(), column.number) != key.columns.end();
    });
    if (others.empty() && !is_key && column.category == 'S') others.emplace_back("other");
    const auto other = std::find_if(others.begin(), others.end(), [&](const Candidate &o) {
        // What every new row has is nothing that anybody grants.
        return o && o != held && !column.default_expression.starts_with(quote_literal(*o));
    });
    return other == others.end() ? std::nullopt : *other;
}

void WaysUp::try_granting(const Relation &relation) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    // Of things of one's own there may be many, and what one says of them is one's own as well.
    if (persona_.declared || !stage_.triggers_off() || !one_each(shape, stage_.hints())) return;
    const auto mine = std::find_if(own_.begin(), own_.end(), [&](const Row &row) { return row.table == relation.id; });
    if (mine == own_.end()) return;
    const Hearing &hearing = triggers_.of(relation, Command::update);
    std::vector<std::string> columns, statements;
    for (const ColumnShape &column : shape.columns) {
        const bool told = std::any_of(findings_->begin(), findings_->end(), [&](const Finding &finding) {
            return finding.key == fmt::format("self_promotion:{}.{}", relation.name, column.name);
        });
        if (!says_granted(column.name) || column.generated || told || !may_update(relation.id, column.number) ||
            stage_.hints().identity.contains({relation.id, column.number}))
            continue;
        const Scratch scratch;
        const auto held = mine->values.find(column.number);
        const Candidate other = another_value(shape, column, held != mine->values.end() ? held->second : std::nullopt);
        if (!other) continue;
        const std::string literal = Maker::literal(column, other);
        const std::string statement =
            fmt::format("update {0} set {1} = {2} where {1} is distinct from {2}", relation.name, column.name, literal);
        long changed = 0;
        (void)attempt(Finish::rollback, [&] { changed = in_time([&] { return execute(statement); }); });
        const std::string kept = fmt::format("{}::text is not distinct from ({})::text", column.name, literal);
        const std::string doubt = doubt_;
        const bool stays = changed > 0 && stands(hearing, &relation, statement, kept, nullptr);
        doubt_ = doubt; // that a trigger objects is as it should be
        if (!stays) continue;
        columns.push_back(column.name);
        statements.push_back(statement);
    }
    if (columns.empty()) return;
    Finding finding;
    finding.rule = "self_granted";
    finding.level = Level::warning;
    finding.category = Category::permissions;
    finding.object = relation.name;
    finding.message = fmt::format("{} can set {} of its own row in {}, which by {} name{} somebody else is to grant",
                                  persona_.name, fmt::join(columns, ", "), relation.name,
                                  columns.size() == 1 ? "its" : "their", columns.size() == 1 ? "" : "s");
    finding.detail = fmt::format("No policy was seen to open anything by it; an application that goes by it takes "
                                 "everybody's word. It was done with: {}",
                                 fmt::join(statements, "; "));
    finding.hint = "Grant UPDATE on the columns that are one's own to change, or let a trigger keep the others as they "
                   "are. If it is meant, waive the finding and say so.";
    finding.evidence = "execution";
    finding.key = "self_granted:" + relation.name;
    findings_->push_back(std::move(finding));
}

} // namespace rlsproof::server
