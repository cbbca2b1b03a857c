#include "base/pattern.hpp"

#include "server/hints.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/asks_who.hpp"
#include "server/handed.hpp"
#include "server/hint_walk.hpp"
#include "server/identity.hpp"
#include "server/nobody.hpp"
#include "server/name_parts.hpp"
#include "server/personas.hpp"
#include "server/scratch.hpp"
#include "server/settings.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostWords = 24; // asked of one column

template <typename T>
void add_once(std::vector<T> &list, const T &value) {
    if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

// The value of an expression without columns, as text; nullptr for NULL.
const char *value_of(const char *tree) {
    auto *node = (Node *)stringToNode(tree);
    Expr *value = evaluate_expr((Expr *)eval_const_expressions(nullptr, node), exprType(node), exprTypmod(node),
                                exprCollation(node));
    if (!IsA(value, Const) || castNode(Const, value)->constisnull) return nullptr;
    return text_of(castNode(Const, value)->consttype, castNode(Const, value)->constvalue);
}

// Tells expressions that say which person is asking from those that say anything else, by evaluating them as somebody.
class Identities {
public:
    explicit Identities(const World &world) : asking_(world.stranger()) {
        for (const Persona &persona : world.personas)
            if (!persona.declared) nobody_.push_back(&persona);
    }

    bool is_person(const std::string &expression) {
        if (asking_ == nullptr) return true;
        const auto known = known_.find(expression);
        if (known != known_.end()) return known->second;
        bool person = false;
        if (const Candidate value = value_for(*asking_, expression))
            for (const std::string &identity :
                 {asking_->uid, identity_as("int2", asking_->uid), identity_as("int8", asking_->uid)})
                person = person || *value == identity || *value == "{" + identity + "}";
        return known_[expression] = person;
    }

    // What it says of people who said nothing of the kind: a tenant that everybody falls back to.
    const std::vector<Candidate> &fallbacks(const std::string &expression) {
        const auto known = fallbacks_.find(expression);
        if (known != fallbacks_.end()) return known->second;
        std::vector<Candidate> &values = fallbacks_[expression];
        for (const Persona *persona : nobody_) {
            const Candidate value = value_for(*persona, expression);
            const bool said =
                value && std::any_of(persona->settings.begin(), persona->settings.end(),
                                     [&](const auto &s) { return s.second.find(*value) != s.second.npos; });
            // Whatever is made of who it is, nobody else falls back to.
            if (value && !value->empty() && !said && value == value_for(somebody_else(*persona), expression))
                add_once(values, value);
        }
        return values;
    }

private:
    static Candidate value_for(const Persona &persona, const std::string &expression) {
        Candidate result;
        (void)attempt(Finish::rollback, [&] {
            assume(identity_of(persona));
            if (const char *value = call(value_of, expression.c_str())) result = value;
        });
        return result;
    }

    // The same persona with another identity, and of another tenant: what its settings say of either is made of its
    // uid.
    static Persona somebody_else(const Persona &persona) {
        constexpr size_t kMark = 8; // by which a tenant differs from the uid
        const std::string another = "5e1f0e15-8d3b-4b7a-9c2d-7a1b3c5d9e0f";
        Persona other = persona;
        if (persona.uid.size() != another.size()) return other;
        const std::string was = persona.uid.substr(kMark), is = another.substr(kMark);
        for (auto &[name, value] : other.settings) {
            if (!value.empty() && value.find_first_not_of("0123456789") == value.npos) value.back() ^= 1;
            for (size_t at = value.find(was); at != value.npos; at = value.find(was, at + is.size()))
                value.replace(at, was.size(), is);
        }
        return other;
    }

    const Persona *asking_;
    std::vector<const Persona *> nobody_;
    std::map<std::string, bool> known_;
    std::map<std::string, std::vector<Candidate>> fallbacks_;
};

// Columns that hold an identity because of a foreign key to, or from, a column that does.
void follow_foreign_keys(std::set<Column> &identity) {
    const Rows keys = query("select c.conrelid, k.own, c.confrelid, k.other from pg_catalog.pg_constraint c, "
                            "rows from (pg_catalog.unnest(c.conkey), pg_catalog.unnest(c.confkey)) k (own, other) "
                            "where c.contype = 'f'");
    const auto column = [&](size_t row, size_t at) { return Column{keys.oid(row, at), (int)keys.number(row, at + 1)}; };
    for (bool grown = true; grown;) {
        grown = false;
        for (size_t i = 0; i < keys.size(); i++) {
            if (identity.contains(column(i, 0)) && identity.insert(column(i, 2)).second) grown = true;
            if (identity.contains(column(i, 2)) && identity.insert(column(i, 0)).second) grown = true;
        }
    }
}

// What a policy asks of the parts of names.
struct AskedParts {
    bool own;
    bool owned = false; // the first folder is whoever owns it
    std::map<int, std::vector<std::string>> values;
};

constexpr size_t kMostNames = 3; // of one policy, beside the first

// LIKE 'folder/%' and LIKE '%.pdf' ask for parts as well.
void add_likes(NameParts &parts, const std::vector<std::pair<int, Candidate>> &values, int column) {
    for (const auto &[number, value] : values) {
        if (number != column || !value || std::count(value->begin(), value->end(), '%') != 1) continue;
        if (value->starts_with("%.")) parts.emplace(kExtension, value->substr(2));
        if (value->ends_with("/%") && value->find('/') + 2 == value->size())
            parts.emplace(1, value->substr(0, value->size() - 2));
    }
}

// Names that have all that a policy asks for; the first counts most, and more than what is asked of the whole name.
void name_files(Hints &hints, PolicyHint &policy, const std::map<Column, AskedParts> &asked) {
    for (const auto &[column, parts] : asked) {
        auto &known = parts.own ? policy.values : policy.elsewhere[column.relation];
        NameParts first;
        if (parts.owned) first.emplace(1, kSomebody);
        for (const auto &[part, values] : parts.values) first.emplace(part, values.front());
        add_likes(first, known, column.number);
        if (parts.values.empty() && first.size() == (parts.owned ? 1 : 0)) continue;
        std::vector<NameParts> names{first};
        for (const auto &[part, values] : parts.values)
            for (const std::string &value : values) {
                NameParts other = first;
                other[part] = value;
                if (names.size() <= kMostNames) add_once(names, other);
            }
        const auto read_as = hints.parts_read_as.find(column);
        for (size_t i = 0; i < names.size(); i++) {
            const Candidate candidate = name_of_parts(
                names[i], read_as != hints.parts_read_as.end() ? read_as->second : std::map<int, Oid>{}, "made");
            add_once(hints.candidates[column], candidate);
            known.insert(known.begin() + (long)i, {column.number, candidate});
        }
    }
}

} // namespace

namespace {

// Which of the values that were found for columns are values of their types: a helper's '{}' is no uuid.
class Fitting {
public:
    bool operator()(const Column &column, const Candidate &value) {
        if (!value) return true;
        if (*value == kNil && nobody_.is_named_by(column.relation, column.number)) return false;
        const auto asked = types_.find(column);
        const std::string type = asked != types_.end() ? asked->second : type_of(column);
        types_[column] = type;
        if (type.empty()) return true;
        const auto [known, unasked] = known_.try_emplace({type, *value}, true);
        if (unasked)
            known->second = attempt(Finish::rollback, [&] {
                                (void)query(fmt::format("select {}::{}", quote_literal(*value), type));
                            }).ok;
        return known->second;
    }

private:
    // Empty where any text is one.
    static std::string type_of(const Column &column) {
        const Rows rows = query("select pg_catalog.format_type(a.atttypid, null), t.typcategory = 'S' "
                                "from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid "
                                "where a.attrelid = $1::oid and a.attnum = $2::int2",
                                {std::to_string(column.relation), std::to_string(column.number)});
        return rows.empty() || rows.boolean(0, 1) ? "" : rows.text(0, 0);
    }

    std::map<Column, std::string> types_;
    std::map<std::pair<std::string, std::string>, bool> known_;
    Nobody nobody_;
};

void leave_what_fits(Hints &hints) {
    Fitting fits;
    const auto in_table = [&](Oid table, std::vector<std::pair<int, Candidate>> &values) {
        std::erase_if(values, [&](const auto &value) { return !fits({table, value.first}, value.second); });
    };
    for (auto &entry : hints.candidates)
        std::erase_if(entry.second, [&](const Candidate &value) { return !fits(entry.first, value); });
    for (auto &entry : hints.asked_of_callers)
        std::erase_if(entry.second, [&](const std::string &value) { return !fits(entry.first, value); });
    for (PolicyHint &policy : hints.policies) {
        in_table(policy.relation, policy.values);
        for (auto &[table, values] : policy.elsewhere) in_table(table, values);
    }
    for (auto &[table, several] : hints.asked_together)
        for (Asked &asked : several)
            for (auto &[number, values] : asked) {
                const Column column{table, number};
                std::erase_if(values, [&](const Candidate &value) { return !fits(column, value); });
            }
    for (auto &by_table : hints.looked_for)
        for (auto &[table, values] : by_table) in_table(table, values);
}

} // namespace

Hints read_hints(Bodies &bodies, const World &world) {
    Hints hints;
    Identities identities(world);
    const Rows policies = query(R"(
select p.polrelid, p.polname, p.polqual::text, p.polwithcheck::text, p.polcmd = 'r', p.polcmd = '*'
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
order by n.nspname collate "C", c.relname collate "C", p.polname collate "C")");

    // Twice over: first for the functions that are called, so that the second knows which of them look at the caller.
    std::set<Oid> called;
    std::vector<Oid> asking;
    std::map<std::pair<Oid, int>, std::vector<Column>> arguments;
    std::vector<std::map<Column, AskedParts>> names; // by policy
    const auto columns_asked = [&](Oid function, int position) -> const std::vector<Column> & {
        const auto [known, is_new] = arguments.try_emplace({function, position});
        if (is_new) known->second = compared_with_argument(function, position);
        return known->second;
    };
    for (const bool second : {false, true}) {
        for (size_t i = 0; i < policies.size(); i++) {
            const Scratch scratch;
            HintWalk walk{policies.oid(i, 0), NIL, asking.data(), (int)asking.size(), NIL};
            for (const size_t column : {2, 3})
                if (policies.value(i, column)) call(walk_hints, policies.text(i, column).c_str(), &walk);
            if (second && policies.value(i, 2) && (policies.boolean(i, 4) || policies.boolean(i, 5)) &&
                call(weighs_row_against_caller, policies.text(i, 2).c_str(), Asking{asking.data(), (int)asking.size()}))
                hints.told_apart[policies.oid(i, 0)] |= policies.boolean(i, 4);
            PolicyHint hint{policies.oid(i, 0), policies.text(i, 1), {}, {}, {}, {}, {}, {}, {}};
            std::map<Column, AskedParts> asked_parts;
            for (int f = 0; f < list_length(walk.found); f++) {
                const auto *raw = static_cast<const RawHint *>(list_nth(walk.found, f));
                const Column column{raw->relation, raw->number};
                switch (raw->kind) {
                case HintKind::function:
                    called.insert(raw->relation);
                    add_once(hint.functions, raw->relation);
                    break;
                case HintKind::value:
                case HintKind::shunned: {
                    const Candidate candidate = raw->value != nullptr ? Candidate(raw->value) : Candidate();
                    add_once(hints.candidates[column], candidate);
                    if (!raw->own && candidate && raw->kind == HintKind::value)
                        hints.asked_of_callers[column].insert(*candidate);
                    (raw->own ? hint.values : hint.elsewhere[raw->relation]).emplace_back(raw->number, candidate);
                    break;
                }
                case HintKind::pattern:
                    for (const std::string &sample : text::samples_of_pattern(raw->value)) {
                        add_once(hints.candidates[column], Candidate(sample));
                        (raw->own ? hint.values : hint.elsewhere[raw->relation]).emplace_back(raw->number, sample);
                        if (raw->own) break; // one row for it is enough
                    }
                    break;
                case HintKind::identity:
                    if (!second) break;
                    (identities.is_person(raw->value) ? hints.identity : hints.tenant).insert(column);
                    for (const Candidate &value : identities.fallbacks(raw->value)) {
                        add_once(hints.candidates[column], value);
                        (raw->own ? hint.values : hint.elsewhere[raw->relation]).emplace_back(raw->number, value);
                    }
                    break;
                case HintKind::identity_path:
                    hints.identity_path.insert(column);
                    asked_parts.try_emplace(column, AskedParts{raw->own, false, {}}).first->second.owned = true;
                    break;
                case HintKind::name_part:
                    if (raw->other != InvalidOid)
                        hints.parts_read_as[column].emplace(raw->other_number, raw->other);
                    else
                        add_once(asked_parts.try_emplace(column, AskedParts{raw->own, false, {}})
                                     .first->second.values[raw->other_number],
                                 std::string(raw->value));
                    break;
                case HintKind::name_pattern:
                    for (const std::string &sample : text::samples_of_pattern(raw->value)) {
                        if (sample.find('/') != sample.npos) continue;
                        add_once(asked_parts.try_emplace(column, AskedParts{raw->own, false, {}})
                                     .first->second.values[raw->other_number],
                                 sample);
                        break;
                    }
                    break;
                case HintKind::limit: hints.limits.insert(column); break;
                case HintKind::read: hint.reads.insert(column); break;
                case HintKind::read_as: hints.read_as[column] = (Oid)std::stoul(raw->value); break;
                case HintKind::table: add_once(hint.tables, raw->relation); break;
                case HintKind::mention: hints.mentions[raw->value]++; break;
                case HintKind::handed:
                    if (!second) break;
                    for (const Column &asked : columns_asked(raw->relation, raw->number)) {
                        if (hints.candidates[asked].size() >= kMostWords) continue;
                        add_once(hints.candidates[asked], Candidate(raw->value));
                        hints.asked_of_callers[asked].insert(raw->value);
                        (asked.relation == hint.relation ? hint.values : hint.elsewhere[asked.relation])
                            .emplace_back(asked.number, raw->value);
                    }
                    break;
                case HintKind::asked:
                    if (!second) break;
                    hints.asked.insert(raw->value);
                    if (raw->relation != InvalidOid) hint.answers.emplace_back(raw->relation, raw->value);
                    break;
                case HintKind::joined:
                    hints.joined.insert({column, Column{raw->other, raw->other_number}});
                    hints.matched.insert({column, Column{raw->other, raw->other_number}});
                    hint.joined.insert({column, Column{raw->other, raw->other_number}});
                    break;
                case HintKind::joined_part: hint.joined.insert({column, Column{raw->other, raw->other_number}}); break;
                case HintKind::given_to:
                    if (!second) break;
                    for (const Column &asked : columns_asked(raw->other, raw->other_number))
                        if (asked.relation != raw->relation) hints.handed_to.insert({column, asked});
                    break;
                case HintKind::matched: hints.matched.insert({column, Column{raw->other, raw->other_number}}); break;
                case HintKind::personal:
                    if (second) hints.personal.insert(column);
                    break;
                }
            }
            if (second) hints.policies.push_back(std::move(hint));
            if (second) names.push_back(std::move(asked_parts));
        }
        if (!second) {
            for (const Oid function : called)
                if (bodies.of(function).asks_who) asking.push_back(function);
            hints = Hints{};
        }
    }

    for (size_t i = 0; i < hints.policies.size(); i++) name_files(hints, hints.policies[i], names[i]);
    for (size_t i = 0; i < hints.policies.size(); i++) {
        const PolicyHint &policy = hints.policies[i];
        hints.policies_of[policy.relation].push_back(i);
        hints.policies_about[policy.relation].push_back(i);
        for (const auto &[table, values] : policy.elsewhere)
            if (table != policy.relation) hints.policies_about[table].push_back(i);
    }

    const Rows named =
        query("select refobjid, refobjsubid from pg_catalog.pg_depend where refobjsubid > 0 and classid = "
              "'pg_catalog.pg_policy'::pg_catalog.regclass and refclassid = "
              "'pg_catalog.pg_class'::pg_catalog.regclass");
    for (size_t i = 0; i < named.size(); i++) hints.in_policies.insert({named.oid(i, 0), (int)named.number(i, 1)});

    // Where every policy asks a helper, accounts are known by what refers to them.
    const Rows accounts = query(R"(
select a.attrelid, a.attnum from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'auth' and c.relname = 'users' and a.attname = 'id')");
    if (!accounts.empty()) hints.identity.insert({accounts.oid(0, 0), (int)accounts.number(0, 1)});
    follow_foreign_keys(hints.identity);
    hints.next_token = read_next_token(hints, bodies);
    for (size_t i = 0; i < hints.policies.size(); i++) {
        const PolicyHint &policy = hints.policies[i];
        const std::string by =
            fmt::format("policy \"{}\" of {}", policy.name,
                        query("select $1::oid::regclass::text", {std::to_string(policy.relation)}).text(0, 0));
        for (const Column &column : policy.reads) {
            hints.decided_by[policy.relation].insert(column.relation);
            hints.authority.insert(column);
            hints.governs[column].insert(policy.relation);
            hints.deciders[column].insert(by);
        }
        // What the next token says of its bearer is as good as asked by each policy that goes by claims.
        std::vector<Oid> functions = policy.functions;
        if (hints.next_token.policies.contains(i)) {
            const NextToken &token = hints.next_token;
            functions.insert(functions.end(), token.hooks.begin(), token.hooks.end());
            if (OidIsValid(token.accounts)) {
                hints.decided_by[policy.relation].insert(token.accounts);
                hints.deciders[{token.accounts, token.column}].insert(by + ", through app_metadata of the next token");
            }
        }
        for (const Oid function : functions) {
            const Body &body = bodies.of(function);
            for (const auto &[relation, written] : body.relations) hints.decided_by[policy.relation].insert(relation);
            const std::vector<Column> columns = columns_named(body, body.column_names);
            // Whose row a helper looks at is not read; one that neither asks who is calling nor names a column with
            // people in it looks at nobody's own.
            const auto may_be_own = [&](const Column &column) {
                return body.asks_who || std::any_of(columns.begin(), columns.end(), [&](const Column &other) {
                           return other.relation == column.relation && hints.identity.contains(other);
                       });
            };
            for (const Column &column : columns) {
                hints.authority.insert(column);
                hints.governs[column].insert(policy.relation);
                if (may_be_own(column)) hints.personal.insert(column);
                hints.deciders[column].insert(
                    by + ", through " +
                    query("select $1::oid::regprocedure::text", {std::to_string(function)}).text(0, 0));
            }
            for (const auto &[name, value] : body.flags)
                for (const Column &column : columns_named(body, {name}))
                    if (may_be_own(column)) hints.asked_of_callers[column].insert(value);
            for (const auto &[name, value] : body.compared) {
                if (value) hints.mentions[*value]++;
                for (const Column &column : columns_named(body, {name})) {
                    if (hints.candidates[column].size() < kMostWords) add_once(hints.candidates[column], value);
                    if (value) hints.asked_of_callers[column].insert(*value);
                }
            }
        }
    }
    name_claims(hints, bodies);
    gather_together(hints, bodies);
    const auto look_for = [&](Oid function) {
        const Body &body = bodies.of(function);
        std::map<Oid, std::vector<std::pair<int, Candidate>>> values;
        for (const auto &[name, value] : body.compared)
            for (const Column &column : columns_named(body, {name}))
                values[column.relation].emplace_back(column.number, value);
        if (!values.empty()) hints.looked_for.push_back(std::move(values));
    };
    for (const Function &function : world.functions)
        if (function.definer && !function.callers.empty()) look_for(function.id);
    // Nobody calls the functions of triggers, and everybody whose rows set them off does.
    const Rows triggers =
        query("select distinct p.oid from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid "
              "where not t.tgisinternal and t.tgenabled in ('O', 'A') and p.prosecdef order by p.oid");
    for (size_t i = 0; i < triggers.size(); i++) look_for(triggers.oid(i, 0));
    leave_what_fits(hints);
    return hints;
}

HowDecided how_decided(const Hints &hints, Oid table) {
    HowDecided how;
    if (const auto found = hints.decided_by.find(table); found != hints.decided_by.end()) how.by = found->second;
    for (const size_t place : places_for(hints.policies_of, table)) {
        const PolicyHint &policy = hints.policies[place];
        how.functions.insert(policy.functions.begin(), policy.functions.end());
        how.tables.insert(policy.tables.begin(), policy.tables.end());
        how.reads.insert(policy.reads.begin(), policy.reads.end());
        how.answers.insert(policy.answers.begin(), policy.answers.end());
        for (const auto &[other, values] : policy.elsewhere)
            for (const auto &[number, value] : values) how.compared.insert({{other, number}, value});
    }
    return how;
}

const std::vector<size_t> &places_for(const std::map<Oid, std::vector<size_t>> &places, Oid table) {
    static const std::vector<size_t> none;
    const auto found = places.find(table);
    return found == places.end() ? none : found->second;
}

void read_allowed_values(std::map<Column, std::vector<Candidate>> &columns,
                         std::map<Oid, std::vector<Candidate>> &domains, std::map<Column, std::string> &patterns) {
    const Rows rows = query("select conrelid, contypid, conbin::text from pg_catalog.pg_constraint where contype = 'c' "
                            "and (conrelid <> 0 or contypid <> 0) order by oid");
    for (size_t i = 0; i < rows.size(); i++) {
        const Scratch scratch;
        const Oid owner = rows.oid(i, 0) != InvalidOid ? rows.oid(i, 0) : rows.oid(i, 1);
        HintWalk walk{owner, NIL, nullptr, 0, NIL};
        call(walk_hints, rows.text(i, 2).c_str(), &walk);
        for (int f = 0; f < list_length(walk.found); f++) {
            const auto *raw = static_cast<const RawHint *>(list_nth(walk.found, f));
            if (!raw->own || raw->value == nullptr) continue;
            if (raw->kind == HintKind::pattern) patterns.emplace(Column{owner, raw->number}, raw->value);
            if (raw->kind == HintKind::value)
                add_once(rows.oid(i, 0) != InvalidOid ? columns[{owner, raw->number}] : domains[owner],
                         Candidate(raw->value));
        }
    }
}

} // namespace rlsproof::server