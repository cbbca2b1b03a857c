// rlsproof.draft_tenancy(): whose the rows are, as columns, foreign keys and policies suggest it. A draft names what it
// rests on; nobody's tenant is guessed from data.
#include "base/finding.hpp"
#include "base/text.hpp"
#include "model/expectation.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/declaring.hpp"
#include "server/result.hpp"
#include "server/spi.hpp"

namespace rlsproof::server {

namespace {

constexpr const char *kNote = "unreviewed";
// Neither the server's, nor ours, nor an extension's, nor the hosting platform's.
constexpr const char *kApplication =
    "pg_catalog.pg_get_userbyid(c.relowner) !~ '^supabase_.*admin$' and "
    "n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'rlsproof') and not exists (select from "
    "pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and "
    "d.deptype = 'e')";

struct Column {
    std::string name;
    bool nullable = false;
    std::string leads_to;  // the table of its foreign key
    std::string leads_key; // and the column there
};

struct Table {
    std::vector<Column> columns;
    std::string policies; // their predicates, as text
    std::string distributed_by;
    std::set<std::set<std::string>> unique; // keys of two columns

    const Column *column(const std::string &name) const {
        for (const Column &column : columns)
            if (column.name == name) return &column;
        return nullptr;
    }
};

using Tables = std::map<std::string, Table>;

// A column that may be the tenant's: all columns of one name, and the table they lead to, if they do.
struct Candidate {
    std::string column;
    std::string root;
    std::string root_key;
    std::set<std::string> tables;
    std::string session;          // as tenancy() takes it
    std::string helper;           // that policies hand it to
    std::vector<std::string> why; // what speaks for it
    int weight = 0;
};

bool any_of(const std::string &name, std::initializer_list<const char *> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](const char *word) { return name.find(word) != std::string::npos; });
}

bool sounds_like_a_tenant(const std::string &name) {
    return any_of(name, {"tenant", "org", "workspace", "company", "team", "account", "customer", "client", "merchant",
                         "store", "shop", "clinic", "school", "agency", "firm", "site", "group"});
}

bool sounds_like_a_person(const std::string &name) {
    return any_of(name, {"user", "owner", "author", "creator", "created_by", "updated_by", "assignee", "member",
                         "profile", "person", "buyer", "seller", "sender", "recipient"});
}

Tables read_tables() {
    Tables tables;
    const Rows columns = query(fmt::format(R"(
select pg_catalog.format('%I.%I', n.nspname, c.relname), a.attname, not a.attnotnull,
       case when f.oid is not null then pg_catalog.format('%I.%I', fn.nspname, f.relname) end, fa.attname
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join lateral (select k.confrelid, k.confkey from pg_catalog.pg_constraint k
                   where k.contype = 'f' and k.conrelid = c.oid and k.conkey = array[a.attnum]
                   order by k.conname collate "C" limit 1) k on true
left join pg_catalog.pg_class f on f.oid = k.confrelid left join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
left join pg_catalog.pg_attribute fa on fa.attrelid = f.oid and fa.attnum = k.confkey[1]
where c.relkind in ('r', 'p') and not c.relispartition and {}
order by 1, a.attnum)",
                                           kApplication));
    for (size_t i = 0; i < columns.size(); i++) {
        Column column{columns.text(i, 1), columns.boolean(i, 2), {}, {}};
        if (columns.value(i, 4)) {
            column.leads_to = columns.text(i, 3);
            column.leads_key = columns.text(i, 4);
        }
        tables[columns.text(i, 0)].columns.push_back(std::move(column));
    }
    const Rows keys = query(R"(
select pg_catalog.format('%I.%I', n.nspname, c.relname), a.attname, b.attname
from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
join pg_catalog.pg_attribute b on b.attrelid = c.oid and b.attnum = i.indkey[1]
where i.indisunique and i.indnkeyatts = 2 and i.indpred is null)");
    for (size_t i = 0; i < keys.size(); i++)
        if (const auto found = tables.find(keys.text(i, 0)); found != tables.end())
            found->second.unique.insert({keys.text(i, 1), keys.text(i, 2)});
    const Rows policies = query(R"(
select pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.string_agg(pg_catalog.concat_ws(' ',
         pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)), E'\n'
         order by p.polname collate "C")
from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace group by 1)");
    for (size_t i = 0; i < policies.size(); i++)
        if (const auto found = tables.find(policies.text(i, 0)); found != tables.end())
            found->second.policies = policies.text(i, 1);
    return tables;
}

// Where Citus is installed it was told already.
void read_distribution(Tables &tables) {
    if (query("select 1 from pg_catalog.pg_extension where extname = 'citus'").empty()) return;
    const Rows rows = query(R"(
select pg_catalog.format('%I.%I', n.nspname, c.relname), column_to_column_name(d.logicalrelid, d.partkey)
from pg_dist_partition d join pg_catalog.pg_class c on c.oid = d.logicalrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace where d.partmethod = 'h')");
    for (size_t i = 0; i < rows.size(); i++)
        if (const auto found = tables.find(rows.text(i, 0)); found != tables.end())
            found->second.distributed_by = rows.text(i, 1);
}

// The text of a quoted literal that begins at `at`.
std::string literal_at(const std::string &text, size_t at) {
    const size_t end = at < text.size() && text[at] == '\'' ? text.find('\'', at + 1) : std::string::npos;
    return end == std::string::npos ? "" : text.substr(at + 1, end - at - 1);
}

// What stands between this parenthesis and the one that closes it.
std::string inside(const std::string &text, size_t open) {
    int depth = 0;
    for (size_t i = open; i < text.size(); ++i) {
        if (text[i] == '(') ++depth;
        if (text[i] == ')' && --depth == 0) return std::string(text::trim(text.substr(open + 1, i - open - 1)));
    }
    return {};
}

// The keys of `... -> 'app_metadata' ->> 'org_id'`, joined by dots.
std::string claim_in(const std::string &text) {
    std::vector<std::string> keys;
    for (size_t at = text.find("->"); at != std::string::npos; at = text.find("->", at + 2)) {
        const size_t quote = text.find_first_not_of("-> ", at);
        const std::string key = quote != std::string::npos ? literal_at(text, quote) : "";
        if (!key.empty()) keys.push_back(key);
    }
    return text::join(keys, ".");
}

// How a policy says who asks, where it compares the column with it: the server prints policies in one form.
std::string session_in(const std::string &policies, const std::string &column) {
    const std::string quoted = quote_identifier(column);
    for (const std::string &sign : {quoted + " = ", quoted + " IN "}) {
        for (size_t at = policies.find(sign); at != std::string::npos; at = policies.find(sign, at + 1)) {
            if (at > 0 && (isalnum(static_cast<unsigned char>(policies[at - 1])) != 0 || policies[at - 1] == '_'))
                continue;
            const size_t start = at + sign.size();
            // As far as the expression can go without another comparison.
            const std::string rest = policies.substr(start, policies.find(" = ", start) - start);
            const std::string setting = "current_setting(";
            if (sign.ends_with("IN ") && policies.compare(start, 1, "(") == 0) {
                const std::string list = inside(policies, start);
                // A sub-select that needs nothing of the row.
                if (text::trim(list).starts_with("SELECT") && ask("select (", list, "\n)").ok)
                    return "query:" + text::flat(list);
            }
            if (rest.find("jwt") != std::string::npos)
                if (const std::string claim = claim_in(rest); !claim.empty()) return "claim:" + claim;
            if (const size_t found = rest.find(setting); found != std::string::npos) {
                const std::string name = literal_at(rest, found + setting.size());
                if (name.starts_with("request.jwt.")) continue;
                if (!name.empty()) return "setting:" + name;
            }
        }
    }
    return {};
}

// The function that policies hand the column to, as in is_member(org_id): it knows who asks.
std::string handed_to(const std::string &policies, const std::string &column) {
    const std::string quoted = quote_identifier(column);
    for (const char *end : {")", ","})
        for (size_t at = policies.find("(" + quoted + end); at != std::string::npos;
             at = policies.find("(" + quoted + end, at + 1)) {
            size_t start = at;
            const auto in_name = [](char c) {
                return isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '"';
            };
            while (start > 0 && in_name(policies[start - 1])) --start;
            if (start < at) return policies.substr(start, at - start);
        }
    return {};
}

class Draft {
public:
    explicit Draft(Tables tables) : tables_(std::move(tables)) {}
    std::vector<std::string> write();

private:
    void find_candidates();
    std::string session_by_members(const Candidate &candidate) const;
    void follow(const Candidate &chosen, std::map<std::string, std::string> &paths) const;
    void write_one(const Candidate &chosen, const std::string &table, const std::string &tenant);
    void write_others(const Candidate &chosen);
    void say(std::string line) { lines_.push_back(std::move(line)); }

    Tables tables_;
    std::vector<Candidate> candidates_;
    std::vector<std::string> lines_;
};

// A table whose key is the tenant and a person says who is a member of what.
std::string Draft::session_by_members(const Candidate &candidate) const {
    if (candidate.root.empty() || query("select pg_catalog.to_regprocedure('auth.uid()')").text(0, 0).empty())
        return {};
    for (const std::string &name : candidate.tables) {
        const Table &table = tables_.at(name);
        const Column *const tenant = table.column(candidate.column);
        if (tenant == nullptr || tenant->leads_to != candidate.root) continue;
        for (const Column &person : table.columns)
            if (sounds_like_a_person(person.name) && table.unique.contains({candidate.column, person.name}))
                return fmt::format("query:SELECT m.{} FROM {} m WHERE m.{} = auth.uid()",
                                   quote_identifier(tenant->name), name, quote_identifier(person.name));
    }
    return {};
}

void Draft::find_candidates() {
    std::map<std::pair<std::string, std::string>, Candidate> found;
    for (const auto &[name, table] : tables_)
        for (const Column &column : table.columns) {
            const std::string session = session_in(table.policies, column.name);
            const bool distributed = table.distributed_by == column.name;
            if (column.leads_to.empty() && session.empty() && !distributed) continue;
            Candidate &candidate = found[{column.name, column.leads_to}];
            candidate.column = column.name;
            candidate.root = column.leads_to;
            candidate.root_key = column.leads_key;
            candidate.tables.insert(name);
            if (candidate.session.empty()) candidate.session = session;
            if (candidate.helper.empty()) candidate.helper = handed_to(table.policies, column.name);
            if (distributed) candidate.weight = 8;
        }
    // A column of the name without the foreign key means the same, unless it is what any key is called.
    for (auto &entry : found) {
        const auto &key = entry.first;
        Candidate &candidate = entry.second;
        const bool only = std::count_if(found.begin(), found.end(),
                                        [&](const auto &other) { return other.first.first == key.first; }) == 1;
        for (const auto &[name, table] : tables_)
            if (only && candidate.column != candidate.root_key && table.column(candidate.column) != nullptr)
                candidate.tables.insert(name);
        if (candidate.weight > 0) candidate.why.push_back("tables are distributed by it");
        if (!candidate.session.empty()) {
            candidate.weight += 4;
            candidate.why.push_back("policies compare it with who asks");
        } else if (!candidate.helper.empty() && !candidate.root.empty()) {
            candidate.weight += 3;
            candidate.why.push_back(fmt::format("policies hand it to {}()", candidate.helper));
        }
        if (!candidate.root.empty() && candidate.tables.size() > 1) {
            candidate.weight += 1;
            candidate.why.push_back(
                fmt::format("in {} tables, leading to {}", candidate.tables.size(), candidate.root));
        }
        if (sounds_like_a_tenant(candidate.column)) candidate.weight += 2;
        if (sounds_like_a_person(candidate.column)) candidate.weight -= 2;
        if (!candidate.why.empty()) candidates_.push_back(candidate);
    }
    std::stable_sort(candidates_.begin(), candidates_.end(), [](const Candidate &left, const Candidate &right) {
        return std::pair(left.weight, left.tables.size()) > std::pair(right.weight, right.tables.size());
    });
}

// Tables without the column, by the foreign keys that lead to one that has it; the shortest way, NOT NULL ones first.
void Draft::follow(const Candidate &chosen, std::map<std::string, std::string> &paths) const {
    std::map<std::string, std::string> known; // table → what leads on from a row of it
    for (const std::string &table : chosen.tables) known[table] = quote_identifier(chosen.column);
    if (!chosen.root.empty()) known.emplace(chosen.root, quote_identifier(chosen.root_key));
    for (bool more = true; more;) {
        more = false;
        std::map<std::string, std::string> reached;
        for (const auto &[name, table] : tables_) {
            if (known.contains(name)) continue;
            const Column *best = nullptr;
            for (const Column &column : table.columns)
                if (!column.leads_to.empty() && column.leads_to != name && known.contains(column.leads_to) &&
                    (best == nullptr || (best->nullable && !column.nullable)))
                    best = &column;
            if (best == nullptr) continue;
            reached[name] =
                fmt::format("{} -> {}.{}", quote_identifier(best->name), best->leads_to, known.at(best->leads_to));
        }
        for (const auto &[name, path] : reached) {
            known[name] = paths[name] = path;
            more = true;
        }
    }
}

void Draft::write_one(const Candidate &chosen, const std::string &table, const std::string &tenant) {
    const Table &facts = tables_.at(table);
    const Column *const column = facts.column(chosen.column);
    const std::string quoted = quote_identifier(chosen.column);
    const bool shared = column != nullptr && facts.policies.find(quoted + " IS NULL") != std::string::npos;
    say(fmt::format("SELECT rlsproof.tenancy({}, {}, {}, {}, '{}');", quote_literal(table), quote_literal(tenant),
                    chosen.session.empty() ? "NULL" : quote_literal(chosen.session), shared ? "'null'" : "NULL",
                    kNote));
    if (column != nullptr && column->nullable && !shared)
        say(fmt::format("--   {} may be NULL: 'null' as the fourth argument says that such rows are everybody's.",
                        quoted));
}

void Draft::write_others(const Candidate &chosen) {
    std::vector<std::string> left;
    std::map<std::string, std::string> paths;
    follow(chosen, paths);
    for (const auto &[name, table] : tables_)
        if (!chosen.tables.contains(name) && name != chosen.root && !paths.contains(name)) left.push_back(name);
    if (!left.empty()) {
        say("");
        for (const std::string &line : text::wrap(
                 fmt::format("Nothing leads from these to a tenant; what nobody owns may be declared 'none': {}.",
                             fmt::join(left, ", ")),
                 95))
            say("-- " + line);
    }
    bool first = true;
    for (const Candidate &other : candidates_) {
        if (&other == &chosen || other.column == chosen.column) continue;
        if (first) {
            say("");
            say("-- Other columns that could be meant:");
        }
        first = false;
        say(fmt::format("--   {} of {}: {}", quote_identifier(other.column), fmt::join(other.tables, ", "),
                        fmt::join(other.why, "; ")));
    }
}

std::vector<std::string> Draft::write() {
    find_candidates();
    say("-- Whose rows are whose, drafted by rlsproof.draft_tenancy(). It says what columns, foreign keys and "
        "policies");
    say("-- suggest: read every line, change what is wrong, and put a note of your own in place of 'unreviewed'.");
    if (candidates_.empty()) {
        say("");
        say("-- No column was found that two tables share as a foreign key, and none that a policy compares with who "
            "asks.");
        return std::move(lines_);
    }
    Candidate &chosen = candidates_.front();
    if (chosen.session.empty()) chosen.session = session_by_members(chosen);
    std::set<std::string> declared;
    for (const std::string &name : names("select relation from rlsproof.tenancies")) declared.insert(name);
    say("");
    say(fmt::format("-- The tenant is {}: {}.", quote_identifier(chosen.column), fmt::join(chosen.why, "; ")));
    if (chosen.session.empty())
        say("-- How a session knows its tenant was not found: put 'setting:app.tenant_id' or its like in place of "
            "NULL.");
    std::map<std::string, std::string> paths;
    follow(chosen, paths);
    for (const auto &[name, table] : tables_) {
        if (declared.contains(name)) continue;
        if (chosen.tables.contains(name))
            write_one(chosen, name, chosen.column);
        else if (name == chosen.root)
            write_one(chosen, name, chosen.root_key);
        else if (const auto path = paths.find(name); path != paths.end())
            write_one(chosen, name, path->second);
    }
    write_others(chosen);
    return std::move(lines_);
}

} // namespace

extern "C" {
PG_FUNCTION_INFO_V1(rlsproof_draft_tenancy);

Datum rlsproof_draft_tenancy(PG_FUNCTION_ARGS) {
    return enter([&]() -> Datum {
        Tables tables = read_tables();
        read_distribution(tables);
        return_lines(fcinfo, Draft(std::move(tables)).write());
        return 0;
    });
}
}

} // namespace rlsproof::server
