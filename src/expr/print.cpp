#include "expr/print.hpp"

#include <fmt/format.h>

namespace rlsproof::expr {

namespace {

const char *word(Comparison comparison) {
    switch (comparison) {
    case Comparison::equal: return "=";
    case Comparison::not_equal: return "<>";
    case Comparison::less: return "<";
    case Comparison::less_equal: return "<=";
    case Comparison::greater: return ">";
    case Comparison::greater_equal: return ">=";
    }
    return "?";
}

std::string quoted(const std::string &text) {
    std::string result = "'";
    for (const char c : text) result += c == '\'' ? std::string("''") : std::string(1, c);
    return result + "'";
}

class Printer {
public:
    explicit Printer(const Names &names) : names_(names) {}

    std::string of(const Expr &e) const {
        const auto part = [&](size_t i) { return of(e->arguments[i]); };
        switch (e->kind) {
        case Kind::constant:
            if (e->null) return "NULL";
            if (e->type.is_boolean()) return e->number != 0 ? "true" : "false";
            return e->type.sort == Sort::number && e->name == std::to_string(e->number) ? e->name : quoted(e->name);
        case Kind::column: return names_.column(e->row, e->column);
        case Kind::parameter: return e->name;
        case Kind::conjunction: return list(e->arguments, " AND ");
        case Kind::disjunction: return list(e->arguments, " OR ");
        case Kind::negation: return "NOT " + part(0);
        case Kind::comparison: return fmt::format("({} {} {})", part(0), word(e->comparison), part(1));
        case Kind::distinct: return fmt::format("({} IS DISTINCT FROM {})", part(0), part(1));
        case Kind::is_null: return fmt::format("({} IS NULL)", part(0));
        case Kind::is_true: return fmt::format("({} IS TRUE)", part(0));
        case Kind::choice: {
            std::string text = "CASE";
            for (size_t i = 0; i + 1 < e->arguments.size(); i += 2)
                text += fmt::format(" WHEN {} THEN {}", part(i), part(i + 1));
            return fmt::format("{} ELSE {} END", text, part(e->arguments.size() - 1));
        }
        case Kind::coalesce: return "COALESCE" + list(e->arguments, ", ");
        case Kind::member: return fmt::format("({} = ANY ({}))", part(0), part(1));
        case Kind::any: return "ANY (" + selects(e) + ")";
        case Kind::scalar: return "(" + selects(e) + ")";
        case Kind::function: return e->name + list(e->arguments, ", ");
        }
        return "?";
    }

private:
    std::string list(const std::vector<Expr> &parts, const char *between) const {
        std::string text;
        for (const Expr &part : parts) text += (text.empty() ? "" : between) + of(part);
        return "(" + text + ")";
    }

    std::string selects(const Expr &e) const {
        std::string text;
        for (const Select &select : e->selects) {
            std::string from;
            for (const Row &row : select.rows) from += (from.empty() ? " FROM " : ", ") + names_.table(row);
            text += fmt::format("{}SELECT {}{} WHERE {}", text.empty() ? "" : " UNION ALL ", of(select.output), from,
                                of(select.where));
        }
        return text;
    }

    const Names &names_;
};

} // namespace

std::string print(const Expr &e, const Names &names) {
    return Printer(names).of(e);
}

} // namespace rlsproof::expr
