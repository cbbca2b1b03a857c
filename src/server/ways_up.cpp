#include "model/name_words.hpp"

#include "server/ways_up.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/identity.hpp"
#include "server/probe.hpp"
#include "server/facts.hpp"
#include "server/handed.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"
#include "server/witness.hpp"

extern "C" {
#include "access/xact.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostParents = 4; // that one's own row is hung on, as other rows are and as none is
constexpr size_t kMostPlain = 2;   // rows of its own that are put in with all that is asked elsewhere
constexpr size_t kMostWords = 24;  // of what policies and helpers say, tried in one column

// Whom things are handed over to, to see what is left to whoever had them.
const std::string kSomebodyElse = "c0ffee00-0000-4000-8000-00000000e15e";

bool asked_of_callers(const Hints &hints, const Column &place, const std::string &value) {
    const auto found = hints.asked_of_callers.find(place);
    return found != hints.asked_of_callers.end() && found->second.contains(value);
}

} // namespace

// What something about the caller is compared with first, then what is said most.
const std::vector<std::string> &WaysUp::words() {
    if (!words_.empty()) return words_;
    const Hints &hints = stage_.hints();
    words_.assign(hints.asked.begin(), hints.asked.end());
    std::vector<std::pair<int, std::string>> said;
    for (const auto &[word, times] : hints.mentions) said.emplace_back(-times, word);
    std::sort(said.begin(), said.end());
    for (const auto &[times, word] : said)
        if (std::find(words_.begin(), words_.end(), word) == words_.end()) words_.push_back(word);
    words_.resize(std::min(words_.size(), kMostWords));
    return words_;
}

bool WaysUp::stands(const Hearing &hearing, const Relation *relation, const std::string &statement,
                    const std::string &kept, const std::function<bool()> &rises) {
    refused_ = false;
    if (hearing.listeners.empty()) return true;
    if (hearing.made_nothing) return false;
    if (!hearing.why_not.empty()) {
        if (!hearing.may_object) return true;
        if (doubt_.empty()) doubt_ = "triggers that may stop it could not be heard: " + hearing.why_not;
        return false;
    }
    Heard heard;
    bool stays = false;
    const Outcome outcome = attempt(Finish::rollback, [&] {
        {
            const AsUser past(user_, security_);
            wake();
        }
        stays = statement.empty() || in_time([&] { return execute(statement); }) > 0;
        (void)execute("set constraints all immediate");
        stays = stays && (rises == nullptr || rises());
        const AsUser past(user_, security_);
        const TransactionId self = call(GetCurrentTransactionId);
        stays = stays && (relation == nullptr || !query(fmt::format("select 1 from {} where xmin = '{}'::xid and ({})",
                                                                    relation->name, self, kept),
                                                        {}, false)
                                                      .empty());
    });
    if (outcome.ok && stays) return true;
    heard.put_back = outcome.ok;
    if (!outcome.ok) heard.failures.push_back(outcome);
    const std::vector<Objection> said = objections(hearing, heard);
    if (said.empty()) return true; // a key that a made row does not have is no guard
    if (doubt_.empty()) doubt_ = said.front().reason;
    refused_ = said.front().guards;
    return false;
}

bool WaysUp::is_of_its_owner(const Relation &relation, const std::string &statement) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    long changed = 0;
    bool handed_over = false;
    const Outcome outcome = attempt(Finish::rollback, [&] {
        {
            const AsUser past(user_, security_);
            for (const Row &row : own_) {
                const TableShape *owned = stage_.tables().of(row.table);
                const bool hangs_on = row.table != relation.id && owned != nullptr && !stage_.is_account(*owned) &&
                                      std::any_of(shape.foreign_keys.begin(), shape.foreign_keys.end(),
                                                  [&](const ForeignKey &key) { return key.parent == row.table; });
                if (!hangs_on) continue;
                std::string others;
                for (const auto &[number, value] : stage_.owned_by(*owned, {}, kSomebodyElse))
                    others += fmt::format("{}{} = {}", others.empty() ? "" : ", ", owned->column(number)->name,
                                          Maker::literal(*owned->column(number), value));
                if (others.empty()) continue;
                handed_over |= execute(fmt::format("update {} set {} where ctid = '{}' and tableoid = {}", owned->name,
                                                   others, row.tid, row.stored_in)) > 0;
            }
        }
        if (handed_over) changed = in_time([&] { return execute(statement); });
    });
    // A failure of another kind says nothing of whose right it is.
    return handed_over && changed == 0 && (outcome.ok || refused_by_policy(outcome));
}

// Whether all that read the column read it of the one row that the row at hand belongs to: a property that is sold has
// no new pictures. Whose that one is, theirs are the others.
bool WaysUp::opens_what_hangs_on_it(const TableShape &shape, const Column &place) {
    const Hints &hints = stage_.hints();
    const auto is_its_key = [&](const Column &column) {
        return column.relation == shape.id && !hints.identity.contains(column) &&
               std::find(shape.keys.begin(), shape.keys.end(), std::vector{column.number}) != shape.keys.end();
    };
    bool any = false;
    for (const PolicyHint &policy : hints.policies) {
        if (policy.reads.contains(place)) {
            any = true;
            const auto ties = [&](const auto &pair) {
                return (is_its_key(pair.first) && pair.second.relation == policy.relation) ||
                       (is_its_key(pair.second) && pair.first.relation == policy.relation);
            };
            if (std::none_of(policy.joined.begin(), policy.joined.end(), ties)) return false;
        }
        for (const Oid function : policy.functions) {
            const Body &body = bodies_.of(function);
            const std::vector<Column> named = columns_named(body, body.column_names);
            if (std::find(named.begin(), named.end(), place) == named.end()) continue;
            any = true;
            const BodyFacts facts = read_body_facts(function);
            if (std::none_of(facts.compared.begin(), facts.compared.end(),
                             [&](const auto &compared) { return is_its_key(compared.first); }))
                return false;
        }
    }
    return any;
}

void WaysUp::keep_doubt(std::string &kept) {
    if (kept.empty() && !refused_) kept = doubt_;
    doubt_.clear();
    refused_ = false;
}

void WaysUp::settle(const Cell &cell, std::string kept, const std::string &whether) {
    doubt_ = std::move(kept);
    doubt(cell.object, cell.command, whether);
}

void WaysUp::doubt(const std::string &object, Command command, const std::string &whether) {
    if (doubt_.empty()) return;
    for (Cell &cell : *cells_)
        if (cell.persona == persona_.name && cell.object == object && cell.command == command &&
            cell.verdict == Verdict::ok && cell.expected == "none") {
            cell.verdict = Verdict::unknown;
            cell.evidence = Evidence::none;
            cell.may_rise = true;
            cell.reason = fmt::format(
                "whether {} is not known: {}",
                whether.empty() ? fmt::format("{} rises by this", appointed_.empty() ? "it" : appointed_) : whether,
                doubt_);
        }
    doubt_.clear();
}

void WaysUp::accuse(Way way) {
    way.by_next_token = late_ && !way.gained.empty();
    way.changes = changes_ && !way.gained.empty();
    way.appointed = appointed_;
    accuse_of(way, persona_, stage_.tables(), stage_.hints(), *cells_, *findings_);
    if (way.rule == "self_promotion" && way.appointed.empty() && !way.by_next_token && !way.changes)
        promotions_[way.relation->id].push_back({way.column, findings_->back().key, way.gained});
}

void WaysUp::tell_with_promotion(const Relation &relation, const Values &values, const Way &way) {
    const auto covers = [&](const Promotion &known) {
        const TableShape &shape = *stage_.tables().of(relation.id);
        return std::any_of(values.begin(), values.end(),
                           [&](const auto &value) { return shape.column(value.first)->name == known.column; }) &&
               std::all_of(way.gained.begin(), way.gained.end(), [&](const std::string &table) {
                   return std::find(known.gained.begin(), known.gained.end(), table) != known.gained.end();
               });
    };
    const std::vector<Promotion> &known = promotions_[relation.id];
    const auto promotion = std::find_if(known.begin(), known.end(), covers);
    // What was seen to open nothing has no more to say.
    if (late_ || changes_ || promotion == known.end() || promotion->gained.empty()) return;
    const std::string anew = findings_->back().message;
    findings_->pop_back();
    Finding &finding = *std::find_if(findings_->rbegin(), findings_->rend(),
                                     [&](const Finding &told) { return told.key == promotion->key; });
    const std::string changed = finding.message;
    finding.message.insert(changed.find("; after that"), ", in the row that it has or in a new one in its place");
    finding.detail += fmt::format("; and with: {}", way.statement);
    finding.hint = "Take INSERT and UPDATE on the column away, or let WITH CHECK hold it at what everybody may have.";
    finding.fix = fmt::format("REVOKE INSERT, UPDATE ON {0} FROM {1}; GRANT INSERT (/* the harmless columns */), "
                              "UPDATE (/* the harmless columns */) ON {0} TO {1};",
                              relation.name, quote_identifier(persona_.role));
    for (Cell &cell : *cells_) // what is said of a cell is known by these words
        if (cell.reason == changed || cell.reason == anew) cell.reason = finding.message;
}

void WaysUp::try_promotion(const Relation &relation) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    const Hearing &hearing = triggers_.of(relation, Command::update);
    const Sight &before = seen_before_[relation.id];
    const Hints &hints = stage_.hints();
    for (const ColumnShape &column : shape.columns) {
        const Column place{relation.id, column.number};
        if (!hints.authority.contains(place) || hints.identity.contains(place) || column.generated) continue;
        if (!may_update(relation.id, column.number)) continue;
        if (hints.limits.contains(place)) {
            const std::string statement = fmt::format("update {0} set {1} = {1} + 1", relation.name, column.name);
            long raised = 0;
            (void)attempt(Finish::rollback, [&] { raised = in_time([&] { return execute(statement); }); });
            if (raised > 0 && appointed_.empty() && stands(hearing, &relation, statement, "true", nullptr))
                accuse({"self_promotion", &relation, Command::update, statement, column.name, nullptr, {}, ""});
            continue;
        }
        // What policies and helpers compare the column with, and what other people's rows hold in it.
        std::vector<Candidate> values;
        if (const auto asked = hints.candidates.find(place); asked != hints.candidates.end()) values = asked->second;
        if (const auto flag = hints.asked_of_callers.find(place);
            flag != hints.asked_of_callers.end() && column.category == 'B')
            values.insert(values.end(), flag->second.begin(), flag->second.end());
        const size_t asked = values.size();
        if (column.type == 16) values.push_back("t");
        // What a helper answers is compared elsewhere: my_role() = 'boss' says nothing of the column it comes from.
        if (hints.personal.contains(place) && (column.category == 'S' || column.category == 'E'))
            for (const std::string &word : words())
                if (values.size() < asked + kMostWords && std::find(values.begin(), values.end(), word) == values.end())
                    values.push_back(word);
        const size_t most = values.size() + kMostParents;
        if (is_what_others_go_by(place))
            for (const Row &row : stage_.rows(relation.id))
                if (const auto value = row.values.find(column.number);
                    value != row.values.end() && value->second && values.size() < most)
                    values.push_back(value->second);
        for (const ForeignKey &key : shape.foreign_keys) {
            if (key.columns.size() != 1 || key.columns.front() != column.number) continue;
            const auto take = [&](const Row &row, int number, size_t bound) {
                const auto value = row.values.find(number);
                if (value != row.values.end() && value->second && values.size() < bound &&
                    std::find(values.begin(), values.end(), value->second) == values.end())
                    values.push_back(value->second);
            };
            for (const Row &row : stage_.rows(relation.id)) take(row, column.number, most);
            // Rows that were made before those they belong to name none that is there.
            for (const Row &row : stage_.rows(key.parent)) take(row, key.parent_columns.front(), most + kMostParents);
        }
        for (const std::string &value : matching(place)) values.push_back(value);
        bool accused = false;
        const auto known = hints.governs.find(place);
        const std::set<Oid> governed = known == hints.governs.end() ? std::set<Oid>{} : known->second;
        for (size_t i = 0; i < values.size() && !accused; i++) {
            if (!values[i] || gave_up()) continue;
            const Scratch scratch;
            const std::string literal = Maker::literal(column, values[i]);
            const std::string statement = fmt::format("update {} set {} = {} where {} is distinct from {}",
                                                      relation.name, column.name, literal, column.name, literal);
            std::optional<std::vector<std::string>> gain;
            (void)attempt(Finish::rollback, [&] {
                if (in_time([&] { return execute(statement); }) > 0) gain = gained(before, governed);
            });
            if (!gain) continue; // refused: nothing to accuse
            // A value that policies ask of one's own row is a promotion, whether or not a row of today shows it; the
            // state of a row that others are shown, as in "published", is its owner's to set, and so is what the
            // table's own policies alone ask of it, as in "cancelled", who is what in a thing of one's own, and what
            // decides about nothing but the things that belong to this one.
            if (gain->empty() && (!appointed_.empty() || i >= asked || column.category == 'D' ||
                                  !hints.personal.contains(place) || !asked_of_callers(hints, place, *values[i]) ||
                                  is_of_its_owner(relation, statement) || opens_what_hangs_on_it(shape, place)))
                continue;
            const std::string kept = fmt::format("{}::text is not distinct from ({})::text", column.name, literal);
            std::function<bool()> rises;
            if (!gain->empty()) rises = [&] { return !gained(before, governed).empty(); };
            accused = stands(hearing, &relation, statement, kept, rises);
            // What somebody was asked, he may say: "accepted".
            if (gain->empty() && answers_invitation(relation.name, *values[i])) accused = false;
            if (accused)
                accuse({"self_promotion", &relation, Command::update, statement, column.name, nullptr, *gain, ""});
        }
    }
    doubt(relation.name, Command::update);
}

std::optional<WaysUp::Room> WaysUp::room_in(const Relation &relation) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    Room room;
    if (!one_each(shape, stage_.hints())) return room;
    for (const Row &row : own_)
        if (row.table == relation.id) room.mine = &row;
    if (room.mine == nullptr) return room;
    std::string which;
    for (const ColumnShape &column : shape.columns)
        if (const auto value = room.mine->values.find(column.number);
            which.empty() && value != room.mine->values.end() && value->second &&
            stage_.hints().identity.contains({relation.id, column.number}))
            which = fmt::format("{} = {}", column.name, Maker::literal(column, value->second));
    const std::string statement = fmt::format("delete from {} where {}", relation.name, which);
    const Reach &reach = *relation.reach_of(persona_.name);
    if (reach.commands.contains(Command::remove) && !which.empty() &&
        !triggers_.of(relation, Command::remove).may_object) {
        long gone = 0;
        (void)attempt(Finish::rollback, [&] { gone = in_time([&] { return execute(statement); }); });
        if (gone > 0) {
            room.gives_up = statement;
            return room;
        }
    }
    std::vector<Oid> accounts;
    for (const Row &row : own_) accounts.push_back(row.table);
    if (made_at_sign_up(bodies_, accounts, relation.id)) return std::nullopt;
    return room;
}

void WaysUp::make_room(const Room &room, const Relation &relation) {
    if (room.mine == nullptr) return;
    if (!room.gives_up.empty()) {
        (void)in_time([&] { return execute(room.gives_up); });
        return;
    }
    const AsUser past(user_, security_);
    (void)execute(fmt::format("delete from {} where ctid = {}::tid and tableoid = {}", relation.name,
                              quote_literal(room.mine->tid), room.mine->stored_in));
}

void WaysUp::try_joining(const Relation &relation) {
    const std::set<Oid> &asked = dependents_[relation.id];
    const Sight &before = seen_before_[relation.id];
    const Hearing &hearing = triggers_.of(relation, Command::insert);
    const std::optional<Room> room = room_in(relation);
    if (!room) return;
    // What shows more weighs more than what lets it change what everybody sees: that is left for later.
    std::vector<Values> rows = entries(relation), changing;
    const auto opens = [&](const Values &values, bool at_last) {
        if (gave_up()) return true;
        const Scratch scratch;
        const std::string statement = entering(relation, values);
        if (statement.empty()) return true;
        std::vector<std::string> gain;
        bool stood = false;
        (void)attempt(Finish::rollback, [&] {
            Sight without = before;
            if (room->mine != nullptr) {
                make_room(*room, relation);
                without.merge(in_sight(asked));
            }
            (void)attempt(Finish::rollback, [&] {
                if (in_time([&] { return execute(statement); }) > 0) gain = gained(without, asked);
            });
            if (!gain.empty() && changes_ && !late_ && !at_last) {
                changing.push_back(values);
                return;
            }
            const auto rises = [&] { return !gained(without, asked).empty(); };
            stood = !gain.empty() && stands(hearing, &relation, statement, "true", rises);
        });
        if (!stood) return false;
        joined_.insert(relation.id);
        const Way way{"writable_authority",
                      &relation,
                      Command::insert,
                      room->gives_up.empty() ? statement : fmt::format("{}; {}", room->gives_up, statement),
                      "",
                      nullptr,
                      gain,
                      room->mine == nullptr    ? ""
                      : room->gives_up.empty() ? ", while it has none"
                                               : ", in place of the one it has"};
        accuse(way);
        if (!room->gives_up.empty()) tell_with_promotion(relation, values, way);
        return true;
    };
    if (std::none_of(rows.begin(), rows.end(), [&](const Values &values) { return opens(values, false); }))
        (void)std::any_of(changing.begin(), changing.end(), [&](const Values &values) { return opens(values, true); });
    doubt(relation.name, Command::insert);
}

// Whether policies look rows of other tables up by a column that may say anything, and any number of times: the path of
// a file.
bool WaysUp::is_what_others_go_by(const Column &place) const {
    const TableShape &shape = *stage_.tables().of(place.relation);
    if (std::find(shape.keys.begin(), shape.keys.end(), std::vector{place.number}) != shape.keys.end()) return false;
    const auto decided = dependents_.find(place.relation);
    return decided != dependents_.end() && std::any_of(decided->second.begin(), decided->second.end(), [&](Oid other) {
               const std::vector<ForeignKey> &keys = stage_.tables().of(other)->foreign_keys;
               return other != place.relation && std::any_of(keys.begin(), keys.end(), [&](const ForeignKey &key) {
                          return key.parent == place.relation && key.parent_columns == std::vector{place.number};
                      });
           });
}

// What the column would have to hold to be found beside what other people's rows hold in columns that it is compared
// with: those themselves, one of a list, or a list of one.
std::vector<std::string> WaysUp::matching(const Column &place) const {
    const TableShape &shape = *stage_.tables().of(place.relation);
    const ColumnShape &column = *shape.column(place.number);
    std::vector<std::string> result;
    const auto take = [&](const Column &other) {
        const TableShape *table = stage_.tables().of(other.relation);
        const ColumnShape *held = table == nullptr ? nullptr : table->column(other.number);
        // What refers to the column finds nobody else's row by it, and what it refers to is tried anyway.
        const auto refer = [&](const TableShape &from, int number, const Column &to) {
            return std::any_of(from.foreign_keys.begin(), from.foreign_keys.end(), [&](const ForeignKey &key) {
                return key.columns == std::vector{number} && key.parent == to.relation &&
                       key.parent_columns == std::vector{to.number};
            });
        };
        if (held == nullptr || refer(*table, other.number, place) || refer(shape, place.number, other)) return;
        const bool list = column.category == 'A', lists = held->category == 'A';
        for (const Row &row : stage_.rows(other.relation)) {
            const auto value = row.values.find(other.number);
            if (result.size() == kMostParents) return;
            if (value == row.values.end() || !value->second) continue;
            std::string match = *value->second;
            if (lists && !list) {
                const Rows elements = query("select pg_catalog.unnest($1::text[]) limit 1", {match});
                if (elements.empty() || !elements.value(0, 0)) continue;
                match = elements.text(0, 0);
            } else if (list && !lists) {
                match = array_literal({match});
            }
            if (std::find(result.begin(), result.end(), match) == result.end()) result.push_back(match);
        }
    };
    for (const auto &[one, other] : stage_.hints().matched) {
        if (one == place) take(other);
        if (other == place) take(one);
    }
    return result;
}

// Rows that would be the persona's own: each there is, in each way in which it could be.
std::vector<Values> WaysUp::entries(const Relation &relation) {
    std::vector<Values> result;
    const TableShape &shape = *stage_.tables().of(relation.id);
    const bool named = stage_.names_people(shape) || has_addresses(shape);
    std::vector<const Row *> strangers;
    for (const Row &row : stage_.rows(relation.id)) strangers.push_back(&row);
    if (!named) {
        // A link has two ends: one of its own, and one of somebody else's, be it no more than a name that rows
        // elsewhere are looked up by.
        const bool by_name = std::any_of(shape.columns.begin(), shape.columns.end(), [&](const ColumnShape &column) {
            return is_what_others_go_by({shape.id, column.number});
        });
        if (shape.foreign_keys.size() < 2 && !by_name) return result;
        for (Values &candidate : stage_.candidates(relation.id, strangers))
            if (Values linked = stage_.among_own(shape, candidate, own_); linked != candidate)
                result.push_back(std::move(linked));
        return result;
    }
    for (Values &candidate : stage_.candidates(relation.id, strangers)) {
        std::vector<Values> own = stage_.owned_each(shape, candidate, persona_.uid, own_);
        if (own.empty()) own.push_back(std::move(candidate));
        result.insert(result.end(), own.begin(), own.end());
    }
    // With all that is asked of such a row elsewhere, and what the table's own policies ask of it besides.
    const size_t plain = result.size();
    const std::vector<Values> elsewhere = stage_.asked_together(shape);
    std::vector<Values> asked = elsewhere;
    for (const Values &values : elsewhere)
        for (const size_t place : places_for(stage_.hints().policies_of, relation.id)) {
            Values both = values;
            for (const auto &[number, value] : stage_.hints().policies[place].values) both[number] = value;
            if (std::find(asked.begin(), asked.end(), both) == asked.end()) asked.push_back(std::move(both));
        }
    for (size_t i = 0; i < std::min(plain, kMostPlain); i++)
        for (const Values &values : asked) {
            Values row = result[i];
            for (const auto &[number, value] : values)
                if (!stage_.hints().identity.contains({shape.id, number})) row[number] = value;
            if (std::find(result.begin(), result.end(), row) == result.end()) result.push_back(std::move(row));
        }
    for (Values &row : result) readdress(shape, row);
    return result;
}

std::string WaysUp::entering(const Relation &relation, const Values &values) {
    const Values given = insertable(relation.id, values);
    if (!draws_a_number(relation.id, given)) return Maker::insert_statement(*stage_.tables().of(relation.id), given);
    if (doubt_.empty()) doubt_ = std::string("a row was not put in, since ") + kWouldDraw;
    refused_ = false; // nobody was asked
    return "";
}

void WaysUp::look(const std::string &object, std::vector<Cell> &cells, std::vector<Finding> &findings) {
    const auto chosen = [&](const std::string &name) { return object.empty() || object == name; };
    cells_ = &cells;
    findings_ = &findings;
    for (const auto &[table, deciders] : stage_.hints().decided_by)
        for (const Oid decider : deciders) dependents_[decider].insert(table);
    address_ = address_of(persona_);
    find_openers();
    left_ = kMostLooks;
    written_late_ = written_by_next_tokens(stage_.hints().next_token.shown);
    for (const Relation &relation : world_.relations) {
        if (!chosen(relation.name) || !relation.is_table() || stage_.tables().of(relation.id) == nullptr) continue;
        const Reach *reach = relation.reach_of(persona_.name);
        if (reach == nullptr || !reach->row_security) continue; // with no policy in the way it is open already
        const Scratch scratch;
        if (const auto found = dependents_.find(relation.id); found != dependents_.end()) {
            seen_before_[relation.id] = at_first(found->second);
            left_ = kMostLooks;
            if (reach->commands.contains(Command::update)) {
                try_promotion(relation);
                try_promotion_together(relation);
            }
            left_ = kMostLooks;
            if (reach->commands.contains(Command::insert)) {
                try_joining(relation);
                if (reach->commands.contains(Command::update)) try_raising(relation);
            }
            left_ = kMostLooks;
            try_ranks(relation);
            try_raising_others(relation);
            try_second_factor(relation);
        }
        if (reach->commands.contains(Command::insert)) {
            try_handing_in(relation);
            try_inviting(relation);
        }
        if (reach->commands.contains(Command::update)) try_moving(relation);
        try_granting(relation);
        try_taking_in(relation);
        if (reach->commands.contains(Command::insert)) try_forging(relation);
        try_in_talks(relation);
    }
    for (const Relation &relation : world_.relations)
        if (chosen(relation.name) && dependents_.contains(relation.id) && may_enter(relation)) try_chains(relation);
    for (const Opener &opener : openers_)
        if (chosen(opener.function->name)) try_calling(opener);
    for (const Function &function : world_.functions)
        if (chosen(function.name)) try_two_calls(function);
    try_after_founding(object);
    for (const Relation &relation : world_.relations)
        if (chosen(relation.name) && dependents_.contains(relation.id) && seen_before_.contains(relation.id))
            try_appointed(relation);
    find_readers();
    for (const Relation &relation : world_.relations)
        if (chosen(relation.name) && may_enter(relation)) try_reading(relation);
    if (object.empty()) try_claimed_ranks();
    try_planting(object);
    leave_unheard(object);
}

} // namespace rlsproof::server
