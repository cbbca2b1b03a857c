// The ways by a trigger that copies: a row of its own that points to somebody else's, and what is in that one then in
// the row itself, or in another that its writer reads.
#include "model/expectation.hpp"
#include "model/name_words.hpp"

#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/calls.hpp"
#include "server/identity.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostCopies = 10; // rows of its own tried in one table, for each command
constexpr long kMostWritten = 50;  // rows that are looked at after that, in one table

} // namespace

// Whether it says which row it is, or which one it belongs to.
bool WaysUp::names_a_row(const Column &place) const {
    const TableShape &shape = *stage_.tables().of(place.relation);
    const Hints &hints = stage_.hints();
    return shape.column(place.number)->type == UUIDOID || hints.identity.contains(place) ||
           hints.tenant.contains(place) || (!shape.keys.empty() && shape.keys.front() == std::vector{place.number}) ||
           std::any_of(shape.foreign_keys.begin(), shape.foreign_keys.end(),
                       [&](const ForeignKey &key) { return key.columns == std::vector{place.number}; });
}

const std::set<std::string> &WaysUp::names_of_accounts() {
    if (names_of_accounts_) return *names_of_accounts_;
    names_of_accounts_.emplace();
    for (const auto &[id, shape] : stage_.tables().shapes)
        if (one_each(shape, stage_.hints())) know_people(shape, *names_of_accounts_);
    return *names_of_accounts_;
}

// Tables with rows out of sight that the triggers look at.
std::set<Oid> WaysUp::may_be_copied(const Effects &effects) {
    std::set<Oid> sources;
    for (const auto &touched : effects.touched) {
        const Oid table = touched.first;
        const TableShape *shape = stage_.tables().of(table);
        if (shape == nullptr || !stage_.personal(*shape)) continue;
        const Seen seen = at_first({table}).rows;
        const std::vector<Row> &rows = stage_.rows(table);
        if (std::any_of(rows.begin(), rows.end(), [&](const Row &row) { return !seen.contains({table, row.tid}); }))
            sources.insert(table);
    }
    return sources;
}

// What it reads of the rows that the write leaves in these tables.
std::string WaysUp::written_by(const OwnWrite &write, const std::vector<const Relation *> &read, bool awake) {
    std::string text;
    (void)attempt(Finish::rollback, [&] {
        {
            const AsUser past(user_, security_);
            if (!write.made.empty()) (void)execute(write.made);
            if (awake) wake();
        }
        const TransactionId self = call(GetCurrentTransactionId);
        if (in_time([&] { return execute(write.statement); }) == 0) return;
        if (awake) (void)execute("set constraints all immediate");
        for (const Relation *relation : read)
            (void)attempt(Finish::rollback, [&] {
                const Rows rows =
                    query(fmt::format("select v::text from {} v where v.xmin::text::bigint >= {} limit {}",
                                      relation->name, self, kMostWritten),
                          {}, false);
                for (size_t i = 0; i < rows.size(); i++) text += rows.text(i, 0) + "\n";
            });
    });
    return text;
}

// Whether the policies show more of these tables for that row, whatever triggers do: nothing is copied then.
bool WaysUp::shows_by_itself(const OwnWrite &write, const std::set<Oid> &sources) {
    const Sight before = at_first(sources);
    bool more = false;
    (void)attempt(Finish::rollback, [&] {
        if (!write.made.empty()) {
            const AsUser past(user_, security_);
            (void)execute(write.made);
        }
        if (in_time([&] { return execute(write.statement); }) > 0) more = !gained(before, sources).empty();
    });
    return more;
}

void WaysUp::try_copying(const Relation &relation, std::vector<Finding> *findings) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    // What it keeps of what is out of reach serves all tables.
    if (looking_ == nullptr)
        looking_ = std::make_shared<Calls>(world_, bodies_, triggers_, stage_.hints(), &stage_, "", true, persona_,
                                           own_, user_, security_);
    Calls &calls = *looking_;
    std::vector<Reached> all;
    std::set<std::string> shown, by;
    bool all_hidden = true;
    for (const Command command : {Command::insert, Command::update}) {
        if (!is_tried(relation, command)) continue;
        const Effects effects = effects_.of(shape, command);
        const std::set<Oid> sources = may_be_copied(effects);
        if (sources.empty() || !effects.unread.empty() || !triggers_.of(relation, command).why_not.empty()) continue;
        std::vector<const Relation *> read;
        for (const Relation &other : world_.relations) {
            const Reach *reach = other.reach_of(persona_.name);
            const bool left = effects.written.contains(other.id) || (other.id == relation.id && effects.before);
            // Within one table alone it is the row itself that something is copied into.
            const bool elsewhere = other.id == relation.id || sources.size() > 1 || !sources.contains(other.id);
            if (left && elsewhere && reach != nullptr && reach->commands.contains(Command::select))
                read.push_back(&other);
        }
        if (read.empty()) continue;
        // Which row it is was known to its writer, and so is who people are.
        std::set<std::string> known = names_of_accounts();
        for (const Oid source : sources)
            for (const ColumnShape &column : stage_.tables().of(source)->columns)
                for (const Row &row : stage_.rows(source))
                    if (const auto value = row.values.find(column.number);
                        value != row.values.end() && value->second && names_a_row({source, column.number}))
                        known.insert(*value->second);
        (void)calls.told_of("", sources, known);
        std::vector<OwnWrite> writes = own_writes(relation, command, effects, sources);
        writes.resize(std::min(writes.size(), kMostCopies));
        for (const OwnWrite &write : writes) {
            const Scratch scratch;
            std::set<std::string> told = known;
            for (const auto &[number, value] : write.values)
                if (value) told.insert(*value);
            const std::string text = written_by(write, read, true);
            std::vector<std::string> tables = calls.told_of(text, sources, told);
            if (tables.empty() || !calls.told_of(written_by(write, read, false), sources, told).empty() ||
                shows_by_itself(write, sources))
                continue;
            all.push_back({command, write.statement, write.made, {}, {}, true});
            // What a thing is called, whoever has its key may well be told.
            std::set<std::string> called = told;
            for (const Oid source : sources)
                for (const ColumnShape &column : stage_.tables().of(source)->columns)
                    for (const Row &row : stage_.rows(source))
                        if (const auto value = row.values.find(column.number);
                            value != row.values.end() && value->second && says_called(column.name))
                            called.insert(*value->second);
            all_hidden = all_hidden && !calls.told_of(text, sources, called).empty();
            for (const Oid source : sources) {
                const std::string &name = stage_.tables().of(source)->name;
                if (std::find(tables.begin(), tables.end(), name) == tables.end()) continue;
                shown.insert(name);
                by.insert(effects.touched.at(source));
                all_hidden = all_hidden && at_first({source}).rows.empty();
            }
            break;
        }
    }
    if (all.empty()) return;
    Finding finding;
    finding.level = all_hidden ? Level::error : Level::warning;
    finding.message =
        fmt::format("a row of its own in {}, {}, shows it rows of other people in {} through trigger {}", relation.name,
                    all.size() > 1                           ? "put in or changed"
                    : all.front().command == Command::insert ? "put in"
                                                             : "changed",
                    fmt::join(shown, ", "), fmt::join(by, ", "));
    finding.detail = fmt::format("The policies of {} let the row in for whom it names, and the trigger copies what it "
                                 "finds past those of {} to where its writer reads it.",
                                 relation.name, fmt::join(shown, ", "));
    finding.hint = "Let WITH CHECK, or the trigger function before it copies, ask whose the row is that the new one "
                   "points to.";
    accuse_trigger(relation, all, std::move(finding), findings);
}

} // namespace rlsproof::server
