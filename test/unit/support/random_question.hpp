// Questions made at random, and every small state of the database tried on them: what the prover is held against.
#pragma once

#include <random>

#include "expr/evaluate.hpp"
#include "prove/prover.hpp"

namespace rlsproof::test {

inline const expr::Type kNumber{expr::Sort::number, "integer", false};
inline const expr::Type kText{expr::Sort::value, "text", false};
inline const expr::Type kSoft{expr::Sort::value, "soft", true}; // 0 and 2 are equal to each other
inline const expr::Type kTruth{};

// Two tables: 0 with an id, a text, a soft value and a flag; 1 with a number that refers to 0, a text and a flag.
class Maker {
public:
    // `plain`: without anything that a model does not tell, functions and parameters.
    Maker(unsigned seed, bool plain) : random_(seed), plain_(plain) {}

    int upto(int n) { return (int)(random_() % (unsigned)n); }
    bool maybe(int percent) { return upto(100) < percent; }

    std::vector<prove::Table> tables() {
        prove::Table parent{"parent",
                            {{1, "id", kNumber, !maybe(50)},
                             {2, "word", kText, !maybe(30)},
                             {3, "soft", kSoft, true},
                             {4, "flag", kTruth, !maybe(50)}},
                            {},
                            {},
                            {}};
        prove::Table child{
            "child",
            {{1, "parent", kNumber, !maybe(40)}, {2, "word", kText, true}, {3, "flag", kTruth, !maybe(50)}},
            {},
            {},
            {}};
        if (maybe(60)) parent.keys.push_back({"PRIMARY KEY parent(id)", {1}});
        if (maybe(20)) parent.keys.push_back({"UNIQUE parent(word, flag)", {2, 4}});
        if (maybe(40)) child.keys.push_back({"UNIQUE child(parent, word)", {1, 2}});
        if (maybe(40)) child.references.push_back({"FOREIGN KEY child(parent)", {1}, 0, {1}});
        if (maybe(30)) {
            const expr::Row row{9000, 1};
            child.checks.push_back({"CHECK child", row, condition(1, {row}, false), false});
        }
        return {parent, child};
    }

    expr::Expr number_value(int depth, const std::vector<expr::Row> &rows, bool selects) {
        if (depth > 0 && maybe(12))
            return expr::choose({condition(depth - 1, rows, selects), number_value(depth - 1, rows, selects),
                                 maybe(50) ? expr::null_of(kNumber) : number_value(depth - 1, rows, selects)});
        if (depth > 0 && maybe(10))
            return expr::coalesce({number_value(depth - 1, rows, selects), number_value(depth - 1, rows, selects)});
        if (depth > 0 && selects && maybe(12)) return scalar(depth - 1, rows, kNumber);
        if (maybe(20)) return maybe(25) ? expr::null_of(kNumber) : expr::number(kNumber, upto(2));
        if (!plain_ && maybe(15)) return expr::parameter(kNumber, "p");
        return column_of(kNumber, rows);
    }

    expr::Expr text_value(int depth, const std::vector<expr::Row> &rows, bool selects) {
        if (depth > 0 && maybe(10))
            return expr::choose({condition(depth - 1, rows, selects), text_value(depth - 1, rows, selects),
                                 text_value(depth - 1, rows, selects)});
        if (depth > 0 && selects && maybe(10)) return scalar(depth - 1, rows, kText);
        if (!plain_ && maybe(15)) return function("other", kText, {text_value(0, rows, selects)}, true);
        if (maybe(25)) return expr::literal(kText, maybe(50) ? "0" : "1");
        return column_of(kText, rows);
    }

    expr::Expr soft_value(const std::vector<expr::Row> &rows) {
        return maybe(30) ? expr::literal(kSoft, std::to_string(upto(3))) : column_of(kSoft, rows);
    }

    expr::Expr condition(int depth, const std::vector<expr::Row> &rows, bool selects) {
        if (depth > 0) {
            const auto inner = [&] { return condition(depth - 1, rows, selects); };
            switch (upto(selects ? 13 : 10)) {
            case 0:
            case 1: return expr::both({inner(), inner()});
            case 2:
            case 3: return expr::either({inner(), inner()});
            case 4: return expr::negate(inner());
            case 5: return expr::is_true(inner());
            case 6: return expr::is_null(inner());
            case 7:
                return maybe(50) ? expr::distinct(inner(), inner())
                                 : expr::compare((expr::Comparison)upto(6), inner(), inner());
            case 8: return expr::choose({inner(), inner(), maybe(40) ? expr::null_of(kTruth) : inner()});
            case 9: return expr::coalesce({inner(), inner()});
            case 10: return any(depth - 1, rows, true);
            case 11: return any(depth - 1, rows, false);
            default:
                if (plain_) return inner();
                return function("odd", kTruth, {inner(), text_value(depth - 1, rows, selects)}, false);
            }
        }
        switch (upto(9)) {
        case 0: return column_of(kTruth, rows);
        case 1: return expr::boolean(maybe(50));
        case 2: return expr::is_null(number_value(1, rows, selects));
        case 3: return expr::distinct(number_value(1, rows, selects), number_value(1, rows, selects));
        case 4:
            return expr::compare(maybe(70) ? expr::Comparison::equal : expr::Comparison::not_equal,
                                 text_value(1, rows, selects), text_value(1, rows, selects));
        case 5:
            if (!plain_) return expr::equal(soft_value(rows), soft_value(rows));
            break;
        case 6:
            if (!plain_)
                return expr::equal(function("look", kText, {soft_value(rows)}, true), text_value(0, rows, selects));
            break;
        case 7:
            if (!plain_) return function("yes", kTruth, {text_value(0, rows, selects)}, true);
            break;
        default: break;
        }
        return expr::compare((expr::Comparison)upto(6), number_value(1, rows, selects), number_value(1, rows, selects));
    }

    expr::Tuple row(const prove::Table &table) {
        expr::Tuple row;
        for (const prove::Column &column : table.columns)
            row[column.number] =
                column.nullable && maybe(25) ? expr::Datum() : expr::Datum(upto(column.type.coarse ? 3 : 2));
        return row;
    }

    // A state in which tables have at most `most` rows of values out of 0 and 1, and 2 where they are soft.
    expr::Database state(const std::vector<prove::Table> &tables, int most) {
        expr::Database database;
        for (const prove::Table &table : tables) {
            std::vector<expr::Tuple> rows((size_t)upto(most + 1));
            for (expr::Tuple &made : rows) made = row(table);
            database.tables.push_back(std::move(rows));
        }
        database.parameters["p"] = maybe(25) ? expr::Datum() : expr::Datum(upto(2));
        give_meaning(database);
        return database;
    }

    // What the functions and literals of these questions mean. A soft value 2 looks different from 0, and = calls them
    // equal: soft values are kept as what they look like, and compared by `meets` below.
    static void give_meaning(expr::Database &database) {
        database.literal = [](const expr::Type &, const std::string &text) { return (int64_t)std::stoll(text); };
        database.canonical = [](const expr::Type &type, int64_t value) {
            return type.coarse && value == 2 ? 0 : value;
        };
        database.function = [](const expr::Node &node, const std::vector<expr::Datum> &arguments) -> expr::Datum {
            if (node.name == "other") return *arguments[0] == 0 ? 1 : 0;
            if (node.name == "look") return *arguments[0] == 2 ? 1 : 0;
            if (node.name == "yes") return *arguments[0] == 1 ? expr::Datum() : expr::Datum(*arguments[0] == 0);
            if (node.name == "odd") return arguments[0] == arguments[1] ? expr::Datum(1) : expr::Datum();
            return std::nullopt;
        };
    }

    std::vector<expr::Row> fresh(int table) { return {{next_row_++, table}}; }

private:
    expr::Expr function(const char *name, const expr::Type &type, std::vector<expr::Expr> arguments, bool strict) {
        expr::Node node;
        node.name = name;
        node.type = type;
        node.arguments = std::move(arguments);
        node.strict = strict;
        return expr::call(std::move(node));
    }

    expr::Expr column_of(const expr::Type &type, const std::vector<expr::Row> &rows) {
        const expr::Row row = rows[(size_t)upto((int)rows.size())];
        int number = 0;
        if (type == kNumber) number = 1;
        if (type == kText) number = 2;
        if (type == kSoft) number = row.table == 0 ? 3 : 0;
        if (type == kTruth) number = row.table == 0 ? 4 : 3;
        return number == 0 ? expr::null_of(type) : expr::column(type, row, number);
    }

    std::vector<expr::Select> selects(int depth, const std::vector<expr::Row> &rows, const expr::Type *type) {
        std::vector<expr::Select> result;
        for (int i = maybe(15) ? 0 : 1; i < 2; i++) {
            expr::Select select;
            select.rows = fresh(upto(2));
            if (depth > 0 && maybe(20)) select.rows.push_back(fresh(upto(2)).front());
            std::vector<expr::Row> visible = rows;
            // What is inside is spoken of more often than what is outside.
            for (int turn = 0; turn < 2; turn++) visible.insert(visible.end(), select.rows.begin(), select.rows.end());
            select.where = condition(depth, visible, depth > 0);
            select.output = type == nullptr    ? condition(depth > 0 ? 1 : 0, visible, false)
                            : *type == kNumber ? number_value(0, visible, false)
                                               : text_value(0, visible, false);
            result.push_back(std::move(select));
        }
        return result;
    }

    expr::Expr any(int depth, const std::vector<expr::Row> &rows, bool exists) {
        std::vector<expr::Select> made = selects(depth, rows, nullptr);
        if (exists)
            for (expr::Select &select : made) select.output = expr::boolean(true);
        return expr::any(std::move(made));
    }

    expr::Expr scalar(int depth, const std::vector<expr::Row> &rows, const expr::Type &type) {
        return expr::scalar(selects(depth, rows, &type), false);
    }

    std::mt19937 random_;
    bool plain_;
    int next_row_ = 1;
};

} // namespace rlsproof::test
