// Of which states it is asked what a write opens: those in which the persona is nobody special yet.
#include "prove/later.hpp"
#include "prove/question.hpp"

#include "server/questioner.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace rlsproof::server {

// Somebody ordinary: rows may name it, and none of those has what a policy asks for, as the role of an administrator.
void Questioner::state_unmarked(std::vector<expr::Expr> conditions, const std::vector<expr::Expr> &more) {
    conditions.insert(conditions.end(), more.begin(), more.end());
    std::vector<std::pair<expr::Row, expr::Expr>> marks;
    for (const expr::Expr &condition : conditions) prove::add_marks(condition, marks);
    for (const auto &[of, mark] : marks) {
        // That a row names it is no mark.
        if (std::any_of(mark->arguments.begin(), mark->arguments.end(),
                        [&](const expr::Expr &part) { return naming_.is_identity(part); }))
            continue;
        const expr::Row row = translator_.fresh_row(made_.schema.relation(of.table));
        prove::Table &table = made_.schema.tables()[(size_t)of.table];
        const std::vector<expr::Expr> named = naming_.conditions(table, row);
        if (named.empty()) continue;
        const expr::Expr marked = expr::replace_columns(
            mark, [&](const expr::Expr &column) { return expr::column(column->type, row, column->column); });
        table.checks.push_back(
            {fmt::format("{}{}, or is ordinary there", occurs_in_no_row_of(*cell_.persona), table.name), row,
             expr::negate(expr::is_true(expr::both({expr::either(named), marked}))), true});
    }
}

// Rows name it in tables of accounts alone: none of another table does, or hangs on an account that is its own; and its
// accounts hang on nothing that people belong to.
void Questioner::state_just_signed_up(const JustSignedUp &who) {
    const size_t tables = made_.schema.tables().size();
    for (size_t i = 0; i < tables; i++) {
        const Oid relation = made_.schema.relation((int)i);
        const expr::Row row = translator_.fresh_row(relation);
        const bool account = who.accounts.contains(relation);
        std::vector<expr::Expr> named = naming_.conditions(made_.schema.tables()[i], row), not_so;
        if (who.memberships.contains(relation)) continue;
        if (!account) not_so = named;
        for (const JustSignedUp::Belonging &belonging : who.belongings) {
            const prove::Column *column = made_.schema.tables()[i].column(belonging.column);
            if (belonging.table != relation || column == nullptr) continue;
            const expr::Expr value = expr::column(column->type, row, belonging.column);
            if (account) {
                if (column->nullable && !named.empty())
                    not_so.push_back(expr::both({expr::either(named), expr::negate(expr::is_null(value))}));
                continue;
            }
            for (size_t parent = 0; parent < tables; parent++) {
                if (made_.schema.relation((int)parent) != belonging.parent) continue;
                const expr::Row above = translator_.fresh_row(belonging.parent);
                const prove::Table &accounts = made_.schema.tables()[parent];
                const prove::Column *key = accounts.column(belonging.parent_column);
                const std::vector<expr::Expr> own = naming_.conditions(accounts, above);
                if (key == nullptr || own.empty() || !(key->type == column->type)) continue;
                const expr::Expr meets = expr::equal(expr::column(key->type, above, key->number), value);
                not_so.push_back(expr::any({{{above}, expr::both({meets, expr::either(own)}), expr::boolean(true)}}));
            }
        }
        if (not_so.empty()) continue;
        prove::Table &table = made_.schema.tables()[i];
        table.checks.push_back(
            {fmt::format("{}{}, or has just signed up", occurs_in_no_row_of(*cell_.persona), table.name), row,
             expr::negate(expr::is_true(expr::either(not_so))), true});
    }
}

} // namespace rlsproof::server
