#include "server/handed.hpp"

#include <fmt/format.h>

#include "server/facts.hpp"
#include "server/spi.hpp"

namespace rlsproof::server {

std::vector<Column> compared_with_argument(Oid function, int position) {
    std::vector<Column> columns;
    const BodyFacts facts = read_body_facts(function);
    if (facts.compared.empty()) return columns;
    const Rows name = query(R"(
select coalesce(p.proargnames[m.at], '') from pg_catalog.pg_proc p,
  unnest(coalesce(p.proargmodes, array_fill('i'::"char", array[p.pronargs::int]))) with ordinality m(mode, at)
where p.oid = $1::oid and m.mode in ('i', 'b', 'v') order by m.at offset $2::int limit 1)",
                            {std::to_string(function), std::to_string(position)});
    const std::string numbered = fmt::format("${}", position + 1);
    for (const auto &[column, argument] : facts.compared)
        if (argument == numbered || (!name.empty() && !name.text(0, 0).empty() && argument == name.text(0, 0)))
            columns.push_back(column);
    return columns;
}

} // namespace rlsproof::server
