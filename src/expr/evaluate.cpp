#include "expr/evaluate.hpp"

#include "base/error.hpp"

namespace rlsproof::expr {

namespace {

class Evaluation {
public:
    explicit Evaluation(const Database &database) : database_(database) {}

    Datum of(const Expr &e, const Bindings &rows) const {
        const auto part = [&](size_t i) { return of(e->arguments[i], rows); };
        switch (e->kind) {
        case Kind::constant:
            if (e->null) return std::nullopt;
            return e->type.is_boolean() || e->type.sort == Sort::number ? e->number
                                                                        : database_.literal(e->type, e->name);
        case Kind::column: return rows.at(e->row.id)->at(e->column);
        case Kind::parameter: return database_.parameters.at(e->name);
        case Kind::conjunction: return junction(e, rows, 0);
        case Kind::disjunction: return junction(e, rows, 1);
        case Kind::negation: {
            const Datum inner = part(0);
            return inner ? Datum(1 - *inner) : std::nullopt;
        }
        case Kind::comparison: return compared(e->comparison, compared_by(e, 0, rows), compared_by(e, 1, rows));
        case Kind::distinct: return compared_by(e, 0, rows) != compared_by(e, 1, rows) ? 1 : 0;
        case Kind::is_null: return part(0) ? 0 : 1;
        case Kind::is_true: return part(0) == Datum(1) ? 1 : 0;
        case Kind::choice:
            for (size_t i = 0; i + 1 < e->arguments.size(); i += 2)
                if (part(i) == Datum(1)) return part(i + 1);
            return part(e->arguments.size() - 1);
        case Kind::coalesce:
            for (size_t i = 0; i < e->arguments.size(); i++)
                if (const Datum value = part(i)) return value;
            return std::nullopt;
        case Kind::any: return any(e, rows);
        case Kind::scalar: return scalar(e, rows);
        case Kind::member:
        case Kind::function: {
            std::vector<Datum> arguments;
            for (size_t i = 0; i < e->arguments.size(); i++) arguments.push_back(part(i));
            if (e->kind == Kind::function && e->strict)
                for (const Datum &argument : arguments)
                    if (!argument) return std::nullopt;
            return database_.function(*e, arguments);
        }
        }
        return std::nullopt;
    }

private:
    Datum compared_by(const Expr &e, size_t argument, const Bindings &rows) const {
        const Datum value = of(e->arguments[argument], rows);
        return value && database_.canonical ? database_.canonical(e->arguments[argument]->type, *value) : value;
    }

    Datum junction(const Expr &e, const Bindings &rows, int64_t stops) const {
        bool unknown = false;
        for (const Expr &argument : e->arguments) {
            const Datum value = of(argument, rows);
            if (value == Datum(stops)) return stops;
            unknown = unknown || !value;
        }
        return unknown ? std::nullopt : Datum(1 - stops);
    }

    static Datum compared(Comparison comparison, const Datum &left, const Datum &right) {
        if (!left || !right) return std::nullopt;
        switch (comparison) {
        case Comparison::equal: return *left == *right;
        case Comparison::not_equal: return *left != *right;
        case Comparison::less: return *left < *right;
        case Comparison::less_equal: return *left <= *right;
        case Comparison::greater: return *left > *right;
        case Comparison::greater_equal: return *left >= *right;
        }
        return std::nullopt;
    }

    // Calls `seen` with what each combination of rows that passes yields.
    template <typename Seen>
    void each(const Select &select, size_t at, Bindings &rows, const Seen &seen) const {
        if (at == select.rows.size()) {
            if (of(select.where, rows) == Datum(1)) seen(of(select.output, rows));
            return;
        }
        for (const Tuple &tuple : database_.tables.at((size_t)select.rows[at].table)) {
            rows[select.rows[at].id] = &tuple;
            each(select, at + 1, rows, seen);
        }
    }

    Datum any(const Expr &e, const Bindings &outer) const {
        bool found = false, unknown = false;
        for (const Select &select : e->selects) {
            Bindings rows = outer;
            each(select, 0, rows, [&](const Datum &value) {
                found = found || value == Datum(1);
                unknown = unknown || !value;
            });
        }
        return found ? Datum(1) : unknown ? std::nullopt : Datum(0);
    }

    Datum scalar(const Expr &e, const Bindings &outer) const {
        std::vector<Datum> values;
        for (const Select &select : e->selects) {
            Bindings rows = outer;
            each(select, 0, rows, [&](const Datum &value) { values.push_back(value); });
        }
        if (values.size() > 1) throw Error(Code::unsupported, "more than one row returned by a subquery");
        return values.empty() ? std::nullopt : values.front();
    }

    const Database &database_;
};

} // namespace

Datum evaluate(const Expr &e, const Database &database, const Bindings &rows) {
    return Evaluation(database).of(e, rows);
}

} // namespace rlsproof::expr
