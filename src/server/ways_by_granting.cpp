#include "model/decided_words.hpp"
#include "model/name_words.hpp"

// What somebody else is to grant, by the name of a column of one's own row: a plan, a balance, that one is verified;
// and what somebody else is to decide about a thing of one's own: that an order is paid. Policies open nothing by it;
// the application goes by it, or whoever sends the invoice.
#include "server/ways_up.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/identity.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/standing.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostThings = 3; // of one's own that are tried, hanging on different things of other people's

std::string without_schema(const std::string &name) {
    return name.substr(name.rfind('.') + 1);
}

} // namespace

// Other values than the row has, of those that the column may have; none where none are known. Of a number several: a
// constraint may hold it within bounds.
std::vector<Candidate> WaysUp::other_values(const TableShape &shape, const ColumnShape &column, const Candidate &held) {
    if (column.category == 'B') return {held == "t" ? "f" : "t"};
    std::vector<Candidate> others;
    if (column.category == 'N') {
        for (const char *more : {"1000", "100", "10", "1", "0.1"})
            others.push_back(query("select ($1::numeric + $2::numeric)::text", {held ? *held : "0", more}).value(0, 0));
        return others;
    }
    others.assign(column.labels.begin(), column.labels.end());
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
    return other == others.end() ? std::vector<Candidate>{} : std::vector<Candidate>{*other};
}

// How many rows the statement writes, where it leaves one that says it; else none.
long WaysUp::keeps(const Relation &relation, Command command, const ColumnShape &column, const Candidate &value,
                   const std::string &statement) {
    long changed = 0;
    (void)attempt(Finish::rollback, [&] { changed = in_time([&] { return execute(statement); }); });
    const std::string kept =
        fmt::format("{}::text is not distinct from ({})::text", column.name, Maker::literal(column, value));
    const std::string doubt = std::exchange(doubt_, "");
    const bool stays = changed > 0 && stands(triggers_.of(relation, command), &relation, statement, kept, nullptr);
    keep_doubt(unsettled_);
    doubt_ = doubt; // that a trigger objects is as it should be
    return stays ? changed : 0;
}

void WaysUp::grant_in_its_row(const Relation &relation, const Row &mine, std::vector<Granted> &granted) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    for (const ColumnShape &column : shape.columns) {
        const bool told = std::any_of(findings_->begin(), findings_->end(), [&](const Finding &finding) {
            return finding.key == fmt::format("self_promotion:{}.{}", relation.name, column.name);
        });
        if (!says_granted(column.name) || column.generated || told || !may_update(relation.id, column.number) ||
            stage_.hints().identity.contains({relation.id, column.number}))
            continue;
        const Scratch scratch;
        const auto held = mine.values.find(column.number);
        for (const Candidate &other :
             other_values(shape, column, held != mine.values.end() ? held->second : std::nullopt)) {
            const std::string statement = fmt::format("update {0} set {1} = {2} where {1} is distinct from {2}",
                                                      relation.name, column.name, Maker::literal(column, other));
            if (keeps(relation, Command::update, column, other, statement) == 0) continue;
            granted.push_back({&column, std::nullopt, statement});
            break;
        }
    }
}

// The columns that name people, themselves or by the keys of their accounts.
std::vector<std::string> WaysUp::people_in(const TableShape &shape) const {
    std::vector<std::string> people;
    const auto is_account = [&](const ForeignKey &key, int number) {
        const TableShape *parent = stage_.tables().of(key.parent);
        return key.columns == std::vector{number} && key.parent != shape.id && parent != nullptr &&
               stage_.is_account(*parent);
    };
    for (const ColumnShape &column : shape.columns)
        if (stage_.hints().identity.contains({shape.id, column.number}) ||
            std::any_of(shape.foreign_keys.begin(), shape.foreign_keys.end(),
                        [&](const ForeignKey &key) { return is_account(key, column.number); }))
            people.push_back(column.name);
    return people;
}

// Things of its own as it might have them, each of them hanging on what is other people's: what is done to what hangs
// on its own is its right.
std::vector<Values> WaysUp::things_of_its_own(const TableShape &shape, int asker) {
    std::vector<Values> result;
    for (const Row &row : stage_.rows(shape.id))
        for (const Values &like : stage_.candidates(shape.id, {&row})) {
            if (result.size() >= kMostThings) return result;
            const auto before = like.find(asker);
            for (const Values &own : stage_.owned_each(shape, like, persona_.uid, own_)) {
                const auto me = own.find(asker);
                if (me == own.end() || !me->second || (before != like.end() && before->second == me->second)) continue;
                const bool alone = std::all_of(own.begin(), own.end(), [&](const auto &value) {
                    return value.first == asker || value.second != me->second;
                });
                if (alone) result.push_back(own);
                if (alone) break;
            }
        }
    return result;
}

// Without an asker where it names several people and it is not clear whose it is.
Thing WaysUp::thing_of(const Relation &relation, const TableShape &shape) {
    Thing thing;
    const Askers asks = who_asks(people_in(shape));
    thing.asker = asks.asker.value_or("");
    thing.of_two = asks.of_two;
    thing.table = without_schema(relation.name);
    for (const ColumnShape &column : shape.columns) thing.columns.push_back(column.name);
    const Hints &hints = stage_.hints();
    thing.others_look = is_open(relation, Command::select);
    for (const size_t place : places_for(hints.policies_of, relation.id)) {
        const PolicyHint &policy = hints.policies[place];
        thing.others_look = thing.others_look ||
                            std::any_of(policy.reads.begin(), policy.reads.end(),
                                        [&](const Column &column) { return !hints.identity.contains(column); }) ||
                            std::any_of(policy.functions.begin(), policy.functions.end(),
                                        [&](Oid function) { return !bodies_.of(function).relations.empty(); });
    }
    thing.of_others = std::any_of(shape.foreign_keys.begin(), shape.foreign_keys.end(), [&](const ForeignKey &key) {
        const TableShape *parent = stage_.tables().of(key.parent);
        return key.parent != shape.id && parent != nullptr && !stage_.is_account(*parent) &&
               !hints.identity.contains({shape.id, key.columns.front()});
    });
    return thing;
}

// What it may say that is for others to say, where the words are known; else what such columns say.
std::vector<Candidate> WaysUp::decisions(const Thing &thing, const TableShape &shape, const ColumnShape &column) const {
    std::vector<Candidate> result;
    std::vector<std::string> words = words_of(stage_, shape, column);
    const bool known = !words.empty();
    if (!known) words = words_of_decisions();
    const auto asked = stage_.hints().candidates.find({shape.id, column.number});
    for (const std::string &word : words) {
        const bool spoken_of = asked != stage_.hints().candidates.end() &&
                               std::find(asked->second.begin(), asked->second.end(), word) != asked->second.end();
        if (!known && !spoken_of && !says_itself(thing, column.name, word)) continue;
        if (decided_by_others(thing, column.name, word)) result.emplace_back(word);
    }
    return result;
}

std::vector<WaysUp::Step> WaysUp::steps_of(const TableShape &shape, const Thing &thing) {
    std::vector<Step> steps;
    const bool alone = one_each(shape, stage_.hints());
    for (const ColumnShape &column : shape.columns) {
        const Column place{shape.id, column.number};
        const bool is_key =
            std::any_of(shape.foreign_keys.begin(), shape.foreign_keys.end(), [&](const ForeignKey &key) {
                return std::find(key.columns.begin(), key.columns.end(), column.number) != key.columns.end();
            });
        if (column.generated || column.identity || is_key || stage_.hints().identity.contains(place)) continue;
        const Candidate given = default_word(column);
        if (column.category == 'B') {
            const bool granted = decided_by_others(thing, column.name, "true") || (alone && says_granted(column.name));
            if (granted && given != "t") steps.push_back({&column, "t", given});
        } else if (column.category == 'N') {
            if (given && (set_by_others(thing, column.name) || (alone && says_granted(column.name))))
                for (const Candidate &other : other_values(shape, column, given))
                    steps.push_back({&column, other, given});
        } else if (column.category == 'S' || column.category == 'E') {
            Candidate waits = given;
            if (!waits) {
                const std::vector<std::string> words = words_of(stage_, shape, column);
                const auto first = std::find_if(words.begin(), words.end(), says_waiting);
                if (first != words.end()) waits = *first;
            }
            if (!waits || !says_waiting(*waits)) continue;
            for (const Candidate &word : decisions(thing, shape, column))
                if (word != waits) steps.push_back({&column, word, waits});
        }
    }
    return steps;
}

// Of rows of other people, which is worse, and told.
bool WaysUp::is_open(const Relation &relation, Command command) {
    const Cell *cell = cell_of(relation.name, command);
    return cell != nullptr && (cell->verdict == Verdict::open || cell->verdict == Verdict::leak);
}

void WaysUp::grant_by_changing(const Relation &relation, const Step &step, const std::vector<Values> &things,
                               std::vector<Granted> &granted) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    const ColumnShape &column = *step.column;
    if (!may_update(relation.id, column.number)) return;
    const std::string statement = fmt::format("update {0} set {1} = {2} where {1} is distinct from {2}", relation.name,
                                              column.name, Maker::literal(column, step.value));
    const auto mine = std::find_if(own_.begin(), own_.end(), [&](const Row &row) { return row.table == relation.id; });
    const bool has_it = mine != own_.end() && one_each(shape, stage_.hints());
    bool done = false;
    for (Values thing : has_it ? std::vector<Values>{{}} : things) {
        if (done) break;
        thing[column.number] = step.before;
        (void)attempt(Finish::rollback, [&] {
            bool placed = false;
            if (has_it) {
                placed = place(shape, *mine, thing);
            } else {
                const AsUser past(user_, security_);
                placed = execute(Maker::insert_statement(shape, thing)) == 1;
            }
            // Whoever changes other people's rows as well is told of that.
            done = placed && keeps(relation, Command::update, column, step.value, statement) == 1;
        });
    }
    if (done) granted.push_back({&column, step.value, statement});
}

// Whether every policy that may let such a row in says the word itself: whoever wrote it has decided.
bool WaysUp::is_granted_by_policy(const Relation &relation, const Step &step) const {
    const Hints &hints = stage_.hints();
    const auto says = [&](const Policy &policy) {
        const std::vector<size_t> &places = places_for(hints.policies_of, relation.id);
        return policy.check.find("<>") == std::string::npos &&
               std::any_of(places.begin(), places.end(), [&](size_t place) {
                   const PolicyHint &hint = hints.policies[place];
                   return hint.name == policy.name &&
                          std::find(hint.values.begin(), hint.values.end(),
                                    std::pair(step.column->number, step.value)) != hint.values.end();
               });
    };
    bool any = false;
    for (const Policy &policy : relation.policies) {
        const std::vector<std::string> &bound = policy.facts.personas;
        if (!policy.permissive || (policy.command != "INSERT" && policy.command != "ALL") ||
            std::find(bound.begin(), bound.end(), persona_.name) == bound.end())
            continue;
        if (policy.command != "INSERT" || !says(policy)) return false;
        any = true;
    }
    return any;
}

void WaysUp::grant_by_putting_in(const Relation &relation, const Step &step, const std::vector<Values> &things,
                                 std::vector<Granted> &granted) {
    const std::optional<Room> room = room_in(relation);
    if (!room) return;
    for (Values thing : things) {
        thing[step.column->number] = step.value;
        if (!insertable(relation.id, thing).contains(step.column->number)) return;
        const std::string doubt = doubt_;
        const std::string statement = entering(relation, thing);
        doubt_ = doubt;
        if (statement.empty()) return;
        bool done = false;
        (void)attempt(Finish::rollback, [&] {
            make_room(*room, relation);
            done = keeps(relation, Command::insert, *step.column, step.value, statement) > 0;
        });
        if (!done) continue;
        granted.push_back({step.column, step.value,
                           room->gives_up.empty() ? statement : fmt::format("{}; {}", room->gives_up, statement)});
        return;
    }
}

void WaysUp::try_granting(const Relation &relation) {
    const TableShape &shape = *stage_.tables().of(relation.id);
    if (persona_.declared || !stage_.triggers_off()) return;
    const std::set<Command> &may = relation.reach_of(persona_.name)->commands;
    std::vector<Granted> granted;
    const auto mine = std::find_if(own_.begin(), own_.end(), [&](const Row &row) { return row.table == relation.id; });
    // Of things of one's own there may be many, and most of what one says of them is one's own as well.
    if (may.contains(Command::update) && mine != own_.end() && one_each(shape, stage_.hints()))
        grant_in_its_row(relation, *mine, granted);
    const Thing thing = thing_of(relation, shape);
    const auto asker = std::find_if(shape.columns.begin(), shape.columns.end(),
                                    [&](const ColumnShape &column) { return column.name == thing.asker; });
    const std::vector<Step> steps = asker != shape.columns.end() ? steps_of(shape, thing) : std::vector<Step>{};
    if (!steps.empty()) {
        const std::vector<Values> things = things_of_its_own(shape, asker->number);
        const size_t before = granted.size();
        const auto is_known = [&](const Step &step, size_t from) {
            return std::any_of(granted.begin() + (long)from, granted.end(),
                               [&](const Granted &one) { return one.column == step.column; });
        };
        for (const Step &step : steps)
            if (may.contains(Command::update) && !is_known(step, 0)) grant_by_changing(relation, step, things, granted);
        const size_t changed = granted.size();
        for (const Step &step : steps) {
            const bool in_its_row = std::any_of(granted.begin(), granted.begin() + (long)before,
                                                [&](const Granted &one) { return one.column == step.column; });
            if (may.contains(Command::insert) && !is_open(relation, Command::insert) && !in_its_row &&
                !is_known(step, changed) && !is_granted_by_policy(relation, step))
                grant_by_putting_in(relation, step, things, granted);
        }
    }
    // What the column was seen to open says more.
    std::erase_if(granted, [&](const Granted &one) {
        const std::string place = fmt::format("{}.{}", relation.name, one.column->name);
        return std::any_of(findings_->begin(), findings_->end(), [&](const Finding &finding) {
            return finding.level == Level::error && finding.message.starts_with(persona_.name + " can ") &&
                   (finding.key == "self_promotion:" + place || finding.key == "writable_authority:" + place);
        });
    });
    if (!granted.empty()) accuse_granted(relation, granted);
}

void WaysUp::accuse_granted(const Relation &relation, const std::vector<Granted> &granted) {
    const bool one = one_each(*stage_.tables().of(relation.id), stage_.hints());
    std::vector<std::string> columns, statements;
    for (const Granted &each : granted) {
        const bool says_word = each.value && (each.column->category == 'S' || each.column->category == 'E');
        const std::string column =
            says_word ? fmt::format("{} (\"{}\")", each.column->name, *each.value) : each.column->name;
        if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
        statements.push_back(each.statement);
    }
    Finding finding;
    finding.rule = "self_granted";
    finding.level = Level::warning;
    finding.category = Category::permissions;
    finding.object = relation.name;
    finding.message =
        fmt::format("{} can set {} of {} in {}, which by {} name{} somebody else is to {}", persona_.name,
                    fmt::join(columns, ", "), one ? "its own row" : "rows of its own", relation.name,
                    columns.size() == 1 ? "its" : "their", columns.size() == 1 ? "" : "s", one ? "grant" : "decide");
    finding.detail = fmt::format("No policy was seen to open anything by it; an application that goes by it takes "
                                 "everybody's word. It was done with: {}",
                                 fmt::join(statements, "; "));
    finding.hint =
        one ? "Grant UPDATE on the columns that are one's own to change, or let a trigger keep the others as they "
              "are. If it is meant, waive the finding and say so."
            : "Grant INSERT and UPDATE on the columns that are one's own to fill in, let WITH CHECK hold the others at "
              "what they are at first, or let a trigger keep them. If it is meant, waive the finding and say so.";
    finding.evidence = "execution";
    finding.key = "self_granted:" + relation.name;
    findings_->push_back(std::move(finding));
}

} // namespace rlsproof::server
