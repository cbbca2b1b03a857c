// The ways by a trigger: a row of its own that policies let in, and what triggers do then past all policies. Seen by
// doing it with all of them awake: rows of other people that are not what they were, or that are in sight now.
#include "server/ways_up.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/appointed.hpp"
#include "server/identity.hpp"
#include "server/probe.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"
#include "server/witness.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

bool is_any(const std::string &name, const std::initializer_list<const char *> parts) {
    return std::any_of(parts.begin(), parts.end(),
                       [&](const char *part) { return name.find(part) != std::string::npos; });
}

// What whoever refers to a row leaves on it by design: when that was, how often, what is found by it, what is new.
bool keeps_the_books(const ColumnShape &column) {
    const bool by_type = column.category == TYPCATEGORY_DATETIME || column.category == TYPCATEGORY_TIMESPAN ||
                         column.type == TSVECTOROID ||
                         (column.category == TYPCATEGORY_USER && column.type != UUIDOID && column.type != JSONBOID);
    if (by_type) return true;
    const std::string &name = column.name;
    const bool last = name.starts_with("last_") || name.starts_with("latest_") || name.starts_with("updated_") ||
                      name.starts_with("modified_");
    return last || is_any(name, {"unread", "seen", "is_read", "search", "stats", "summary", "cache"}) ||
           (column.category == TYPCATEGORY_NUMERIC && is_any(name, {"count", "avg", "average", "rating", "score"}));
}

bool is_number(const ColumnShape &column) {
    return column.category == TYPCATEGORY_NUMERIC;
}

} // namespace

// Whether somebody may well refer to a row of somebody else's: it sees it, itself or through a view that reads past the
// policies, or the row is about somebody whom its own row is addressed to.
bool WaysUp::may_refer_to(const Relation &relation, const Values &values, const Row &row) {
    const TableShape &shape = *stage_.tables().of(relation.id), &other = *stage_.tables().of(row.table);
    if (at_first({row.table}).rows.contains({row.table, row.tid})) return true;
    if (std::any_of(world_.view_reads.begin(), world_.view_reads.end(), [&](const ViewRead &read) {
            return read.relation == other.name && read.persona == persona_.name && !read.row_security;
        }))
        return true;
    const auto &identity = stage_.hints().identity;
    const auto names_person = [&](int number) {
        return identity.contains({shape.id, number}) ||
               std::any_of(shape.foreign_keys.begin(), shape.foreign_keys.end(), [&](const ForeignKey &key) {
                   const TableShape *parent = stage_.tables().of(key.parent);
                   return key.columns == std::vector{number} && parent != nullptr && stage_.is_account(*parent);
               });
    };
    return std::any_of(values.begin(), values.end(), [&](const auto &given) {
        if (!given.second || given.second == persona_.uid || !names_person(given.first)) return false;
        return std::any_of(row.values.begin(), row.values.end(), [&](const auto &held) {
            const bool who =
                identity.contains({other.id, held.first}) || (stage_.is_account(other) && other.is_key(held.first));
            return who && held.second == given.second;
        });
    });
}

Cell *WaysUp::cell_of(const std::string &object, Command command) {
    for (Cell &cell : *cells_)
        if (cell.persona == persona_.name && cell.object == object && cell.command == command) return &cell;
    return nullptr;
}

std::vector<Change> WaysUp::changed_by(const OwnWrite &write, const std::string &statement,
                                       const std::set<Oid> &targets) {
    std::vector<Change> changes;
    (void)attempt(Finish::rollback, [&] {
        {
            const AsUser past(user_, security_);
            if (!write.made.empty()) (void)execute(write.made);
            wake();
        }
        if (in_time([&] { return execute(statement); }) == 0) return;
        (void)execute("set constraints all immediate");
        for (const Oid target : targets)
            for (Change &change : bystanders_.changed(target)) changes.push_back(std::move(change));
    });
    return changes;
}

// The columns whose change is more than keeping books. Of a row in sight, which it may well refer to, only what others
// decide by or what says how it stands; of one out of sight whatever the writer chooses.
std::set<std::string> WaysUp::that_count(const TableShape &shape, const Change &change,
                                         const std::vector<Change> &other, bool hidden) const {
    std::set<std::string> result;
    const Hints &hints = stage_.hints();
    for (const auto &changed : change.columns) {
        // By name: clang++ lets no lambda capture a binding.
        const int number = changed.first;
        const Value &value = changed.second;
        const ColumnShape &column = *shape.column(number);
        const Column place{shape.id, number};
        const bool decides = hints.authority.contains(place) || hints.identity.contains(place) ||
                             hints.tenant.contains(place) || hints.candidates.contains(place) ||
                             stage_.tables().allowed.contains(place) || column.kind == TYPTYPE_ENUM;
        if (column.generated || keeps_the_books(column)) continue;
        if (is_number(column)) {
            // A count goes up by one whatever the row says; an amount is what the row says.
            const bool brought = std::any_of(other.begin(), other.end(), [&](const Change &with_more) {
                const auto then = with_more.columns.find(number);
                return with_more.row == change.row && then != with_more.columns.end() && then->second != value;
            });
            if (hidden && brought) result.insert(column.name);
        } else if (hidden || decides) {
            result.insert(column.name);
        }
    }
    return result;
}

WaysUp::Reached WaysUp::reached_by(const Relation &relation, const OwnWrite &write, Command command,
                                   const Effects &effects, const std::set<Oid> &targets) {
    Reached reached{command, write.statement, write.made, {}, {}, false};
    std::vector<Change> changes = changed_by(write, write.statement, targets);
    std::vector<Change> other;
    const auto has_numbers = [&](const Change &change) {
        return std::any_of(change.columns.begin(), change.columns.end(), [&](const auto &column) {
            return is_number(*stage_.tables().of(change.row->table)->column(column.first));
        });
    };
    for (const int more : {1, -1})
        if (const bool numbers = std::any_of(changes.begin(), changes.end(), has_numbers);
            numbers && other.empty() && write.other)
            other = changed_by(write, write.other(more), targets);
    for (Change &change : changes) {
        const TableShape &shape = *stage_.tables().of(change.row->table);
        for (const Change &any : bystanders_.stirred(*change.row))
            if (any.row == change.row)
                for (const auto &[number, value] : any.columns)
                    if (const auto same = change.columns.find(number);
                        same != change.columns.end() && same->second == value)
                        change.columns.erase(same);
        const bool hidden = !may_refer_to(relation, write.values, *change.row);
        const std::set<std::string> columns = that_count(shape, change, other, hidden);
        if (columns.empty() && !change.gone) continue;
        reached.columns[shape.name].insert(columns.begin(), columns.end());
        reached.triggers.insert(effects.written.at(shape.id));
        reached.hidden = reached.hidden || hidden;
        // What a person has to have there to see it happen.
        if (change.row->made && shape.id != relation.id && reached.made == write.made)
            reached.made =
                Maker::insert_statement(shape, change.row->values) + (write.made.empty() ? "" : ";\n" + write.made);
    }
    return reached;
}

// What is open already may still reach further than it says.
bool WaysUp::is_tried(const Relation &relation, Command command) {
    const Cell *cell = cell_of(relation.name, command);
    const bool is_open = cell != nullptr && (cell->verdict == Verdict::open || cell->verdict == Verdict::leak);
    return relation.reach_of(persona_.name)->commands.contains(command) && cell != nullptr &&
           cell->expected == "none" && (!is_open || command == Command::insert);
}

void WaysUp::try_reaching(const Relation &relation, std::vector<Finding> *findings) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    std::vector<Reached> all;
    for (const Command command : {Command::insert, Command::update, Command::remove}) {
        if (!is_tried(relation, command)) continue;
        if (command == Command::remove && !all.empty()) continue;
        const Effects effects = effects_.of(shape, command);
        if (!effects.unread.empty()) {
            if (findings != nullptr && goes_through(relation, command, effects, {}))
                leave_open(relation, command, effects.unread);
            continue;
        }
        std::set<Oid> targets;
        for (const Oid target : effects.changed) {
            const TableShape *written = stage_.tables().of(target);
            if (written == nullptr || stage_.rows(target).empty() || !stage_.personal(*written)) continue;
            // What it may change by itself needs no trigger.
            const auto is_open = [&](Command how) {
                const Cell *other = cell_of(written->name, how);
                return other != nullptr && (other->verdict == Verdict::open || other->verdict == Verdict::leak);
            };
            if (!is_open(Command::update) && !is_open(Command::remove)) targets.insert(target);
        }
        if (targets.empty()) continue;
        if (const std::string &why = triggers_.of(relation, command).why_not; !why.empty()) {
            if (findings != nullptr && goes_through(relation, command, effects, targets)) {
                const TableShape &first = *stage_.tables().of(*targets.begin());
                leave_open(relation, command,
                           fmt::format("what trigger {} does to rows of other people in {} was not tried: {}",
                                       effects.written.at(first.id), first.name, why));
            }
            continue;
        }
        for (const Oid target : targets) {
            bystanders_.remember(target);
            (void)at_first({target});
        }
        std::optional<Reached> found;
        for (const OwnWrite &write : own_writes(relation, command, effects, targets)) {
            const Scratch scratch;
            Reached reached = reached_by(relation, write, command, effects, targets);
            if (reached.columns.empty() || (found && !reached.hidden)) continue;
            found = std::move(reached);
            if (found->hidden) break;
        }
        if (found) all.push_back(std::move(*found));
    }
    if (!all.empty()) accuse_reached(relation, all, findings);
}

// What was not tried is not known to be harmless.
void WaysUp::leave_open(const Relation &relation, Command command, const std::string &why) {
    Cell &cell = *cell_of(relation.name, command);
    if (cell.verdict != Verdict::ok || cell.evidence == Evidence::privilege) return;
    cell.verdict = Verdict::unknown;
    cell.evidence = Evidence::none;
    cell.may_rise = true;
    cell.reason = why;
}

void WaysUp::accuse_trigger(const Relation &relation, const std::vector<Reached> &reached, Finding finding,
                            std::vector<Finding> *findings) {
    for (const Reached &one : reached) {
        Cell &cell = *cell_of(relation.name, one.command);
        if (cell.verdict == Verdict::open || cell.verdict == Verdict::leak) continue;
        cell.verdict = cell.declared ? Verdict::leak : Verdict::open;
        cell.evidence = Evidence::execution;
        cell.by_trigger = true;
        cell.reason = finding.message;
        Observation observation;
        observation.statement = one.statement;
        observation.made = one.made;
        cell.witness = witness(persona_, observation, "");
    }
    if (findings == nullptr) return;
    finding.rule = "trigger_reach";
    finding.category = Category::exposure;
    finding.object = relation.name;
    finding.detail += fmt::format(" It was done with: {}", reached.front().statement);
    finding.evidence = "execution";
    finding.key = "trigger_reach:" + relation.name;
    findings->push_back(std::move(finding));
}

void WaysUp::accuse_reached(const Relation &relation, const std::vector<Reached> &reached,
                            std::vector<Finding> *findings) {
    std::vector<std::string> how, tables;
    std::map<std::string, std::set<std::string>> columns;
    std::set<std::string> triggers;
    bool hidden = false;
    for (const Reached &one : reached) {
        how.emplace_back(one.command == Command::insert   ? "put in"
                         : one.command == Command::update ? "changed"
                                                          : "taken away");
        for (const auto &[table, changed] : one.columns) columns[table].insert(changed.begin(), changed.end());
        triggers.insert(one.triggers.begin(), one.triggers.end());
        hidden = hidden || one.hidden;
    }
    for (const auto &[table, changed] : columns)
        tables.push_back(changed.empty() ? table : fmt::format("{} ({})", table, fmt::join(changed, ", ")));
    Finding finding;
    finding.message =
        fmt::format("a row of its own in {}, {}, changed rows of other people in {} through trigger {}", relation.name,
                    fmt::join(how, " or "), fmt::join(tables, ", "), fmt::join(triggers, ", "));
    finding.level = hidden ? Level::error : Level::warning;
    finding.detail = fmt::format("The policies of {} let the row in for whom it names, and the trigger writes past "
                                 "those of {}{}.",
                                 relation.name, columns.begin()->first,
                                 hidden ? ", to rows that its writer does not even see"
                                        : ", to rows that its writer may see and not change");
    finding.hint = "Let WITH CHECK, or the trigger function before it writes, ask whose the row is that the new one "
                   "points to.";
    accuse_trigger(relation, reached, std::move(finding), findings);
}

void WaysUp::look_at_triggers(const std::string &object, std::vector<Cell> &cells, std::vector<Finding> *findings) {
    cells_ = &cells;
    if (persona_.uid.empty() || persona_.declared || !stage_.triggers_off()) return;
    for (const Relation &relation : world_.relations) {
        if ((!object.empty() && object != relation.name) || !relation.is_table() ||
            stage_.tables().of(relation.id) == nullptr)
            continue;
        const Reach *reach = relation.reach_of(persona_.name);
        if (reach == nullptr || !reach->row_security) continue; // with no policy in the way it is open already
        const Scratch scratch;
        try_reaching(relation, findings);
        try_copying(relation, findings);
        doubt_.clear();
    }
}

bool WaysUp::takes_in(const Relation &relation, const OwnWrite &write, Command command, const Effects &effects,
                      const std::set<Oid> &deciding, const std::set<Oid> &asked) {
    const auto gained_with = [&](const Sight &before, bool awake) {
        std::vector<std::string> gain;
        (void)attempt(Finish::rollback, [&] {
            {
                const AsUser past(user_, security_);
                if (!write.made.empty()) (void)execute(write.made);
                if (awake) wake();
            }
            if (in_time([&] { return execute(write.statement); }) == 0) return;
            if (awake) (void)execute("set constraints all immediate");
            gain = gained(before, asked);
        });
        return gain;
    };
    const Sight before = at_first(asked);
    const std::vector<std::string> gain = gained_with(before, true);
    // What the row opens with triggers at rest is its own doing, and told as such.
    if (gain.empty() || !gained_with(before, false).empty()) return false;
    std::vector<std::string> by, into, triggers;
    for (const Oid table : deciding) {
        into.push_back(stage_.tables().of(table)->name);
        const std::string &trigger = effects.written.at(table);
        if (std::find(triggers.begin(), triggers.end(), trigger) == triggers.end()) triggers.push_back(trigger);
        for (const auto &[place, names] : stage_.hints().deciders)
            for (const std::string &name : names)
                if (place.relation == table && std::find(by.begin(), by.end(), name) == by.end()) by.push_back(name);
        std::erase_if(*findings_, [&](const Finding &finding) {
            return finding.key == not_tried(*stage_.tables().of(table)); // it was tried after all
        });
    }
    Way way{"writable_authority",
            &relation,
            command,
            write.statement,
            "",
            nullptr,
            gain,
            fmt::format(", which trigger {} takes on into {}", fmt::join(triggers, ", "), fmt::join(into, ", "))};
    way.trigger = fmt::format("trigger {}", fmt::join(triggers, ", "));
    way.by = by;
    if (!write.made.empty()) {
        Observation observation;
        observation.statement = write.statement;
        observation.made = write.made;
        way.witness = witness(persona_, observation, "");
    }
    accuse(way);
    return true;
}

void WaysUp::try_taking_in(const Relation &relation) {
    const Reach &reach = *relation.reach_of(persona_.name);
    const TableShape &shape = *stage_.tables().of(relation.id);
    if (!stage_.triggers_off() || joined_.contains(relation.id)) return;
    for (const Command command : {Command::insert, Command::update}) {
        if (!reach.commands.contains(command)) continue;
        const Effects effects = effects_.of(shape, command);
        std::set<Oid> deciding, asked;
        for (const auto &[table, trigger] : effects.written) {
            const auto shown = dependents_.find(table);
            if (table == relation.id || shown == dependents_.end() || stage_.tables().of(table) == nullptr) continue;
            deciding.insert(table);
            asked.insert(shown->second.begin(), shown->second.end());
        }
        if (deciding.empty() || !triggers_.of(relation, command).why_not.empty()) continue;
        left_ = kMostLooks;
        const std::string said = doubt_;
        const std::vector<OwnWrite> writes = own_writes(relation, command, effects, deciding);
        doubt_ = said; // that a row was not put in is told of its table by those who ask about it alone
        for (const OwnWrite &write : writes) {
            const Scratch scratch;
            if (left_ <= 0) break;
            if (takes_in(relation, write, command, effects, deciding, asked)) return;
        }
    }
}

} // namespace rlsproof::server
