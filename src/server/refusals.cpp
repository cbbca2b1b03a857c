#include "server/refusals.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "server/facts.hpp"
#include "server/identity.hpp"
#include "server/personas.hpp"
#include "server/settings.hpp"
#include "server/spi.hpp"
#include "server/time_limit.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostPeople = 32;
constexpr size_t kMostAsked = 6;     // refusals at one place
constexpr size_t kMostPlaces = 16;   // of one function
constexpr size_t kMostAppointed = 8; // ways to say what is asked of one row
constexpr size_t kMostRows = 2;      // that say it
constexpr size_t kMostOffices = 48;  // in all
constexpr size_t kMostLiterals = 10;
constexpr size_t kShort = 32;    // letters of a text that may be the name or the value of a claim
constexpr size_t kMostRead = 12; // functions whose texts are looked at
constexpr size_t kSaid = 5;      // letters of a message by which its place is known

// The lines at which it failed, of the function that was called first.
std::vector<long> lines_of(const Outcome &outcome) {
    std::vector<long> lines;
    const std::string &context = outcome.context;
    for (size_t start = 0; start < context.size();) {
        size_t end = context.find('\n', start);
        if (end == std::string::npos) end = context.size();
        const std::string frame = context.substr(start, end - start);
        start = end + 1;
        const size_t at = frame.find(" line ");
        long line = 0;
        if (!frame.starts_with("PL/pgSQL function ") || at == std::string::npos) continue;
        const char *digits = frame.data() + at + 6;
        if (std::from_chars(digits, frame.data() + frame.size(), line).ec == std::errc())
            lines.insert(lines.begin(), line);
    }
    return lines;
}

// Where in the text a message is raised: the most of its beginning that is found there.
size_t place_of(const std::string &message, const std::string &source) {
    for (size_t size = message.size(); size >= std::min(kSaid, message.size()) && size > 0; size--)
        if (const size_t at = source.find(message.substr(0, size)); at != std::string::npos) return at;
    return std::string::npos;
}

void replace_all(std::string &text, const std::string &what, const std::string &with) {
    if (what.empty()) return;
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
}

Persona at_address(const Persona &like, const std::string &address) {
    Persona person = like;
    for (auto &[name, value] : person.settings) {
        std::string quoted = address;
        replace_all(quoted, "\\", "\\\\");
        replace_all(quoted, "\"", "\\\"");
        replace_all(value, like.uid + "@nowhere.invalid", quoted);
    }
    return person;
}

// The texts in a function and in those that it calls.
void read_literals(Oid function, std::set<Oid> &read, std::vector<std::string> &literals) {
    if (read.size() >= kMostRead || !read.insert(function).second) return;
    const Rows rows = query(R"(
select array(select distinct m[1] from pg_catalog.regexp_matches(
         coalesce(nullif(p.prosrc, ''), pg_catalog.pg_get_function_sqlbody(p.oid), ''), '''([^''%]*)''', 'g') m)
from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
where p.oid = $1::oid and l.lanname in ('sql', 'plpgsql'))",
                            {std::to_string(function)});
    if (rows.empty()) return;
    for (const std::string &literal : rows.list(0, 0))
        if (!literal.empty() && literal.size() <= kShort && literal.find_first_of(" {}") == std::string::npos &&
            std::find(literals.begin(), literals.end(), literal) == literals.end())
            literals.push_back(literal);
    for (const Oid callee : read_body_facts(function).calls) read_literals(callee, read, literals);
}

} // namespace

Persona as_person(const Persona &like, const std::string &who) {
    Persona person = like;
    person.uid = who;
    for (auto &[name, value] : person.settings) {
        replace_all(value, like.uid, who);
        for (const char *type : {"int2", "int8"})
            if (value == identity_as(type, like.uid)) value = who;
    }
    return person;
}

const Persona *somebody_signed_in(const World &world, const Persona &persona, Oid superuser, int security) {
    if (!persona.uid.empty()) return &persona;
    const AsUser past(superuser, security);
    for (const Persona &other : world.personas)
        if (!other.uid.empty() && why_not_assumed(other).empty()) return &other;
    return nullptr;
}

Refusals::Refusals(const World &world, const Body &body, const Stage &stage, const Function &function,
                   const Persona &persona, Oid superuser, int security)
    : stage_(stage), body_(body), like_(somebody_signed_in(world, persona, superuser, security)), superuser_(superuser),
      security_(security) {
    source_ =
        query("select prosrc from pg_catalog.pg_proc where oid = $1::oid", {std::to_string(function.id)}).text(0, 0);
    std::set<Oid> read;
    read_literals(function.id, read, literals_);
}

// Whoever is named in the rows that were handed in, then in the tables that it looks at, then anywhere.
std::vector<Persona> Refusals::people(const std::set<std::string> &given) const {
    std::vector<Persona> result;
    std::set<std::string> known;
    const auto add = [&](const Row &row, int number, bool address) {
        const auto value = row.values.find(number);
        if (value == row.values.end() || !value->second || value->second->empty() || result.size() >= kMostPeople)
            return;
        std::string who = *value->second;
        if (who.front() == '{') who = who.substr(1, who.find_first_of(",}") - 1);
        if (known.insert(who).second) result.push_back(address ? at_address(*like_, who) : as_person(*like_, who));
    };
    const auto add_all = [&](Oid table, bool handed, bool any) {
        const TableShape *shape = stage_.tables().of(table);
        if (shape == nullptr) return;
        for (const Row &row : stage_.rows(table)) {
            const bool is_handed = std::any_of(row.values.begin(), row.values.end(), [&](const auto &value) {
                return value.second && given.contains(*value.second);
            });
            if (handed && !is_handed) continue;
            for (const ColumnShape &column : shape->columns) {
                const bool address = column.name.find("mail") != std::string::npos;
                const Column place{table, column.number};
                if (address || stage_.hints().identity.contains(place) || stage_.hints().tenant.contains(place) ||
                    (any && column.type == UUIDOID))
                    add(row, column.number, address);
            }
        }
    };
    for (const bool handed : {true, false})
        for (const auto &[table, written] : body_.relations) add_all(table, handed, false);
    for (const Column &column : stage_.hints().identity) add_all(column.relation, false, false);
    // Where nothing says which columns hold people, any may.
    for (const auto &[table, written] : body_.relations) add_all(table, false, true);
    return result;
}

// Whoever has the claims that the texts of the body may ask for: none that people write themselves.
std::vector<Persona> Refusals::holders() const {
    std::vector<Persona> result;
    std::vector<std::string> values = literals_;
    values.resize(std::min(values.size(), kMostLiterals));
    values.emplace_back("true");
    const auto add = [&](const std::string &claims) {
        Persona holder = *like_;
        for (auto &setting : holder.settings) {
            if (setting.first != "request.jwt.claims") continue;
            (void)attempt(Finish::rollback, [&] {
                setting.second = query("select ($1::jsonb || $2::jsonb)::text", {setting.second, claims}).text(0, 0);
            });
        }
        result.push_back(std::move(holder));
    };
    for (const std::string &value : values)
        add(query("select (c.own || pg_catalog.jsonb_build_object('app_metadata', c.own))::text from (select "
                  "coalesce(pg_catalog.jsonb_object_agg(k, $2), '{}') - 'sub' as own from unnest($1::text[]) k) c",
                  {array_literal(literals_), value})
                .text(0, 0));
    add(R"({"role": "service_role"})");
    return result;
}

bool Refusals::gets_further(const Outcome &other, const Outcome &refused) const {
    if (other.ok) return true;
    if (TimeLimit::ended(other)) return false;
    const std::vector<long> there = lines_of(other), here = lines_of(refused);
    for (size_t i = 0; i < std::min(there.size(), here.size()); i++)
        if (there[i] != here[i]) return there[i] > here[i];
    if (other.sqlstate == refused.sqlstate && other.message == refused.message) return false;
    // What the data objects to is found when nobody objects to the caller any more.
    const auto of_data = [](const Outcome &o) { return o.sqlstate.starts_with("23") || o.sqlstate.starts_with("22"); };
    if (of_data(other) != of_data(refused)) return of_data(other);
    const size_t later = place_of(other.message, source_), before = place_of(refused.message, source_);
    return later != std::string::npos && before != std::string::npos && later > before;
}

bool Refusals::somebody_gets_further(const Refusal &refusal) const {
    std::vector<Persona> others = people(refusal.given);
    for (Persona &holder : holders()) others.push_back(std::move(holder));
    if (std::any_of(others.begin(), others.end(),
                    [&](const Persona &other) { return gets_further(called(refusal, "", &other), refusal.outcome); }))
        return true;
    // Where rows are changed for it, they are for the stranger as well.
    const std::vector<Appointed> all = appointed();
    return std::any_of(all.begin(), all.end(), [&](const Appointed &one) {
        const Outcome there = called(refusal, one.statement, &one.person);
        if (!gets_further(there, refusal.outcome)) return false;
        const Outcome here = called(refusal, one.statement, nullptr);
        return !here.ok && gets_further(there, here);
    });
}

// The same call as somebody else, or as the persona itself.
Outcome Refusals::called(const Refusal &refusal, const std::string &before, const Persona *as) const {
    return attempt(Finish::rollback, [&] {
        std::optional<AsUser> past;
        past.emplace(superuser_, security_);
        for (const std::string &statement : {refusal.circumstances, before})
            if (!statement.empty()) (void)execute(statement);
        if (as != nullptr)
            assume(identity_of(*as));
        else
            past.reset();
        (void)in_time([&] { return execute(refusal.statement); });
    });
}

std::vector<Refusals::Appointed> Refusals::appointed() const {
    std::vector<Appointed> result;
    for (const auto &touched : body_.relations) {
        const Oid table = touched.first;
        const TableShape *shape = stage_.tables().of(table);
        if (shape == nullptr) continue;
        const auto who = std::find_if(shape->columns.begin(), shape->columns.end(), [&](const ColumnShape &column) {
            return stage_.hints().identity.contains({table, column.number}) && column.category != TYPCATEGORY_ARRAY;
        });
        if (who == shape->columns.end()) continue;
        std::vector<Values> asked = stage_.asked_together(*shape);
        asked.resize(std::min(asked.size(), kMostAppointed));
        // What the body itself asks for, each value beside the first of the other columns.
        std::map<int, std::vector<Candidate>> named;
        const auto name = [&](const std::string &column_name, const Candidate &value) {
            for (const ColumnShape &column : shape->columns)
                if (column.name == quote_identifier(column_name) && !column.generated && value &&
                    !stage_.hints().identity.contains({table, column.number}))
                    named[column.number].push_back(value);
        };
        for (const auto &[column, value] : body_.compared) name(column, value);
        for (const auto &[column, value] : body_.flags) name(column, value);
        Values first;
        for (const auto &[number, values] : named) first[number] = values.front();
        if (!first.empty()) asked.push_back(first);
        for (const auto &[number, values] : named)
            for (const Candidate &value : values) {
                Values other = first;
                other[number] = value;
                if (value != first[number] && asked.size() < 2 * kMostAppointed) asked.push_back(std::move(other));
            }
        size_t rows = 0;
        for (const Row &row : stage_.rows(table)) {
            const auto person = row.values.find(who->number);
            if (person == row.values.end() || !person->second || rows++ == kMostRows) continue;
            for (const Values &values : asked) {
                std::string set;
                for (const auto &[number, value] : values)
                    if (const ColumnShape *column = shape->column(number); column != nullptr && number != who->number)
                        set += fmt::format("{}{} = {}", set.empty() ? "" : ", ", column->name,
                                           Maker::literal(*column, value));
                if (set.empty() || result.size() >= kMostOffices) continue;
                result.push_back({fmt::format("update {} set {} where ctid = '{}'::tid and tableoid = {}", shape->name,
                                              set, row.tid, row.stored_in),
                                  as_person(*like_, *person->second)});
            }
        }
    }
    return result;
}

const Refusal *Refusals::not_for_the_caller(const std::vector<Refusal> &refusals) const {
    if (refusals.empty()) return nullptr;
    if (like_ == nullptr) return &refusals.front();
    std::vector<const Refusal *> told, untold;
    // What was said at one place is asked about until somebody gets past it.
    struct Place {
        size_t asked = 0;
        bool passed = false;
    };
    std::map<std::string, Place> places;
    for (const Refusal &refusal : refusals) {
        const Outcome &said = refusal.outcome;
        Place &place = places[fmt::format("{} {} {}", said.sqlstate, said.message, said.context)];
        if (place.passed || place.asked++ >= kMostAsked) continue;
        place.passed = places.size() <= kMostPlaces && somebody_gets_further(refusal);
        (place.passed ? told : untold).push_back(&refusal);
    }
    std::erase_if(untold, [&](const Refusal *refusal) {
        const Outcome &said = refusal->outcome;
        return places[fmt::format("{} {} {}", said.sqlstate, said.message, said.context)].passed;
    });
    if (told.empty()) return untold.back();
    // One that came further than any of those that were turned away for who they were passed what turned these away.
    for (const Refusal *refusal : untold) {
        const bool passed = !refusal->itself && std::all_of(told.begin(), told.end(), [&](const Refusal *other) {
            return gets_further(refusal->outcome, other->outcome);
        });
        if (passed) return refusal;
    }
    return nullptr;
}

std::string Refusals::passed_unsigned(const std::vector<Refusal> &failed) const {
    if (like_ == nullptr || like_->uid.empty()) return "";
    for (const Refusal &call : failed) {
        const Outcome signed_in = called(call, "", like_);
        const bool turned_away = !signed_in.ok && (signed_in.sqlstate == "P0001" || signed_in.sqlstate == "42501");
        if (turned_away && gets_further(call.outcome, signed_in))
            return fmt::format(
                "it turns away whoever is signed in and has no right ({}: {}), and lets go on whoever is "
                "not signed in at all, to {}: {}",
                signed_in.sqlstate, signed_in.message, call.outcome.sqlstate, call.outcome.message);
    }
    return "";
}

} // namespace rlsproof::server
