#include "base/text.hpp"

#include "server/names.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/identity.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "utils/varlena.h"
}

namespace rlsproof::server {

namespace {

int distance(const char *a, int a_length, const char *b, int b_length) {
    return varstr_levenshtein_less_equal(a, a_length, b, b_length, 1, 1, 1, 4, true);
}

// The last part of a qualified name: people forget the schema more often than they mistype it.
std::string_view last_part(std::string_view name) {
    const size_t end = name.find('(');
    const size_t dot = name.substr(0, end).rfind('.');
    return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

int how_far(const std::string &a, const std::string &b) {
    if (a == b) return 0;
    if (last_part(a) == last_part(b)) return 1;
    constexpr size_t kLongest = 200; // the server's own limit is 255 characters
    if (a.size() > kLongest || b.size() > kLongest) return 5;
    return call(distance, a.c_str(), (int)a.size(), b.c_str(), (int)b.size());
}

Value one_value(const std::string &sql, const std::string &parameter) {
    Value value;
    (void)attempt(Finish::rollback, [&] {
        use_default_search_path();
        const Rows rows = query(sql, {parameter});
        if (!rows.empty()) value = rows.value(0, 0);
    });
    return value;
}

// A relation is asked for as a session would name it; its full name is made without a search path.
Object relation(const std::string &written) {
    const Value id = one_value("select pg_catalog.to_regclass($1)::oid::text", written);
    if (id) {
        const Rows rows = query(R"(
select pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind in ('r', 'p', 'v', 'm', 'f')
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = $1::oid)",
                                {*id});
        if (!rows.boolean(0, 1))
            throw Error(Code::invalid_input, fmt::format("\"{}\" is no table and no view", written),
                        "Tables, partitions, views, materialized views and foreign tables can be declared.");
        return {ObjectKind::relation, (Oid)std::stoul(*id), rows.text(0, 0)};
    }
    const Value full = one_value("select case when pg_catalog.array_length(p, 1) = 2 then "
                                 "pg_catalog.format('%I.%I', p[1], p[2]) end from pg_catalog.parse_ident($1) p",
                                 written);
    if (!full)
        throw Error(Code::invalid_input, fmt::format("\"{}\" names no object", written),
                    "Objects are named with their schema, as in public.orders, rpc:public.pay(uuid) or bucket:avatars; "
                    "* in a name stands for anything.");
    return {ObjectKind::missing, InvalidOid, *full};
}

Object function(const std::string &written) {
    const Value id = one_value("select pg_catalog.to_regprocedure($1)::oid::text", written.substr(4));
    if (!id) {
        if (written.find('(') == std::string::npos || written.back() != ')' || written.find('.') == std::string::npos)
            throw Error(Code::invalid_input, fmt::format("\"{}\" names no function", written),
                        "Functions are named with schema and argument types, as in rpc:public.pay(uuid, text).");
        // As the server would write the arguments: one blank after each comma.
        std::string name;
        for (const char c : written) {
            if (c == ' ' && (name.ends_with(' ') || name.ends_with(", "))) continue;
            name += c;
            if (c == ',') name += ' ';
        }
        return {ObjectKind::missing, InvalidOid, name};
    }
    const Rows rows = query(R"(
select pg_catalog.format('rpc:%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes))
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where p.oid = $1::oid)",
                            {*id});
    return {ObjectKind::function, (Oid)std::stoul(*id), rows.text(0, 0)};
}

} // namespace

std::vector<std::string> buckets() {
    std::vector<std::string> names;
    (void)attempt(Finish::rollback, [&] {
        if (query("select 1 where pg_catalog.to_regclass('storage.buckets') is not null").empty()) return;
        const Rows rows = query(R"(select 'bucket:' || id from storage.buckets order by id collate "C")");
        for (size_t i = 0; i < rows.size(); i++) names.push_back(rows.text(i, 0));
    });
    return names;
}

Object find_object(const std::string &written) {
    if (written.empty()) throw Error(Code::invalid_input, "an object has a name");
    if (written.find('*') != std::string::npos) return {ObjectKind::pattern, InvalidOid, written};
    if (written.starts_with("rpc:")) return function(written);
    if (written.starts_with("bucket:")) {
        const std::vector<std::string> names = buckets();
        const bool there = std::find(names.begin(), names.end(), written) != names.end();
        return {there ? ObjectKind::bucket : ObjectKind::missing, InvalidOid, written};
    }
    return relation(written);
}

std::vector<std::string> object_names() {
    const Rows rows = query(R"(
select pg_catalog.format('%I.%I', n.nspname, c.relname), 1
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_'
  and n.nspname not in ('information_schema', 'rlsproof')
union all
select pg_catalog.format('rpc:%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)), 2
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.prokind in ('f', 'p') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'rlsproof')
order by 2, 1)");
    std::vector<std::string> names;
    for (size_t i = 0; i < rows.size(); i++) names.push_back(rows.text(i, 0));
    for (std::string &bucket : buckets()) names.push_back(std::move(bucket));
    return names;
}

std::string suggest(const std::string &wanted, const std::vector<std::string> &names, const std::string &what) {
    std::vector<std::pair<int, std::string>> near;
    for (const std::string &name : names)
        if (const int far = how_far(wanted, name); far <= std::min<int>(3, (int)wanted.size() / 2))
            near.emplace_back(far, name);
    std::sort(near.begin(), near.end());
    constexpr size_t kFew = 3, kAll = 12;
    std::vector<std::string> offered;
    for (const auto &[far, name] : near)
        if (offered.size() < kFew) offered.push_back('"' + name + '"');
    if (!offered.empty()) return fmt::format("Perhaps {} is meant.", fmt::join(offered, " or "));
    if (names.empty() || names.size() > kAll) return "";
    return fmt::format("The {} are: {}.", what, fmt::join(names, ", "));
}

Command command_named(const std::string &written) {
    std::string upper(text::trim(written));
    for (char &c : upper) c = (char)toupper((unsigned char)c);
    if (const auto command = command_from(upper)) return *command;
    std::vector<std::string_view> known;
    for (const Command command : kCommands) known.push_back(name(command));
    throw Error(Code::invalid_input, fmt::format("\"{}\" is not a command", written),
                fmt::format("The commands are {}.", fmt::join(known, ", ")));
}

} // namespace rlsproof::server
