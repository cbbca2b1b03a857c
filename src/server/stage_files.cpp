// The files of buckets: which buckets there are, and files of other people in each.
#include "server/stage.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/name_parts.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostNames = 4; // of one policy, in one bucket

const ColumnShape *column_named(const TableShape &table, const char *name) {
    for (const ColumnShape &column : table.columns)
        if (column.name == name) return &column;
    return nullptr;
}

} // namespace

const ColumnShape *Stage::part_column(const TableShape &table) {
    return table.name == "storage.objects" ? column_named(table, "bucket_id") : nullptr;
}

std::vector<Part> Stage::read_parts(Oid table) const {
    std::vector<Part> parts;
    const TableShape *shape = tables_.of(table);
    const ColumnShape *column = shape != nullptr ? part_column(*shape) : nullptr;
    if (column == nullptr) return parts;
    for (const ForeignKey &key : shape->foreign_keys)
        if (key.columns == std::vector{column->number}) {
            const TableShape &buckets = *tables_.of(key.parent);
            Rows names; // none where they may not be read
            (void)attempt(Finish::rollback, [&] {
                names = query(fmt::format("select {0}::text from {1} order by 1",
                                          buckets.column(key.parent_columns.front())->name, buckets.name));
            });
            for (size_t i = 0; i < names.size(); i++) parts.push_back({column->number, names.text(i, 0)});
        }
    // A bucket may be made by hand: policies that name it are there already.
    if (const auto named = hints_.candidates.find({table, column->number}); named != hints_.candidates.end())
        for (const Candidate &name : named->second)
            if (name && !name->empty() &&
                std::none_of(parts.begin(), parts.end(), [&](const Part &part) { return part.value == *name; }))
                parts.push_back({column->number, *name});
    std::sort(parts.begin(), parts.end(), [](const Part &a, const Part &b) { return a.value < b.value; });
    return parts;
}

// Names as people give them, whatever policies ask: in the folder of whoever owns the file and one below it, in a
// folder that is nobody's, in none. Parts that policies cast read as what they are cast to.
std::vector<std::string> Stage::plain_names(const Column &column) const {
    const auto asked = hints_.parts_read_as.find(column);
    const std::map<int, Oid> read_as = asked != hints_.parts_read_as.end() ? asked->second : std::map<int, Oid>{};
    std::vector<std::string> names;
    for (NameParts parts :
         {NameParts{{1, kSomebody}}, NameParts{{1, kSomebody}, {2, "made"}}, NameParts{{1, "made"}}, NameParts{}}) {
        std::erase_if(parts, [&](const auto &part) {
            const auto type = read_as.find(part.first);
            return type != read_as.end() && (type->second != UUIDOID || part.second != kSomebody);
        });
        const std::string name = name_of_parts(parts, read_as, "made");
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    return names;
}

// Files for each bucket: named as each policy that may let them through asks for, and plainly. What one policy names is
// asked of another as well, which may want anything but that.
std::vector<Values> Stage::files(const TableShape &table) const {
    std::vector<Values> result;
    const std::vector<Part> parts = read_parts(table.id);
    const ColumnShape *column = column_named(table, "name");
    const auto add = [&](Values values) {
        if (std::find(result.begin(), result.end(), values) == result.end()) result.push_back(std::move(values));
    };
    for (const Part &part : parts) {
        if (column == nullptr) {
            add({{part.column, part.value}});
            continue;
        }
        for (const size_t place : places_for(hints_.policies_of, table.id)) {
            Values asked;
            std::vector<std::string> names;
            bool elsewhere = false, here = false;
            for (const auto &[number, value] : hints_.policies[place].values) {
                here = here || (number == part.column && value == part.value);
                elsewhere = elsewhere || (number == part.column && value != part.value);
                if (number == column->number && value && names.size() < kMostNames) names.push_back(*value);
                if (number != column->number && number != part.column) asked.emplace(number, value);
            }
            if (elsewhere && !here) continue;
            asked[part.column] = part.value;
            for (const std::string &name : names) {
                asked[column->number] = name;
                add(asked);
            }
        }
        for (const std::string &name : plain_names({table.id, column->number}))
            add({{part.column, part.value}, {column->number, name}});
    }
    return result;
}

} // namespace rlsproof::server
