// The ways up by a function that gives roles, for somebody who was let in without one. It is put among other people as
// a plain member by whoever set the stage, and calls for itself: what asks for membership alone makes it whatever it
// says.
#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/identity.hpp"
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

constexpr size_t kMostTenants = 2;
constexpr size_t kMostRoles = 6; // of one column

bool is_asked(const Hints &hints, const Column &place, const std::string &value) {
    const auto found = hints.asked_of_callers.find(place);
    return found != hints.asked_of_callers.end() && found->second.contains(value);
}

bool may_be_role(const Hints &hints, const TableShape &shape, const ColumnShape &column) {
    const Column place{shape.id, column.number};
    const bool kind = column.category == 'S' || column.category == 'E' || column.category == 'B';
    return kind && !column.generated && hints.asked_of_callers.contains(place) && hints.personal.contains(place) &&
           !hints.identity.contains(place);
}

} // namespace

// What a column may hold that nobody is asked for: what members have who were given nothing.
std::optional<std::string> WaysUp::plain_word(const TableShape &shape, const ColumnShape &column) {
    const Column place{shape.id, column.number};
    if (column.category == 'B') return is_asked(stage_.hints(), place, "t") ? "f" : "t";
    std::vector<std::string> words;
    if (!column.default_expression.empty())
        (void)attempt(Finish::rollback, [&] {
            words.push_back(query(fmt::format("select ({})::text", column.default_expression)).text(0, 0));
        });
    bool any = true;
    if (const auto allowed = stage_.tables().allowed.find(place); allowed != stage_.tables().allowed.end())
        for (const Candidate &word : allowed->second)
            if (word) {
                words.push_back(*word);
                any = false;
            }
    if (column.category == 'E') {
        const Rows labels = query("select e.enumlabel::text from pg_catalog.pg_enum e where e.enumtypid = $1::oid "
                                  "order by e.enumsortorder desc",
                                  {std::to_string(column.type)});
        for (size_t i = 0; i < labels.size(); i++) words.push_back(labels.text(i, 0));
        any = false;
    }
    if (any) words.emplace_back("made");
    const auto plain = std::find_if(words.begin(), words.end(), [&](const std::string &word) {
        return !word.empty() && !is_asked(stage_.hints(), place, word);
    });
    return plain == words.end() ? std::nullopt : std::optional<std::string>(*plain);
}

bool WaysUp::try_rising_by(const Opener &opener) {
    if (persona_.declared || !stage_.triggers_off()) return false;
    bool accused = false;
    for (const Oid table : opener.written) {
        const TableShape *shape = stage_.tables().of(table);
        if (shape == nullptr || std::none_of(shape->columns.begin(), shape->columns.end(), [&](const ColumnShape &c) {
                return may_be_role(stage_.hints(), *shape, c);
            }))
            continue;
        const Scratch scratch;
        (void)attempt(Finish::rollback, [&] {
            const auto found =
                std::find_if(own_.begin(), own_.end(), [&](const Row &row) { return row.table == table; });
            std::optional<Row> mine;
            if (found != own_.end()) mine = *found;
            if (!mine) {
                const AsUser past(user_, security_);
                mine = stage_.another_own(*shape, persona_.uid, own_);
            }
            if (mine) accused = try_rising_in(opener, *shape, *mine);
        });
        if (accused) return true;
    }
    return false;
}

bool WaysUp::try_rising_in(const Opener &opener, const TableShape &shape, const Row &mine) {
    std::vector<Row> plain{mine};
    for (const ColumnShape &column : shape.columns) {
        if (!may_be_role(stage_.hints(), shape, column)) continue;
        const std::optional<std::string> word = plain_word(shape, column);
        if (!word) return false; // whoever is in it has a role
        plain.front().values[column.number] = *word;
    }
    // Among other people: what it founded is its own to rule.
    for (const ForeignKey &key : shape.foreign_keys) {
        const TableShape *parent = stage_.tables().of(key.parent);
        if (key.columns.size() != 1 || key.parent == shape.id || parent == nullptr || stage_.is_account(*parent) ||
            stage_.hints().identity.contains({shape.id, key.columns.front()}))
            continue;
        std::vector<Row> moved;
        for (const Row &row : stage_.rows(parent->id)) {
            const auto value = row.values.find(key.parent_columns.front());
            const bool own = std::any_of(own_.begin(), own_.end(), [&](const Row &other) {
                return other.table == row.table && other.tid == row.tid;
            });
            if (own || value == row.values.end() || !value->second || moved.size() == kMostTenants) continue;
            moved.push_back(plain.front());
            moved.back().values[key.columns.front()] = value->second;
        }
        if (moved.empty()) return false;
        plain = std::move(moved);
        break;
    }
    return std::any_of(plain.begin(), plain.end(),
                       [&](const Row &row) { return left_ > 0 && rises_by_call(opener, shape, row); });
}

bool WaysUp::rises_by_call(const Opener &opener, const TableShape &shape, const Row &plain) {
    bool accused = false;
    const Hints &hints = stage_.hints();
    std::string set, mine;
    for (const auto &[number, value] : plain.values) {
        const ColumnShape *column = shape.column(number);
        if (column == nullptr || column->generated || column->identity) continue;
        const std::string equal = fmt::format("{} = {}", column->name, Maker::literal(*column, value));
        const bool linked = std::any_of(shape.foreign_keys.begin(), shape.foreign_keys.end(),
                                        [&, at = number](const ForeignKey &k) { return k.columns == std::vector{at}; });
        if (may_be_role(hints, shape, *column) || linked) set += (set.empty() ? "" : ", ") + equal;
        if (value && (linked || hints.identity.contains({shape.id, number}))) mine += " and " + equal;
    }
    if (set.empty() || mine.empty()) return false;
    (void)attempt(Finish::rollback, [&] {
        {
            const AsUser past(user_, security_);
            if (execute(fmt::format("update {} set {} where ctid = {}::tid and tableoid = {}", shape.name, set,
                                    quote_literal(plain.tid), plain.stored_in)) != 1)
                return;
        }
        for (const Arguments &choice : arguments_with_words(*opener.function, stage_, persona_.uid, plain)) {
            if (left_-- <= 0 || accused) return;
            const std::string calling = call_of(*opener.function, choice.list);
            for (const ColumnShape &column : shape.columns) {
                if (!may_be_role(hints, shape, column) || accused) continue;
                const auto asked = hints.asked_of_callers.find({shape.id, column.number});
                size_t tried = 0;
                for (const std::string &word : asked->second) {
                    // A role comes as one of the arguments, or is the only one there is to be had.
                    if (++tried > kMostRoles || accused) break;
                    const std::string has = fmt::format("select 1 from {} where {} = {}{} limit 1", shape.name,
                                                        column.name, Maker::literal(column, word), mine);
                    const auto holds = [&] {
                        const AsUser past(user_, security_);
                        return !query(has, {}, false).empty();
                    };
                    const auto rises = [&] {
                        (void)in_time([&] { return execute(calling); });
                        return holds();
                    };
                    bool rose = false;
                    if (holds()) continue;
                    const Outcome outcome = attempt(Finish::rollback, [&] { rose = rises(); });
                    if (!outcome.ok) break; // it turns members away, or did not like the argument
                    if (!rose || !stands(opener.hearing, nullptr, "", "", rises)) continue;
                    const Candidate &held = plain.values.at(column.number);
                    accuse_call(opener, calling, fmt::format("{}.{}", shape.name, column.name), word,
                                held.value_or(""));
                    accused = true;
                }
            }
        }
    });
    return accused;
}

void WaysUp::accuse_call(const Opener &opener, const std::string &call, const std::string &column,
                         const std::string &word, const std::string &held) {
    const Function &function = *opener.function;
    const std::string what =
        fmt::format("{} can make itself \"{}\" in {} by a call of {}, being no more than \"{}\" there", persona_.name,
                    word, column, function.name.substr(4), held);
    for (Cell &cell : *cells_)
        if (cell.persona == persona_.name && cell.object == function.name && cell.command == Command::execute &&
            cell.verdict != Verdict::open && cell.verdict != Verdict::leak && cell.expected == "none") {
            cell.verdict = cell.declared ? Verdict::leak : Verdict::open;
            cell.evidence = Evidence::execution;
            cell.reason = what;
            Observation observation;
            observation.statement = call;
            cell.witness = witness(persona_, observation, "");
        }
    Finding finding;
    finding.rule = "self_promotion";
    finding.level = Level::error;
    finding.category = Category::exposure;
    finding.object = function.name;
    finding.message = what;
    finding.detail =
        fmt::format("{} runs as {}, and writes to what decides about others. It was done, as a member of what "
                    "is somebody else's, with: {}",
                    function.name.substr(4), function.owner, call);
    finding.hint = "Let the function ask whether its caller may give the role, not only whether they belong to it.";
    finding.evidence = "execution";
    finding.key = fmt::format("{}:{}", finding.rule, function.name);
    findings_->push_back(std::move(finding));
}

} // namespace rlsproof::server
