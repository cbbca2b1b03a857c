#include "prove/later.hpp"

#include <algorithm>

namespace rlsproof::prove {

namespace {

constexpr const char *kAtWrite = ", at the write";

// What a subtree of an expression is about.
struct About {
    std::vector<expr::Row> rows;
    bool constant = false, other = false;
};

void look(const expr::Expr &e, About &about) {
    switch (e->kind) {
    case expr::Kind::column:
        if (std::find(about.rows.begin(), about.rows.end(), e->row) == about.rows.end()) about.rows.push_back(e->row);
        about.constant = about.constant || e->type.is_boolean();
        return;
    case expr::Kind::constant: about.constant = about.constant || !e->null; return;
    case expr::Kind::parameter: about.other = true; return;
    default: break;
    }
    about.other = about.other || !e->selects.empty() || !e->depends.empty() || e->looks;
    for (const expr::Expr &argument : e->arguments) look(argument, about);
}

} // namespace

expr::Expr afterwards(const expr::Expr &e, const std::map<int, int> &later) {
    if (later.empty()) return e;
    const auto move = [&](expr::Row &row) {
        if (const auto found = later.find(row.table); found != later.end()) row.table = found->second;
    };
    auto made = std::make_shared<expr::Node>(*e);
    for (expr::Expr &argument : made->arguments) argument = afterwards(argument, later);
    for (expr::Select &select : made->selects) {
        for (expr::Row &row : select.rows) move(row);
        select.where = afterwards(select.where, later);
        select.output = afterwards(select.output, later);
    }
    if (e->kind == expr::Kind::column) move(made->row);
    for (expr::Row &row : made->depends) move(row);
    if (e->kind == expr::Kind::function && e->looks) made->name += " afterwards";
    return made;
}

expr::Expr of_row_afterwards(const expr::Expr &e, const expr::Row &row, int table) {
    if (e->kind == expr::Kind::column)
        return e->row.id == row.id ? expr::column(e->type, {row.id, table}, e->column) : e;
    auto made = std::make_shared<expr::Node>(*e);
    for (expr::Expr &argument : made->arguments) argument = of_row_afterwards(argument, row, table);
    for (expr::Select &select : made->selects) {
        select.where = of_row_afterwards(select.where, row, table);
        select.output = of_row_afterwards(select.output, row, table);
    }
    for (expr::Row &other : made->depends)
        if (other.id == row.id) other.table = table;
    return made;
}

expr::Expr at_the_write(const expr::Expr &e) {
    if (e->kind == expr::Kind::parameter && (e->name == "now()" || e->name.starts_with("session value ")))
        return expr::parameter(e->type, e->name + kAtWrite);
    if (e->kind == expr::Kind::function && !e->pure) {
        auto made = std::make_shared<expr::Node>(*e);
        made->name += kAtWrite;
        return expr::rebuild(expr::Expr(made), at_the_write);
    }
    return expr::rebuild(e, at_the_write);
}

expr::Expr time_of_writes(const std::vector<expr::Expr> &expressions) {
    for (const expr::Expr &e : expressions) {
        if (e->kind == expr::Kind::parameter && e->name == std::string("now()") + kAtWrite) return e;
        std::vector<expr::Expr> parts = e->arguments;
        for (const expr::Select &select : e->selects) parts.insert(parts.end(), {select.where, select.output});
        if (expr::Expr found = time_of_writes(parts); found != nullptr) return found;
    }
    return nullptr;
}

// What a helper answers is what it read of a row: (SELECT role FROM ...) = 'admin' asks that row for its role.
static expr::Expr by_what_is_read(const expr::Expr &e) {
    if (e->kind == expr::Kind::scalar) return e->selects.size() == 1 ? by_what_is_read(e->selects.front().output) : e;
    return e->selects.empty() ? expr::rebuild(e, by_what_is_read) : e;
}

void add_marks(const expr::Expr &e, std::vector<std::pair<expr::Row, expr::Expr>> &marks) {
    const bool atom = e->type.is_boolean() && e->kind != expr::Kind::conjunction &&
                      e->kind != expr::Kind::disjunction && e->kind != expr::Kind::negation;
    if (atom) {
        const expr::Expr read = by_what_is_read(e);
        About about;
        look(read, about);
        if (about.rows.size() == 1 && about.constant && !about.other) {
            marks.emplace_back(about.rows.front(), read);
            if (read == e) return;
        }
    }
    for (const expr::Expr &argument : e->arguments) add_marks(argument, marks);
    for (const expr::Select &select : e->selects) {
        add_marks(select.where, marks);
        add_marks(select.output, marks);
    }
}

} // namespace rlsproof::prove
