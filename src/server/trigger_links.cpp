#include "model/name_words.hpp"

#include "server/trigger_links.hpp"

#include <algorithm>
#include <utility>

#include "server/call_documents.hpp"
#include "server/spi.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostWays = 6; // to one row

// What goes into other tables is looked for by nobody.
void leave_what_goes_into(Place &place, const std::set<Oid> &tables) {
    if (place.written && !tables.contains(place.written->relation)) place.written.reset();
    for (auto &[name, member] : place.members) leave_what_goes_into(member, tables);
    if (place.element != nullptr) {
        place.element = std::make_shared<Place>(*place.element);
        leave_what_goes_into(*place.element, tables);
    }
}

bool refers(const TableShape &table, int number) {
    return std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(),
                       [&](const ForeignKey &key) { return key.columns == std::vector{number}; });
}

// As the catalog has the name.
std::string bare(const ColumnShape &column, Oid table) {
    return query("select attname from pg_catalog.pg_attribute where attrelid = $1::oid and attnum = $2::int2",
                 {std::to_string(table), std::to_string(column.number)})
        .text(0, 0);
}

} // namespace

TriggerLinks::TriggerLinks(const TableShape &relation, const Effects &effects, const std::set<Oid> &written,
                           Stage &stage, const std::string &uid)
    : relation_(relation), stage_(stage), uid_(uid) {
    for (const auto &[table, trigger] : effects.touched)
        if (const TableShape *shape = stage.tables().of(table))
            function_.touches.push_back({shape->name, effects.written.contains(table)});
    const Chooser chooser(function_, stage, uid, nullptr, nullptr);
    Place row = effects.row;
    leave_what_goes_into(row, written);
    for (const ColumnShape &column : relation.columns) {
        const std::string name = bare(column, relation.id);
        const auto place = row.members.find(name);
        // A new row has a key of its own, and is its writer's.
        if (column.generated || relation.is_key(column.number) || !effects.named.contains(name) ||
            stage.hints().identity.contains({relation.id, column.number}))
            continue;
        const Rows type = query(R"(
select pg_catalog.format_type(b.oid, null), coalesce(i.oid, 0), i.typcategory from pg_catalog.pg_type b
left join pg_catalog.pg_type i on i.oid = b.typelem and b.typcategory = 'A' where b.oid = $1::oid)",
                                {std::to_string(column.type)});
        arguments_.push_back({name, type.text(0, 0), column.type, column.category, false, InvalidOid, column.labels,
                              type.oid(0, 1), type.value(0, 2) ? type.text(0, 2)[0] : '\0', false});
        add(column, place != row.members.end() ? place->second : Place{}, chooser);
    }
    const Documents documents(places_, arguments_, chooser, stage);
    std::vector<Link> links;
    for (Link &link : links_) {
        link.document = documents.has(link.position);
        for (const Column &column : documents.columns(link.position)) tables_.insert(column.relation);
        if (!link.document && !link.found_by) continue;
        if (!link.document && !link.foreign_key) tables_.insert(link.found_by->relation);
        links.push_back(link);
    }
    links_ = std::move(links);
}

// Of a plain column whose way nobody could follow its name says what it may name.
void TriggerLinks::add(const ColumnShape &column, const Place &place, const Chooser &chooser) {
    const size_t position = arguments_.size() - 1;
    Link link{position, column.number, refers(relation_, column.number), false, place.compared};
    const auto has_rows = [&](const std::optional<Column> &there) {
        return there && stage_.tables().of(there->relation) != nullptr && !stage_.rows(there->relation).empty();
    };
    if (!has_rows(link.found_by)) link.found_by = has_rows(place.written) ? place.written : std::nullopt;
    if (!link.found_by && !link.foreign_key && !place.has_parts()) {
        link.found_by = chooser.column_of(arguments_.back(), arguments_.size());
        if (link.found_by && !stage_.tables().of(link.found_by->relation)->is_key(link.found_by->number))
            link.found_by.reset();
    }
    places_.emplace(position, place);
    links_.push_back(link);
}

std::vector<Values> TriggerLinks::to(const Row &other, const IsKnown &is_known) const {
    std::vector<Values> ways = ways_to(other, is_known);
    // Whose row the new one makes may be said in it as well: the writer's then.
    Row without = other;
    for (const Column &person : stage_.hints().identity)
        if (person.relation == other.table) without.values.erase(person.number);
    if (without.values.size() < other.values.size() && !ways.empty())
        for (const Values &own : ways_to(without, is_known)) {
            if (own != ways.front()) ways.insert(ways.begin() + 1, own);
            break;
        }
    return ways;
}

std::vector<Values> TriggerLinks::ways_to(const Row &other, const IsKnown &is_known) const {
    const Chooser chooser(function_, stage_, uid_, nullptr, &other);
    const Documents documents(places_, arguments_, chooser, stage_);
    const auto may_name = [&](const Column &column) {
        const std::string &name = stage_.tables().of(column.relation)->column(column.number)->name;
        if (!says_code(name) && !says_secret(name) && !chooser.is_secret(column)) return true;
        const Candidate value = chooser.value_of(column, 0, true);
        return value && is_known(column, *value);
    };
    Values together;
    std::vector<Values> ways;
    for (const Link &link : links_) {
        const std::vector<Column> columns =
            link.document ? documents.columns(link.position) : std::vector<Column>{*link.found_by};
        const bool there = std::any_of(columns.begin(), columns.end(), [&](const Column &column) {
            return column.relation == other.table || chooser.at_hand(column);
        });
        if (!there || !std::all_of(columns.begin(), columns.end(), may_name)) continue;
        Candidate value = link.document ? documents.make(link.position, 0, 0, true).text
                                        : chooser.value_for(arguments_[link.position], *link.found_by, 0, true);
        if (!value) continue;
        if (!link.document) value = places_.at(link.position).before + *value;
        together[link.number] = value;
        if (!link.foreign_key) ways.push_back({{link.number, value}});
    }
    if (ways.empty()) return {};
    // One column alone is what all of them are.
    if (together.size() == 1) ways.clear();
    ways.insert(ways.begin(), together);
    for (const Link &link : links_)
        for (size_t variant = 1;
             link.document && together.contains(link.number) && variant <= documents.variants(link.position);
             variant++) {
            Values other_words = together;
            other_words[link.number] = documents.make(link.position, variant, 0, true).text;
            ways.push_back(std::move(other_words));
        }
    ways.resize(std::min(ways.size(), kMostWays));
    return ways;
}

} // namespace rlsproof::server
