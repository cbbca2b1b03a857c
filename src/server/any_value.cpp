#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/any_value.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/spi.hpp"

namespace rlsproof::server {

namespace {

constexpr const char *kAny = "*", *kClaims = "request.jwt.claims";
constexpr size_t kMostValues = 20;   // for one claim
constexpr size_t kAsked = 12;        // of those, that policies compare something about the caller with
constexpr size_t kOfRows = 3;        // that rows hold
constexpr size_t kMostVariants = 40; // of all claims together

// Where in the claims "*" stands: {app_metadata,role}.
std::vector<std::string> any_claims(const std::string &claims) {
    const Rows rows = query(R"(
with recursive inside(path, value) as (
  select array[]::text[], $1::jsonb
  union all
  select i.path || e.key, e.value from inside i,
    lateral pg_catalog.jsonb_each(case pg_catalog.jsonb_typeof(i.value) when 'object' then i.value else '{}' end) e)
select path from inside where value = '"*"'::jsonb order by path::text collate "C")",
                            {claims});
    std::vector<std::string> paths;
    for (size_t i = 0; i < rows.size(); i++) paths.push_back(rows.text(i, 0));
    return paths;
}

// One place of a persona that may hold any value.
struct Place {
    bool claim;
    std::string where; // the path in the claims, or the setting
    std::string name;  // for people
    std::vector<std::string> values;
};

bool is_person(const std::string &where) {
    return where == "{sub}" || where.ends_with("user_id}") || where.ends_with("user_id");
}

void add_once(std::vector<std::string> &values, const std::string &value) {
    if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

void add_of_rows(std::vector<std::string> &values, const std::set<Column> &columns, const Stage &stage) {
    const size_t most = values.size() + kOfRows;
    for (const Column &column : columns)
        for (const Row &row : stage.rows(column.relation))
            if (const auto value = row.values.find(column.number);
                value != row.values.end() && value->second && values.size() < most)
                add_once(values, *value->second);
}

std::vector<std::string> values_for(const std::string &where, const Hints &hints, const Stage *stage) {
    std::vector<std::string> values;
    if (is_person(where)) {
        if (stage != nullptr) add_of_rows(values, hints.identity, *stage);
    } else {
        for (const std::string &value : hints.asked)
            if (values.size() < kAsked) add_once(values, value);
        if (stage != nullptr) add_of_rows(values, hints.tenant, *stage);
        std::vector<std::pair<int, std::string>> mentioned;
        for (const auto &[value, times] : hints.mentions) mentioned.emplace_back(-times, value);
        std::sort(mentioned.begin(), mentioned.end());
        for (const auto &[times, value] : mentioned)
            if (values.size() + 2 < kMostValues) add_once(values, value);
        add_once(values, "true");
    }
    add_once(values, "0a11ce00-0000-4000-8000-000000000000"); // in no row and in no policy
    return values;
}

std::vector<Place> places_of(const Persona &persona) {
    std::vector<Place> places;
    for (const auto &[name, value] : persona.settings) {
        if (value.find_first_of("*\\") == std::string::npos) continue; // however it is written, that is in it
        if (name == kClaims)
            for (const std::string &path : any_claims(value)) {
                std::string words = path.substr(1, path.size() - 2);
                std::replace(words.begin(), words.end(), ',', '.');
                places.push_back({true, path, std::move(words), {}});
            }
        else if (value == kAny)
            places.push_back({false, name, name, {}});
    }
    return places;
}

Persona with(Persona persona, const Place &place, const std::string &value) {
    for (auto &[name, text] : persona.settings) {
        if (!place.claim && name == place.where) text = value;
        if (place.claim && name == kClaims)
            text = query("select pg_catalog.jsonb_set($1::jsonb, $2::text[], pg_catalog.to_jsonb($3::text))::text",
                         {text, place.where, value})
                       .text(0, 0);
    }
    if (place.where == "{sub}") persona.uid = value;
    return persona;
}

// What says most about somebody who may be anybody.
int weight(Verdict verdict) {
    switch (verdict) {
    case Verdict::leak: return 6;
    case Verdict::open: return 5;
    case Verdict::lockout: return 4;
    case Verdict::unknown: return 3;
    case Verdict::ok: return 2;
    case Verdict::vacuous: return 1;
    case Verdict::error: return 0;
    }
    return 0;
}

} // namespace

bool has_any_value(const Persona &persona) {
    return !places_of(persona).empty();
}

std::vector<Variant> variants_of(const Persona &persona, const Hints &hints, const Stage *stage) {
    std::vector<Variant> variants{{persona, ""}};
    for (Place &place : places_of(persona)) {
        place.values = values_for(place.where, hints, stage);
        std::vector<Variant> next;
        for (const std::string &value : place.values)
            for (const Variant &variant : variants)
                if (next.size() < kMostVariants)
                    next.push_back({with(variant.persona, place, value),
                                    fmt::format("{}{}{} = {}", variant.tried, variant.tried.empty() ? "" : ", ",
                                                place.name, quote_literal(value))});
        variants = std::move(next);
    }
    return variants;
}

std::vector<Cell> merged(const std::vector<Variant> &variants, std::vector<std::vector<Cell>> cells) {
    if (variants.size() == 1) return std::move(cells.front());
    std::vector<Cell> result;
    for (size_t at = 0; at < cells.front().size(); at++) {
        size_t worst = 0;
        bool privilege = true;
        for (size_t i = 0; i < cells.size(); i++) {
            privilege = privilege && cells[i][at].evidence == Evidence::privilege;
            if (weight(cells[i][at].verdict) > weight(cells[worst][at].verdict)) worst = i;
        }
        Cell cell = std::move(cells[worst][at]);
        // What privileges decide has nothing to do with any claim.
        if (!privilege) {
            // A few values prove nothing about all of them.
            if (cell.evidence == Evidence::proof && cell.verdict == Verdict::ok) cell.evidence = Evidence::structural;
            const bool fine = cell.verdict == Verdict::ok || cell.verdict == Verdict::vacuous;
            cell.reason += fine ? fmt::format(" ({} values tried)", variants.size())
                                : fmt::format(" (with {}; {} values tried)", variants[worst].tried, variants.size());
        }
        result.push_back(std::move(cell));
    }
    return result;
}

} // namespace rlsproof::server
