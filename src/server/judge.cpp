#include "model/name_words.hpp"
#include "server/judge.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/spi.hpp"
#include "server/witness.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr int kMostAbove = 2;  // tables, of a row that hangs on one of its own
constexpr size_t kMostOwn = 8; // rows of its own that are made in a table

} // namespace

bool has_scope(const Cell &cell) {
    return cell.expected != "none" && cell.expected != "all";
}

// By its words: what a row that is put in will be is not there to be asked.
bool Judge::is_of_another_bucket(const Policy &policy, const std::string &object) const {
    constexpr std::string_view kBucket = "bucket:";
    if (!object.starts_with(kBucket)) return false;
    const std::string text = policy.predicate + policy.check;
    if (text.find(quote_literal(object.substr(kBucket.size()))) != text.npos) return false;
    const std::vector<Part> &buckets = stage_.parts(relation_.id);
    return std::any_of(buckets.begin(), buckets.end(), [&](const Part &bucket) {
        return text.find("bucket_id = " + quote_literal(bucket.value)) != text.npos;
    });
}

// The permissive policies that let the row through; all that apply to the persona, where that cannot be told.
std::string Judge::policies_in_play(const Cell &cell, const Row *row) const {
    const Command command = cell.command;
    std::vector<std::string> names, passed;
    for (const Policy &policy : relation_.policies) {

        const std::vector<std::string> &whom = policy.facts.personas;
        const bool applies = policy.permissive && (policy.command == "ALL" || policy.command == name(command)) &&
                             (whom.empty() || std::find(whom.begin(), whom.end(), persona_.name) != whom.end());
        if (!applies || is_of_another_bucket(policy, cell.object)) continue;
        names.push_back('"' + policy.name + '"');
        if (row != nullptr && !policy.predicate.empty() && probe_.holds(*row, policy.predicate))
            passed.push_back(names.back());
    }
    if (!passed.empty()) names = std::move(passed);
    if (names.empty()) return "";
    return fmt::format("{} {}", names.size() == 1 ? "policy" : "policies", fmt::join(names, ", "));
}

std::string Judge::secret_shown(const Observation &observation) const {
    const TableShape *shape = stage_.tables().of(relation_.id);
    if (shape == nullptr || !observation.identified) return "";
    for (const Row *row : observation.foreign)
        for (const ColumnShape &column : shape->columns) {
            const auto value = row->values.find(column.number);
            const bool says =
                column.category == 'S' || column.type == JSONOID || column.type == JSONBOID || column.type == UUIDOID;
            if (value == row->values.end() || !value->second || value->second->empty() || !says ||
                !may_select(relation_.id, column.number))
                continue;
            if (is_secret(column.name)) return column.name;
            // A list of settings says in a row what its value is. What was made up says nothing.
            const bool key = column.name == "key" || column.name == "name" || column.name == "setting";
            if (key && !row->made && is_secret(*value->second))
                return fmt::format("{} '{}'", column.name, *value->second);
        }
    return "";
}

bool Judge::lists_people() const {
    const TableShape *shape = stage_.tables().of(relation_.id);
    return says_people(relation_.name) ||
           (shape != nullptr && std::any_of(shape->columns.begin(), shape->columns.end(),
                                            [](const ColumnShape &column) { return says_whose_name(column.name); }));
}

std::set<std::string> Judge::intimate_shown(const Observation &observation) const {
    std::set<std::string> result;
    const TableShape *shape = stage_.tables().of(relation_.id);
    if (shape == nullptr || !observation.identified || observation.foreign.empty()) return result;
    for (const ColumnShape &column : shape->columns)
        // A token that opens nothing is a piece of text, or when one ends.
        if (says_private(column.name) && (column.name.find("token") == std::string::npos || is_secret(column.name)) &&
            may_select(relation_.id, column.number))
            result.insert(column.name);
    return result;
}

// Whether people are asked for such rows, as for bookings, under what everybody may read, and the one that was let in
// names nobody.
bool Judge::is_handed_in(const TableShape &shape, const Observation &observation) {
    if (!says_handed_in(relation_.name) || stage_.decides(shape) || !observation.outcome.ok || observation.total == 0)
        return false;
    // What it says of a tenant is said to that one.
    if (std::any_of(shape.columns.begin(), shape.columns.end(), [&](const ColumnShape &column) {
            return stage_.hints().tenant.contains({shape.id, column.number});
        }))
        return false;
    for (const ForeignKey &key : shape.foreign_keys) {
        const TableShape *parent = stage_.tables().of(key.parent);
        const std::vector<Row> &rows = stage_.rows(key.parent);
        if (key.columns.size() == 1 && stage_.hints().identity.contains({shape.id, key.columns.front()})) continue;
        if (key.columns.size() != 1 || parent == nullptr || rows.empty()) return false;
        std::string there;
        for (const Row &row : rows)
            there += fmt::format("{}({}::oid, '{}'::tid)", there.empty() ? "" : ", ", row.stored_in, row.tid);
        size_t shown = 0;
        (void)attempt(Finish::rollback, [&] {
            shown = (size_t)query(
                        fmt::format("select count(*) from {} where (tableoid, ctid) in ({})", parent->name, there), {},
                        false)
                        .number(0, 0);
        });
        if (shown < rows.size()) return false;
    }
    return probe_.enters_nobody(observation.statement);
}

// Turns what was seen into a verdict, given what was expected.
void Judge::seen(Cell &cell, const Observation &observation, bool bound) {
    const bool writes_new = cell.command == Command::insert;
    const size_t reached = observation.identified ? observation.foreign.size() : (size_t)observation.total;
    const size_t there = probe_.foreign().size();
    cell.evidence = Evidence::execution;
    cell.reached = reached;
    cell.there = there;
    const TableShape *shape = stage_.tables().of(relation_.id);
    cell.personal = shape == nullptr || stage_.personal(*shape, cell.command != Command::select) ||
                    (writes_new && stage_.decides(*shape)) ||
                    (cell.command == Command::select && stage_.told_apart(*shape));
    cell.founds = writes_new && shape != nullptr && !stage_.names_people(*shape) && !stage_.decides(*shape) &&
                  !stage_.hangs_on_people(*shape);
    // Whose address stands in a form may be told what became of it, and has said nothing by that.
    if (writes_new && shape != nullptr && (persona_.uid.empty() || !cell.founds) &&
        (stage_.is_form(*shape, persona_.uid.empty()) || is_handed_in(*shape, observation)))
        cell.personal = false;

    if (has_scope(cell)) return by_scope(cell, observation);
    // Who declares that there is no access means the own rows as well.
    if (cell.declared && cell.expected == "none" && reached == 0 && !observation.own.empty()) {
        cell.verdict = Verdict::leak;
        cell.what = "rows of their own";
        cell.reason = "it reaches its own row, and no access was declared";
        cell.witness = witness(persona_, observation, probe_.as_json(*observation.own.front()));
        return;
    }
    if (reached > 0) {
        const std::string let_through =
            policies_in_play(cell, observation.foreign.empty() || writes_new ? nullptr : observation.foreign.front());
        const bool fine = cell.expected == "all";
        cell.verdict = fine ? Verdict::ok : cell.declared ? Verdict::leak : Verdict::open;
        const std::string what = writes_new               ? "a row that belongs to somebody else was accepted"
                                 : observation.identified ? fmt::format("{} of {} rows of other people", reached, there)
                                                          : fmt::format("{} rows", reached);
        cell.reason = what + (!bound                ? relation_.is_table() ? "; no policy applies" : ""
                              : let_through.empty() ? ""
                                                    : "; through " + let_through);
        const std::string row =
            observation.foreign.empty() || writes_new ? "" : probe_.as_json(*observation.foreign.front());
        if (!fine) cell.witness = witness(persona_, observation, row);
        if (!fine && cell.command == Command::select) {
            cell.secret = secret_shown(observation);
            cell.intimate = intimate_shown(observation);
            // A list of customers with their addresses, whoever typed it in and for whom.
            cell.personal = cell.personal || (!cell.intimate.empty() && relation_.is_table() && lists_people());
        }
        return;
    }
    if (cell.expected == "all") {
        cell.verdict = there == 0 && !writes_new ? Verdict::vacuous : Verdict::lockout;
        cell.reason = there == 0 ? "there is no row that could have been reached" : "no row is reached";
        return;
    }
    if (!relation_.is_table()) {
        const long at_all = writes_new ? 1 : probe_.shown_at_all();
        cell.verdict = at_all > 0 ? Verdict::ok : Verdict::vacuous;
        cell.reason = writes_new    ? "every row that belongs to somebody else was refused"
                      : at_all == 0 ? "it shows nothing now"
                                    : fmt::format("none of the {} rows it shows past all policies", at_all);
        return;
    }
    if (there == 0) {
        cell.verdict = Verdict::vacuous;
        cell.evidence = Evidence::none;
        cell.reason = stage_.why_none(relation_.id);
        return;
    }
    cell.verdict = Verdict::ok;
    cell.reason = observation.own.empty() ? fmt::format("none of {} rows of other people", there)
                                          : fmt::format("only its own: none of {} rows of other people", there);
    if (cell.command == Command::update && !cell.declared && bound && !own_.empty()) gifts(cell);
}

// The rows that were seen or changed, against the scope that says whose they are.
void Judge::by_scope(Cell &cell, const Observation &observation) {
    const std::string &predicate = scopes_.at({relation_.name, cell.expected});
    if (!observation.identified) return by_count(cell, observation, predicate);
    const std::vector<const Row *> rightful = probe_.in_scope(predicate);
    const auto has = [](const std::vector<const Row *> &list, const Row *row) {
        return std::find(list.begin(), list.end(), row) != list.end();
    };
    for (const std::vector<const Row *> *seen : {&observation.foreign, &observation.own})
        for (const Row *row : *seen)
            if (!has(rightful, row)) {
                cell.verdict = Verdict::leak;
                cell.reason = fmt::format("it reaches a row outside scope \"{}\"", cell.expected);
                cell.witness = witness(persona_, observation, probe_.as_json(*row));
                return;
            }
    for (const Row *row : rightful)
        if (!has(observation.foreign, row) && !has(observation.own, row)) {
            cell.verdict = Verdict::lockout;
            cell.reason = fmt::format("a row inside scope \"{}\" is out of reach", cell.expected);
            cell.witness = witness(persona_, observation, probe_.as_json(*row));
            return;
        }
    const size_t there = probe_.foreign().size() + probe_.own().size();
    cell.reached = rightful.size();
    cell.verdict = rightful.empty() ? Verdict::vacuous : Verdict::ok;
    cell.reason = rightful.empty()
                      ? fmt::format("none of {} rows is reached, and none is inside scope \"{}\"", there, cell.expected)
                      : fmt::format("{} of {} rows, all inside scope \"{}\"", rightful.size(), there, cell.expected);
    // Who occurs in no row has none of its own to miss.
    if (rightful.empty() && there > 0 && !persona_.declared) cell.verdict = Verdict::ok;
    if (cell.command == Command::update && cell.verdict == Verdict::ok) moves(cell);
}

// Rows that cannot be told one from another, those of a view: how many are in scope, for the persona and past all
// policies.
void Judge::by_count(Cell &cell, const Observation &observation, const std::string &predicate) {
    const Count count = probe_.count(predicate);
    if (!count.outcome.ok || cell.command != Command::select) {
        cell.verdict = Verdict::unknown;
        cell.reason = count.outcome.ok ? "which rows were changed cannot be told"
                                       : fmt::format("the scope could not be asked: {}", count.outcome.message);
        return;
    }
    cell.reached = (size_t)count.inside;
    if (count.outside > 0) {
        cell.verdict = Verdict::leak;
        cell.reason = fmt::format("{} rows outside scope \"{}\"", count.outside, cell.expected);
        cell.witness = witness(persona_, observation, "");
    } else if (count.inside < count.rightful) {
        cell.verdict = Verdict::lockout;
        cell.reason = fmt::format("{} of {} rows inside scope \"{}\" are out of reach", count.rightful - count.inside,
                                  count.rightful, cell.expected);
        cell.witness = witness(persona_, observation, "");
    } else {
        cell.verdict = count.inside == 0 && persona_.declared ? Verdict::vacuous : Verdict::ok;
        cell.reason = fmt::format("{} rows, all inside scope \"{}\"", count.inside, cell.expected);
    }
}

// Whether a row that may be changed can be made somebody else's.
void Judge::moves(Cell &cell) {
    const std::string &predicate = scopes_.at({relation_.name, cell.expected});
    const TableShape &shape = *stage_.tables().of(relation_.id);
    for (const ColumnShape &column : shape.columns) {
        const Column place{relation_.id, column.number};
        const bool tells_whose =
            stage_.hints().identity.contains(place) || stage_.hints().tenant.contains(place) ||
            std::any_of(shape.foreign_keys.begin(), shape.foreign_keys.end(),
                        [&](const auto &key) { return key.columns == std::vector{column.number}; });
        if (!tells_whose || column.generated || !may_update(relation_.id, column.number)) continue;
        std::set<Candidate> tried;
        for (const Row *row : probe_.foreign()) {
            const auto value = row->values.find(column.number);
            if (value == row->values.end() || !value->second || tried.size() > 3 || !tried.insert(value->second).second)
                continue;
            const Entry entry = probe_.move_rows(column, value->second, predicate);
            if (entry.in_scope) continue;
            Observation observation;
            observation.statement = entry.statement;
            cell.verdict = Verdict::leak;
            cell.reason =
                fmt::format("it can move a row out of scope \"{}\" by changing {}", cell.expected, column.name);
            cell.witness = witness(persona_, observation, "");
            return;
        }
    }
}

// What may not be put in as somebody else's may not be made somebody else's either. Whoever has done it has no say in
// the row any more; a row that stays within reach belongs to more than whom it names.
void Judge::gifts(Cell &cell) {
    const TableShape &shape = *stage_.tables().of(relation_.id);
    const auto is_person = [&](const ColumnShape &column) {
        return stage_.hints().identity.contains({relation_.id, column.number});
    };
    const auto assigned = [](const ColumnShape &column, const Values &values) {
        return fmt::format("{} = {}", column.name, Maker::literal(column, values.at(column.number)));
    };
    // Who it names, all at once; or what it belongs to.
    std::vector<std::vector<const ColumnShape *>> ways(1);
    for (const ColumnShape &column : shape.columns) {
        const bool belongs = std::any_of(shape.foreign_keys.begin(), shape.foreign_keys.end(),
                                         [&](const auto &key) { return key.columns == std::vector{column.number}; });
        if ((!is_person(column) && !belongs) || column.generated || !may_update(relation_.id, column.number)) continue;
        if (is_person(column))
            ways.front().push_back(&column);
        else
            ways.push_back({&column});
    }
    const Values &other = probe_.foreign().front()->values;
    for (const OwnRow &one : own_rows(shape))
        for (const std::vector<const ColumnShape *> &way : ways) {
            const Values &own = one.values;
            std::vector<std::string> set, which, names;
            for (const ColumnShape *column : way)
                if (const auto value = other.find(column->number);
                    value != other.end() && value->second && own.contains(column->number)) {
                    set.push_back(assigned(*column, other));
                    names.push_back(column->name);
                    if (!is_person(*column)) which.push_back(assigned(*column, own));
                }
            for (const ColumnShape &column : shape.columns)
                if (const auto value = own.find(column.number);
                    is_person(column) && value != own.end() && value->second)
                    which.push_back(assigned(column, own));
            if (set.empty()) continue;
            Observation observation;
            observation.made = one.parents + Maker::insert_statement(shape, own);
            const Entry entry = probe_.give_away(observation.made, fmt::format("{}", fmt::join(which, " and ")),
                                                 fmt::format("{}", fmt::join(set, ", ")));
            if (entry.in_scope) continue;
            observation.statement = entry.statement;
            cell.verdict = Verdict::open;
            cell.what = "rows of their own into somebody else's";
            cell.reason =
                fmt::format("a row of its own can be made somebody else's by changing {}", fmt::join(names, ", "));
            cell.witness = witness(persona_, observation, "");
            return;
        }
}

// A row that would be the persona's own, in each way in which it could be; and one that hangs on such a row of another
// table, which has to be put in before it.
std::vector<Judge::OwnRow> Judge::own_rows(const TableShape &shape) {
    std::vector<OwnRow> result;
    for (const Row *row : probe_.foreign()) {
        const std::vector<Values> like = stage_.candidates(relation_.id, {row});
        if (like.empty()) continue;
        for (Values &values : own_like(shape, like.front())) result.push_back({std::move(values), ""});
        for (OwnRow &own : below_own(shape, like.front(), kMostAbove)) {
            if (result.size() == kMostOwn) break;
            result.push_back(std::move(own));
        }
        break;
    }
    return result;
}

std::vector<Values> Judge::own_like(const TableShape &shape, const Values &like) const {
    return stage_.owned_each(shape, stage_.among_own(shape, like, own_), persona_.uid);
}

std::vector<Judge::OwnRow> Judge::below_own(const TableShape &shape, const Values &like, int above) {
    std::vector<OwnRow> result;
    for (const ForeignKey &key : shape.foreign_keys) {
        const TableShape *parent = stage_.tables().of(key.parent);
        const bool is_person = stage_.hints().identity.contains({shape.id, key.columns.front()});
        if (above == 0 || key.columns.size() != 1 || key.parent == shape.id || is_person || parent == nullptr ||
            !parent->made || stage_.is_account(*parent) || stage_.rows(key.parent).empty())
            continue;
        const std::vector<Values> upper = stage_.candidates(key.parent, {&stage_.rows(key.parent).front()});
        if (upper.empty()) continue;
        std::vector<OwnRow> parents = below_own(*parent, upper.front(), above - 1);
        const std::vector<Values> named = own_like(*parent, upper.front());
        if (!named.empty() && named.front() != upper.front()) parents.push_back({named.front(), ""});
        for (OwnRow &own : parents) {
            const auto linked = own.values.find(key.parent_columns.front());
            if (linked == own.values.end() || !linked->second) continue;
            Values values = like;
            values[key.columns.front()] = linked->second;
            result.push_back({std::move(values), own.parents + Maker::insert_statement(*parent, own.values) + "; "});
        }
    }
    return result;
}

// The rows that were put in, or refused, against the scope.
void Judge::entries(Cell &cell) {
    std::vector<Values> candidates = stage_.candidates(relation_.id, probe_.own());
    const std::vector<Values> strangers = stage_.candidates(relation_.id, probe_.foreign());
    candidates.insert(candidates.end(), strangers.begin(), strangers.end());
    const TableShape &shape = *stage_.tables().of(relation_.id);
    if (!persona_.uid.empty())
        for (const Values &values : strangers) {
            candidates.push_back(stage_.owned_by(shape, values, persona_.uid));
            candidates.push_back(stage_.owned_by(shape, stage_.among_own(shape, values, own_), persona_.uid));
        }
    cell.evidence = Evidence::execution;
    size_t refused = 0, accepted = 0;
    std::optional<Entry> turned_away;
    for (const Entry &entry : probe_.enter_rows(candidates, scopes_.at({relation_.name, cell.expected}))) {
        Observation observation;
        observation.statement = entry.statement;
        if (entry.outcome.ok && !entry.in_scope) {
            cell.verdict = Verdict::leak;
            cell.reason = fmt::format("a row outside scope \"{}\" was accepted", cell.expected);
            cell.witness = witness(persona_, observation, "");
            return;
        }
        if (entry.outcome.ok)
            accepted++;
        else if (!entry.in_scope)
            refused++;
        else if (!turned_away)
            turned_away = entry;
    }
    cell.reached = accepted;
    if (accepted > 0) {
        cell.verdict = Verdict::ok;
        cell.reason = fmt::format("rows inside scope \"{}\" were accepted, {} outside refused", cell.expected, refused);
    } else if (turned_away) {
        Observation observation;
        observation.statement = turned_away->statement;
        const bool by_policy = turned_away->outcome.sqlstate == "42501";
        cell.verdict = by_policy                          ? Verdict::lockout
                       : turned_away->outcome.of_our_text ? Verdict::unknown
                                                          : Verdict::error;
        cell.reason = fmt::format("a row inside scope \"{}\" was refused: {}: {}", cell.expected,
                                  turned_away->outcome.sqlstate, turned_away->outcome.message);
        cell.witness = witness(persona_, observation, "");
    } else {
        cell.verdict = refused > 0 && !persona_.declared ? Verdict::ok : Verdict::vacuous;
        cell.reason =
            fmt::format("{} rows outside scope \"{}\" were refused, none inside could be made", refused, cell.expected);
    }
}

// A bucket with a policy for its uploads, and another policy that asks for no bucket: its own files go in by that one.
void Judge::any_bucket(Cell &cell, const Part &part) {
    const bool guarded = std::any_of(relation_.policies.begin(), relation_.policies.end(), [&](const Policy &policy) {
        if (policy.command != "INSERT" && policy.command != "ALL") return false;
        const auto &hints = stage_.hints().policies;
        return std::any_of(hints.begin(), hints.end(), [&](const PolicyHint &hint) {
            return hint.relation == relation_.id && hint.name == policy.name &&
                   std::find(hint.values.begin(), hint.values.end(),
                             std::make_pair(part.column, Candidate(part.value))) != hint.values.end();
        });
    });
    if (!guarded || cell.declared || persona_.uid.empty()) return;
    const TableShape &shape = *stage_.tables().of(relation_.id);
    for (const Values &candidate : stage_.candidates(relation_.id, probe_.foreign())) {
        const Values here = stage_.owned_by(shape, candidate, persona_.uid);
        Values anywhere = here;
        anywhere[part.column] = "no bucket of this name";
        const Observation observation = probe_.insert({here});
        if (!observation.outcome.ok || !probe_.insert({anywhere}).outcome.ok) continue;
        cell.verdict = Verdict::open;
        cell.reached = 1;
        cell.what = "files of their own";
        cell.reason = "a file of its own was accepted, past the policy for this bucket: another policy asks for no "
                      "bucket, so it lets files into every one";
        cell.witness = witness(persona_, observation, "");
        return;
    }
}

} // namespace rlsproof::server
