#include "base/pattern.hpp"
#include "model/name_words.hpp"

#include "server/rows.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/name_parts.hpp"
#include "server/environment.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace rlsproof::server {

namespace {

constexpr int kMostTries = 128;
constexpr size_t kLonger = 3; // of the texts that are like a pattern: behind the shortest, of which there are few

// Two columns of a row hold the same only where something says so: a row that is its own parent leads helpers in a
// circle.
std::string uuid(int column, long n) {
    return fmt::format("5ca1ab1e-0000-4000-8{:03x}-{:012d}", column % 0x1000, n);
}

// Texts that constraints in the wild ask for, when a plain one will not do.
std::vector<Candidate> shapes_of_text(long n) {
    return {fmt::format("made{}@nowhere.invalid", n),
            fmt::format("https://nowhere.invalid/{}", n),
            fmt::format("made-{}", n),
            fmt::format("+1555{:07d}", n),
            fmt::format("{:06d}", n),
            "#a1b2c3",
            "EUR",
            "DE",
            "en",
            "a",
            fmt::format("MADE{}", n),
            fmt::format("made{}", n),
            fmt::format("a made row of some length, since a constraint may ask for a minimum {}", n)};
}

bool is_text(Oid type) {
    return type == TEXTOID || type == VARCHAROID || type == BPCHAROID;
}

Candidate number_text(const ColumnShape &column, long n) {
    switch (column.type) {
    case INT2OID: return std::to_string(30000 + n % 2700);
    case INT4OID: return std::to_string(1900000000L + n);
    case INT8OID: return std::to_string(2000000000L + n); // an integer may refer to it
    default: return std::to_string(n % 10);
    }
}

} // namespace

std::string Maker::literal(const ColumnShape &column, const Candidate &value) {
    if (!value) return "NULL";
    return quote_literal(*value) + "::" + column.type_name;
}

std::string Maker::insert_statement(const TableShape &table, const Values &values) {
    std::string names, literals;
    for (const auto &[number, value] : values) {
        const ColumnShape *column = table.column(number);
        if (column == nullptr || column->generated) continue;
        names += (names.empty() ? "" : ", ") + column->name;
        literals += (literals.empty() ? "" : ", ") + literal(*column, value);
    }
    if (names.empty()) return fmt::format("insert into {} default values", table.name);
    return fmt::format("insert into {} ({}) overriding system value values ({})", table.name, names, literals);
}

// A value by type. Text types first: they are the commonest.
Candidate Maker::value(const TableShape &table, const ColumnShape &column) {
    const long n = counter_;
    if (const auto learned = learned_.find({table.id, column.number}); learned != learned_.end())
        return learned->second;
    if (const auto read_as = tables_.read_as.find({table.id, column.number});
        read_as != tables_.read_as.end() && is_text(column.type)) {
        ColumnShape other = column;
        other.type = read_as->second;
        other.not_null = true;
        return value(table, other);
    }
    if (const auto parts = tables_.parts_read_as.find({table.id, column.number});
        parts != tables_.parts_read_as.end() && is_text(column.type))
        return name_of_parts({}, parts->second, fmt::format("made {}", n));
    const auto allowed = tables_.allowed.find({table.id, column.number});
    if (allowed != tables_.allowed.end() && is_text(column.type)) return allowed->second.front();
    // Each row another one: it may have to be.
    if (const std::vector<std::string> like = like_pattern(table, column); !like.empty())
        return like[std::min<size_t>(like.size() - 1, kLonger)];
    const auto domain = tables_.domain_allowed.find(column.domain);
    if (column.domain != InvalidOid && domain != tables_.domain_allowed.end() && is_text(column.type))
        return domain->second.front();
    if (is_text(column.type)) {
        // Whoever is shown a name is not shown the address beside it.
        std::string text = fmt::format("made {}{}", n, says_private(column.name) ? " of its own" : "");
        if (column.width > 0 && (int)text.size() > column.width) text = std::to_string(n);
        if (column.width > 0 && (int)text.size() > column.width) text = text.substr(text.size() - (size_t)column.width);
        return text;
    }
    switch (column.type) {
    case UUIDOID: return uuid(column.number, n);
    case BOOLOID: return "f";
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case NUMERICOID:
    case FLOAT4OID:
    case FLOAT8OID:
    case CASHOID: return number_text(column, n);
    case OIDOID: return std::to_string(4000000000L + n);
    case TIMESTAMPTZOID:
    case TIMESTAMPOID:
    case DATEOID:
        if (!column.not_null) return std::nullopt; // deleted_at, archived_at: empty is the ordinary state
        return "now";
    case TIMEOID:
    case TIMETZOID: return "12:00";
    case INTERVALOID: return "1 hour";
    case JSONOID:
    case JSONBOID: return "{}";
    case BYTEAOID: return "\\x01";
    case NAMEOID:
    case CHAROID: return "m";
    case INETOID:
    case CIDROID: return "192.0.2.1";
    case MACADDROID: return "08:00:2b:01:02:03";
    case BITOID:
    case VARBITOID: return "0";
    case XMLOID: return "<made/>";
    case POINTOID: return "(0,0)";
    case TSVECTOROID: return "";
    default: break;
    }
    if (column.kind == TYPTYPE_ENUM) return column.labels.empty() ? Candidate() : Candidate(column.labels.front());
    if (column.kind == TYPTYPE_RANGE || column.kind == TYPTYPE_MULTIRANGE)
        return column.kind == TYPTYPE_RANGE ? "empty" : "{}";
    if (column.category == TYPCATEGORY_ARRAY) return "{}";
    if (!column.not_null) return std::nullopt;
    if (column.kind == TYPTYPE_COMPOSITE) return std::nullopt;
    return fmt::format("made{}", n); // citext, ltree and other texts by another name
}

std::vector<std::string> Maker::like_pattern(const TableShape &table, const ColumnShape &column) const {
    auto found = tables_.patterns.find({table.id, column.number});
    if (found == tables_.patterns.end() && column.domain != InvalidOid)
        found = tables_.patterns.find({column.domain, 0});
    if (found == tables_.patterns.end() || !is_text(column.type)) return {};
    return text::samples_of_pattern(found->second, (size_t)counter_);
}

std::vector<Candidate> Maker::alternatives(const TableShape &table, const ColumnShape &column, bool many) {
    std::vector<Candidate> result;
    const auto add = [&](const std::vector<Candidate> &more) {
        for (const Candidate &candidate : more) {
            if (candidate && is_text(column.type) && column.width > 0 && (int)candidate->size() > column.width)
                continue;
            result.push_back(candidate);
            if (!many || column.category != TYPCATEGORY_NUMERIC || !candidate) continue;
            const long near = std::strtol(candidate->c_str(), nullptr, 10);
            result.push_back(std::to_string(near + 1));
            result.push_back(std::to_string(near - 1));
        }
    };
    if (const auto allowed = tables_.allowed.find({table.id, column.number}); allowed != tables_.allowed.end())
        add(allowed->second);
    const std::vector<std::string> like = like_pattern(table, column);
    add({like.begin(), like.end()});
    if (const auto domain = tables_.domain_allowed.find(column.domain);
        column.domain != InvalidOid && domain != tables_.domain_allowed.end())
        add(domain->second);
    if (!column.not_null) result.push_back(std::nullopt);
    if (column.type == BOOLOID) result.insert(result.end(), {"t", "f"});
    if (!many) return result;
    if (is_text(column.type)) {
        const auto shapes = shapes_of_text(counter_);
        result.insert(result.end(), shapes.begin(), shapes.end());
    } else if (column.category == TYPCATEGORY_NUMERIC) {
        for (const long n : {1L, 0L, 2L, 10L, 100L}) result.push_back(std::to_string(n));
        result.push_back(number_text(column, counter_));
    } else if (column.category == TYPCATEGORY_DATETIME) {
        const bool of_day = column.type == TIMEOID || column.type == TIMETZOID;
        // Two of them are an hour, a day, ten days or years apart.
        for (const char *time : {"now", "2000-01-01 01:00", "2099-01-01 23:00", "2099-01-02 00:00", "2099-01-12 00:00"})
            result.push_back(of_day && *time != 'n' ? time + std::string_view("2000-01-01 ").size() : time);
    } else if (column.category == TYPCATEGORY_ARRAY) {
        result.push_back("{made}");
        result.push_back("{1}");
    }
    return result;
}

Values Maker::values(const TableShape &table, const Values &wanted) {
    counter_++;
    Values values;
    for (const ColumnShape &column : table.columns) {
        if (column.generated) continue;
        if (const auto given = wanted.find(column.number); given != wanted.end()) {
            values.emplace(column.number, given->second);
            continue;
        }
        const bool in_key = std::any_of(table.keys.begin(), table.keys.end(), [&](const std::vector<int> &key) {
            return std::find(key.begin(), key.end(), column.number) != key.end();
        });
        // The first of its kind: no row is there yet that it could come under.
        const bool own_kind =
            std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), [&](const ForeignKey &key) {
                return key.parent == table.id && key.columns == std::vector{column.number};
            });
        if (own_kind && !column.not_null && !in_key) {
            values.emplace(column.number, std::nullopt);
            continue;
        }
        // Its own default is the most lifelike value there is; a key has to differ from row to row.
        if (!column.default_expression.empty() && !in_key && !column.identity) continue;
        values.emplace(column.number, value(table, column));
    }
    return values;
}

// Turns the columns of the constraints that objected through their alternatives, like an odometer: first what was
// there, empty or not, and what the constraints name; then anything that constraints are known to ask for. What ties
// the row to others is there or is not.
class Maker::Turning {
public:
    Turning(Maker &maker, const TableShape &table, const Values &wanted, const Values &links)
        : maker_(maker), table_(table), wanted_(wanted), links_(links) {}

    // Takes in the columns that the constraint is about, or that are of a type that objects.
    void add(const Outcome &outcome, Values &overrides) {
        const auto constraint = table_.constraints.find(outcome.constraint);
        const size_t before = dials_.size();
        for (const ColumnShape &column : table_.columns) {
            const bool named = constraint != table_.constraints.end() &&
                               std::find(constraint->second.begin(), constraint->second.end(), column.number) !=
                                   constraint->second.end();
            const bool of_domain = constraint == table_.constraints.end() && column.domain != InvalidOid;
            if ((named || of_domain) && !wanted_.contains(column.number)) dials_.try_emplace(column.number);
        }
        if (dials_.size() == before) return;
        for (const auto &[number, dial] : dials_) put_back(number, overrides);
        start(false);
    }

    // False where there is nothing left to try.
    bool turn(Values &overrides) {
        for (auto &[number, dial] : dials_) {
            if (++dial.at <= dial.choices.size()) {
                overrides[number] = dial.choices[dial.at - 1];
                return true;
            }
            dial.at = 0;
            put_back(number, overrides);
        }
        if (many_ || dials_.empty()) return false;
        start(true);
        return turn(overrides);
    }

private:
    struct Dial {
        std::vector<Candidate> choices;
        size_t at = 0; // 0: as the row would be without
    };

    void start(bool many) {
        many_ = many;
        for (auto &[number, dial] : dials_) dial = {choices(*table_.column(number)), 0};
    }

    std::vector<Candidate> choices(const ColumnShape &column) const {
        const auto link = links_.find(column.number);
        if (link == links_.end()) {
            std::vector<Candidate> result = maker_.alternatives(table_, column, many_);
            // Of an enumeration there are too many for more than one column at a time.
            if (dials_.size() == 1) result.insert(result.end(), column.labels.begin(), column.labels.end());
            return result;
        }
        if (!link->second) return {maker_.value(table_, column)};
        return column.not_null ? std::vector<Candidate>{} : std::vector<Candidate>{std::nullopt};
    }

    void put_back(int number, Values &overrides) const {
        if (const auto link = links_.find(number); link != links_.end())
            overrides[number] = link->second;
        else
            overrides.erase(number);
    }

    Maker &maker_;
    const TableShape &table_;
    const Values &wanted_, &links_;
    std::map<int, Dial> dials_; // by column
    bool many_ = false;
};

std::optional<Row> Maker::insert(const TableShape &table, const Values &wanted, std::string &why, const Values &links) {
    Values overrides = wanted;
    overrides.insert(links.begin(), links.end());
    Turning turning(*this, table, wanted, links);
    bool small = false;
    const auto single = [&](const ColumnShape &column) {
        return std::find(table.keys.begin(), table.keys.end(), std::vector{column.number}) != table.keys.end();
    };
    for (int attempt_number = 0; attempt_number < kMostTries; attempt_number++) {
        const Values made = values(table, overrides);
        Row row{table.id, InvalidOid, "", made, true};
        const Outcome outcome = attempt(Finish::commit, [&] {
            std::vector<int> left; // to their defaults: what came of them is worth knowing as well
            std::string returning = " returning tableoid, ctid";
            for (const ColumnShape &column : table.columns)
                if (!made.contains(column.number) && !column.generated) {
                    left.push_back(column.number);
                    returning += fmt::format(", {}::text", column.name);
                }
            const Rows back = query(insert_statement(table, made) + returning, {}, false);
            if (!back.empty()) {
                row.stored_in = back.oid(0, 0);
                row.tid = back.text(0, 1);
                for (size_t i = 0; i < left.size(); i++) row.values[left[i]] = back.value(0, i + 2);
            }
        });
        if (outcome.ok && !row.tid.empty()) {
            for (const auto &[number, value] : overrides)
                if (!wanted.contains(number) && !links.contains(number)) learned_[{table.id, number}] = value;
            return row;
        }
        why = outcome.ok ? "a rule or trigger took the row away" : outcome.message;
        if (outcome.sqlstate == "23502") {
            const auto column = std::find_if(table.columns.begin(), table.columns.end(), [&](const ColumnShape &c) {
                return c.name == quote_identifier(outcome.column);
            });
            if (column == table.columns.end() || wanted.contains(column->number) ||
                column->category == TYPCATEGORY_COMPOSITE)
                return std::nullopt;
            ColumnShape needed = *column;
            needed.not_null = true;
            if (overrides.contains(column->number)) return std::nullopt;
            overrides[column->number] = value(table, needed);
            continue;
        }
        if (outcome.sqlstate == "23505") {
            // What was learned of a key's column is one value, and another is needed.
            bool forgotten = false;
            for (const std::vector<int> &key : table.keys)
                for (const int number : key) forgotten = learned_.erase({table.id, number}) > 0 || forgotten;
            // A key that is not ours to choose: the counter turns the rest, so a second try is worth it only then.
            if (!forgotten && attempt_number > 2) return std::nullopt;
            continue;
        }
        // A generated column multiplies what was made: small numbers fit, where no key wants each to differ.
        if (outcome.sqlstate == "22003" && !small) {
            small = true;
            for (const ColumnShape &column : table.columns)
                if (column.category == TYPCATEGORY_NUMERIC && !column.generated && !column.identity && !single(column))
                    overrides.try_emplace(column.number, "1");
            continue;
        }
        if (outcome.sqlstate != "23514") return std::nullopt;

        turning.add(outcome, overrides);
        if (!turning.turn(overrides)) return std::nullopt;
    }
    return std::nullopt;
}

Values insertable(Oid relation, const Values &values) {
    const Rows columns =
        query("select a.attnum from pg_catalog.pg_attribute a where a.attrelid = $1::oid and a.attnum > 0 "
              "and not a.attisdropped and pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'INSERT')",
              {std::to_string(relation)});
    Values result;
    for (size_t i = 0; i < columns.size(); i++)
        if (const auto value = values.find((int)columns.number(i, 0)); value != values.end()) result.insert(*value);
    return result;
}

bool may_update(Oid relation, int column) {
    return query("select pg_catalog.has_column_privilege($1::oid, $2::int2, 'UPDATE')",
                 {std::to_string(relation), std::to_string(column)})
        .boolean(0, 0);
}

bool may_select(Oid relation, int column) {
    return query("select pg_catalog.has_column_privilege($1::oid, $2::int2, 'SELECT')",
                 {std::to_string(relation), std::to_string(column)})
        .boolean(0, 0);
}

bool draws_a_number(Oid relation, const Values &values) {
    if (is_thrown_away()) return false;
    std::vector<std::string> given;
    for (const auto &[number, value] : values) given.push_back(std::to_string(number));
    return !query("select from pg_catalog.pg_attribute a "
                  "left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum "
                  "where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped and a.attnum <> all($2::int2[]) "
                  "and (a.attidentity <> '' or (a.attgenerated = '' "
                  "and pg_catalog.pg_get_expr(d.adbin, d.adrelid) ~ 'nextval')) limit 1",
                  {std::to_string(relation), array_literal(given)})
                .empty();
}

} // namespace rlsproof::server
