#include "model/cell.hpp"

#include "server/bystanders.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "server/awake.hpp"
#include "server/identity.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

void Bystanders::remember(Oid id) {
    if (stage_.tables().of(id) == nullptr || tables_.contains(id)) return;
    const TableShape &shape = *stage_.tables().of(id);
    Table &table = tables_[id];
    const AsUser past(user_, security_);
    std::map<std::pair<Oid, std::string>, const Row *> foreign;
    for (const Row &row : stage_.rows(shape.id))
        if (std::none_of(own_.begin(), own_.end(), [&](const Row &mine) {
                return mine.table == shape.id && mine.tid == row.tid && mine.stored_in == row.stored_in;
            })) {
            foreign.emplace(std::pair(row.stored_in, row.tid), &row);
            table.tids += (table.tids.empty() ? "\"" : ",\"") + row.tid + "\"";
        }
    table.tids = "'{" + table.tids + "}'::tid[]";
    std::string columns;
    for (const ColumnShape &column : shape.columns) columns += fmt::format(", {}::text", column.name);
    const Rows found =
        query(fmt::format("select tableoid, ctid{} from {} where ctid = any({})", columns, shape.name, table.tids), {},
              false);
    for (size_t i = 0; i < found.size(); i++) {
        const auto row = foreign.find({found.oid(i, 0), found.text(i, 1)});
        if (row == foreign.end()) continue;
        Before one{row->second, {}};
        for (size_t c = 0; c < shape.columns.size(); c++) one.values.push_back(found.value(i, c + 2));
        table.rows.push_back(std::move(one));
    }
}

std::vector<Change> Bystanders::changed(Oid id) {
    std::vector<Change> changes;
    const TableShape *shape = stage_.tables().of(id);
    const auto remembered = tables_.find(id);
    if (remembered == tables_.end() || shape->keys.empty()) return changes;
    const AsUser past(user_, security_);
    const Table &table = remembered->second;
    std::set<std::pair<Oid, std::string>> untouched;
    const Rows left =
        query(fmt::format("select tableoid, ctid from {} where ctid = any({})", shape->name, table.tids), {}, false);
    for (size_t i = 0; i < left.size(); i++) untouched.emplace(left.oid(i, 0), left.text(i, 1));
    std::string columns;
    for (const ColumnShape &column : shape->columns) columns += fmt::format(", {}::text", column.name);
    for (const Before &one : table.rows) {
        if (untouched.contains({one.row->stored_in, one.row->tid})) continue;
        std::string which;
        for (size_t c = 0; c < shape->columns.size(); c++) {
            const ColumnShape &column = shape->columns[c];
            const std::vector<int> &key = shape->keys.front();
            if (std::find(key.begin(), key.end(), column.number) != key.end())
                which += fmt::format("{}{} is not distinct from {}", which.empty() ? "" : " and ", column.name,
                                     Maker::literal(column, one.values[c]));
        }
        const Rows now = query(fmt::format("select 1{} from {} where {}", columns, shape->name, which), {}, false);
        Change change{one.row, now.empty(), {}};
        for (size_t c = 0; !now.empty() && c < shape->columns.size(); c++)
            if (now.value(0, c + 1) != one.values[c])
                change.columns.emplace(shape->columns[c].number, now.value(0, c + 1));
        if (change.gone || !change.columns.empty()) changes.push_back(std::move(change));
    }
    return changes;
}

std::vector<Change> Bystanders::stirred(const Row &row) {
    std::vector<Change> changes;
    const TableShape &shape = *stage_.tables().of(row.table);
    if (shape.keys.empty()) return changes;
    (void)attempt(Finish::rollback, [&] {
        const AsUser past(user_, security_);
        wake();
        (void)in_time([&] {
            return execute(fmt::format("update {0} set {1} = {1} where ctid = {2}::tid and tableoid = {3}", shape.name,
                                       shape.column(shape.keys.front().front())->name, quote_literal(row.tid),
                                       row.stored_in));
        });
        changes = changed(row.table);
    });
    return changes;
}

} // namespace rlsproof::server
