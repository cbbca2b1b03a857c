// The ways up by a function that gives roles, for somebody who was let in without one. It is put among other people as
// a plain member by whoever set the stage, and calls for itself: what asks for membership alone makes it whatever it
// says.
#include "server/ways_up.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/scratch.hpp"
#include "server/spi.hpp"
#include "server/standing.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"

extern "C" {
#include "access/xact.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostRoles = 6; // of one column

} // namespace

bool WaysUp::try_rising_by(const Opener &opener) {
    if (persona_.declared || !stage_.triggers_off()) return false;
    bool accused = false;
    for (const Oid table : opener.written) {
        const TableShape *shape = stage_.tables().of(table);
        if (shape == nullptr || std::none_of(shape->columns.begin(), shape->columns.end(), [&](const ColumnShape &c) {
                return !role_words(stage_, *shape, c).empty();
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
        if (role_words(stage_, shape, column).empty()) continue;
        const std::optional<std::string> word = plain_word(stage_, shape, column);
        if (!word) return false; // whoever is in it has a role
        plain.front().values[column.number] = *word;
    }
    // Among other people: what it founded is its own to rule.
    if (const ForeignKey *belongs = belongs_by(stage_, shape)) {
        plain = among_others(stage_, own_, *belongs, plain.front());
        if (plain.empty()) return false;
    }
    // Or before it has its first one, where a call puts that in.
    const auto comes_by_calls = [&] {
        std::vector<Oid> accounts;
        for (const Row &row : own_) accounts.push_back(row.table);
        return one_each(shape, stage_.hints()) && bodies_.of(opener.function->id).inserted.contains(shape.id) &&
               !made_at_sign_up(bodies_, accounts, shape.id);
    };
    return std::any_of(plain.begin(), plain.end(),
                       [&](const Row &row) { return left_ > 0 && rises_by_call(opener, shape, row, true); }) ||
           (comes_by_calls() && rises_by_call(opener, shape, plain.front(), false));
}

bool WaysUp::rises_by_call(const Opener &opener, const TableShape &shape, const Row &plain, bool there) {
    bool accused = false;
    const Hints &hints = stage_.hints();
    std::string set, mine;
    for (const auto &[number, value] : plain.values) {
        const ColumnShape *column = shape.column(number);
        if (column == nullptr || column->generated || column->identity) continue;
        const std::string equal = fmt::format("{} = {}", column->name, Maker::literal(*column, value));
        const bool linked = std::any_of(shape.foreign_keys.begin(), shape.foreign_keys.end(),
                                        [&, at = number](const ForeignKey &k) { return k.columns == std::vector{at}; });
        if (linked || !role_words(stage_, shape, *column).empty()) set += (set.empty() ? "" : ", ") + equal;
        if (value && (linked || hints.identity.contains({shape.id, number}))) mine += " and " + equal;
    }
    if (set.empty() || mine.empty()) return false;
    (void)attempt(Finish::rollback, [&] {
        {
            const AsUser past(user_, security_);
            const std::string act =
                there ? fmt::format("update {} set {}", shape.name, set) : "delete from " + shape.name;
            if (execute(fmt::format("{} where ctid = {}::tid and tableoid = {}", act, quote_literal(plain.tid),
                                    plain.stored_in)) != 1)
                return;
        }
        for (const Arguments &choice : arguments_with_words(*opener.function, stage_, persona_.uid, plain)) {
            if (left_-- <= 0 || accused) return;
            const std::string calling = call_of(*opener.function, choice.list);
            for (const ColumnShape &column : shape.columns) {
                if (accused) continue;
                size_t tried = 0;
                for (const std::string &word : role_words(stage_, shape, column)) {
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
                    accuse_call(opener, calling, fmt::format("{}.{}", shape.name, column.name), word,
                                there ? plain.values.at(column.number).value_or("") : Candidate());
                    accused = true;
                }
            }
        }
    });
    return accused;
}

void WaysUp::accuse_call(const Opener &opener, const std::string &call, const std::string &column,
                         const std::string &word, const Candidate &held) {
    const Function &function = *opener.function;
    // Whoever says something by the call makes itself what it says; who only calls is given what there is to be had.
    const bool says = !function.name.ends_with("()");
    const std::string what =
        says ? fmt::format("{} can make itself \"{}\" in {} by a call of {}, {}", persona_.name, word, column,
                           function.name.substr(4),
                           held ? fmt::format("being no more than \"{}\" there", *held) : "while it has no row there")
             : fmt::format("whoever calls {}, as {} does, is given \"{}\" in {}", function.name.substr(4),
                           persona_.name, word, column);
    // What only names people is nothing that one could be a member of.
    const bool member =
        held && std::any_of(stage_.tables().shapes.begin(), stage_.tables().shapes.end(), [&](const auto &known) {
            const TableShape &shape = known.second;
            return column.starts_with(shape.name + ".") &&
                   std::any_of(shape.foreign_keys.begin(), shape.foreign_keys.end(), [&](const ForeignKey &key) {
                       return !stage_.hints().identity.contains({shape.id, key.columns.front()});
                   });
        });
    make_open(*cells_, persona_, function.name, Command::execute, what, call);
    Finding finding;
    finding.rule = "self_promotion";
    finding.level = Level::error;
    finding.category = Category::exposure;
    finding.object = function.name;
    finding.message = what;
    finding.detail = fmt::format("{} runs as {}, and writes to what decides about others. It was done{} with: {}",
                                 function.name.substr(4), function.owner,
                                 member ? ", as a member of what is somebody else's," : "", call);
    finding.hint =
        says ? "Let the function ask whether its caller may give the role, not only whether they belong to it."
             : "It asks nobody for it. If everybody who signs up is meant to have that, waive the finding and say so; "
               "else let the function ask whether its caller may have it.";
    finding.evidence = "execution";
    finding.key = fmt::format("{}:{}", finding.rule, function.name);
    findings_->push_back(std::move(finding));
}

} // namespace rlsproof::server
