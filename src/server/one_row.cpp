#include "model/world.hpp"

#include "server/one_row.hpp"

#include <fmt/format.h>

#include "server/spi.hpp"

namespace rlsproof::server {

std::string row_text(const Relation &relation, const std::string &tid, Oid stored_in) {
    const Rows found = query(fmt::format("select x::text from {} x where x.ctid = {}::tid and x.tableoid = {}",
                                         relation.name, quote_literal(tid), stored_in),
                             {}, false);
    return found.empty() ? "" : found.text(0, 0);
}

std::string from_row(const Relation &relation, const std::string &row_text) {
    const Rows bare = query("select pg_catalog.quote_ident(relname) from pg_catalog.pg_class where oid = $1::oid",
                            {std::to_string(relation.id)});
    return fmt::format("(select (v).* from (select {}::{} as v offset 0) as r) as {}", quote_literal(row_text),
                       relation.name, bare.text(0, 0));
}

std::string in_words(const Relation &relation, const std::string &row_text) {
    return query(fmt::format("select pg_catalog.string_agg(e.key || ' ' || coalesce(e.value, 'NULL'), ', ') from "
                             "pg_catalog.json_each_text(pg_catalog.row_to_json({}::{})) as e",
                             quote_literal(row_text), relation.name))
        .text(0, 0);
}

} // namespace rlsproof::server
