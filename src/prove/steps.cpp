// What a statement may do to the tables, from one state to the next: the part of the encoder that knows of two states.
#include "prove/encode.hpp"

#include <algorithm>

namespace rlsproof::prove {

Id Encoder::same(const Step &step, const std::vector<int> &columns, Id row) {
    std::vector<Id> parts;
    for (const int number : columns) {
        const expr::Type &type = question_.tables[(size_t)step.before].column(number)->type;
        const Value was = column(type, step.before, number, row), is = column(type, step.after, number, row);
        parts.push_back(f_.equal(was.null, is.null));
        parts.push_back(f_.disjunction({was.null, f_.equal(was.term, is.term)}));
    }
    return f_.conjunction(parts);
}

Id Encoder::unchanged(const Step &step, Id row) {
    const Id was = present(step.before, row), is = present(step.after, row);
    return f_.conjunction({f_.equal(was, is), same(step, used_columns(step.before), row)});
}

// The ways in which a row is taken along by what it refers to.
std::vector<Encoder::Follow> Encoder::follows(const Step &step, Id row) {
    std::vector<Follow> result;
    for (const Tie &tie : step.follows) {
        const auto above = std::find_if(question_.steps.begin(), question_.steps.end(),
                                        [&](const Step &other) { return other.before == tie.parent; });
        if (above == question_.steps.end()) continue;
        use(above->after);
        const Table &from = question_.tables[(size_t)step.before], &to = question_.tables[(size_t)tie.parent];
        const Id parent = f_.variable(row_sort(tie.parent), to.name);
        const Id known = f_.conjunction({present(tie.parent, parent), matches(step.before, tie, row, parent)});
        const Id there = present(above->after, parent);
        const Id stays = f_.conjunction({there, same(*above, tie.parent_columns, parent)});
        const Id gone = f_.conjunction({known, f_.negation(truncated(*above)), f_.negation(stays)});
        Follow follow{f_.exists(parent, gone), &tie, {}};
        for (size_t i = 0; tie.moves && i < tie.columns.size(); i++) {
            const Value is = column(from.column(tie.columns[i])->type, step.after, tie.columns[i], row),
                        becomes =
                            column(to.column(tie.parent_columns[i])->type, above->after, tie.parent_columns[i], parent);
            const Id equal = f_.conjunction(
                {f_.equal(is.null, becomes.null), f_.disjunction({is.null, f_.equal(is.term, becomes.term)})});
            follow.moved.push_back(f_.exists(parent, f_.conjunction({known, there, equal})));
        }
        result.push_back(std::move(follow));
    }
    return result;
}

void Encoder::begin(const Step &step) {
    const Id row = f_.variable(row_sort(step.before), question_.tables[(size_t)step.before].name);
    bind(step.old, row);
    bind(step.fresh, row);
    const auto when = [&](const expr::Expr &condition) {
        return condition != nullptr ? truth(condition).yes : f_.no();
    };
    Begun begun{&step, row, when(step.insert), when(step.update), when(step.remove), follows(step, row), {}};
    for (size_t i = 0; i < question_.subjects.size(); i++)
        if (question_.subjects[i].row.table == step.before)
            begun.of_subjects.emplace_back(i, follows(step, subjects_[i]));
    begun_.push_back(std::move(begun));
}

// Only of the tables whose state afterwards is asked for: what becomes of the others is no matter.
void Encoder::begin_steps() {
    for (bool more = true; more;) {
        more = false;
        for (const Step &step : question_.steps) {
            if (!used_tables_.contains(step.after) ||
                std::any_of(begun_.begin(), begun_.end(), [&](const Begun &b) { return b.step == &step; }))
                continue;
            begin(step);
            more = true;
        }
    }
    spread_columns();
}

// What is spoken of in one state is spoken of in the other.
void Encoder::spread_columns() {
    for (const Begun &begun : begun_)
        for (const int from : {begun.step->before, begun.step->after})
            for (const int number : used_columns(from)) (void)same(*begun.step, {number}, begun.row);
}

Id Encoder::truncated(const Step &step) {
    return step.truncate ? constant(As::truncated, question_.tables[(size_t)step.before].name, "Bool",
                                    "every row is taken away, past all policies")
                         : f_.no();
}

// The row is gone with something that it refers to, or changed in columns by which it refers.
Id Encoder::taken_along(const Begun &begun, const std::vector<Follow> &follows, Id row, bool may_go) {
    const Step &step = *begun.step;
    std::vector<Id> moved, goes, rest{present(step.after, row)};
    for (const Follow &follow : follows) {
        moved.push_back(follow.may);
        if (follow.tie->removes && may_go) goes.push_back(follow.may);
    }
    for (const int number : used_columns(step.before)) {
        std::vector<Id> ways{same(step, {number}, row)};
        for (const Follow &follow : follows) {
            const auto place = std::find(follow.tie->columns.begin(), follow.tie->columns.end(), number);
            if (place == follow.tie->columns.end()) continue;
            const expr::Type &type = question_.tables[(size_t)step.before].column(number)->type;
            if (follow.tie->nulls) ways.push_back(column(type, step.after, number, row).null);
            if (follow.tie->moves) ways.push_back(follow.moved[(size_t)(place - follow.tie->columns.begin())]);
            if (follow.tie->any_value) ways.push_back(f_.yes());
        }
        rest.push_back(f_.disjunction(ways));
    }
    rest.push_back(f_.disjunction(moved));
    goes = {f_.disjunction(goes), f_.negation(present(step.after, row))};
    return f_.conjunction({present(step.before, row), f_.disjunction({f_.conjunction(goes), f_.conjunction(rest)})});
}

void Encoder::state_steps() {
    spread_columns();
    for (const Begun &begun : begun_) {
        const Step &step = *begun.step;
        const std::string &name = question_.tables[(size_t)step.before].name;
        const std::vector<int> columns = used_columns(step.before);
        const Id was = present(step.before, begun.row), is = present(step.after, begun.row);
        std::vector<int> fixed;
        for (const int number : columns)
            if (std::find(step.fixed.begin(), step.fixed.end(), number) != step.fixed.end()) fixed.push_back(number);
        std::vector<Id> ways{
            f_.conjunction({f_.negation(was), f_.negation(is)}),
            f_.conjunction({was, is, same(step, columns, begun.row)}),
            f_.conjunction({f_.negation(was), is, begun.insert}),
            f_.conjunction({was, is, begun.update, same(step, fixed, begun.row)}),
            f_.conjunction({was, f_.negation(is), f_.disjunction({begun.remove, truncated(step)})}),
            taken_along(begun, begun.follows, begun.row, true),
        };
        const Id any = f_.variable(row_sort(step.before), name);
        if (step.truncate)
            state("what is emptied is empty: " + name,
                  f_.implies(truncated(step), f_.for_all(any, f_.negation(present(step.after, any)))), false);
        state("what a statement may do to " + name, f_.for_all(begun.row, f_.disjunction(ways)), false);
        // Nobody writes the row in question; what it refers to may change it.
        for (const auto &[number, follows] : begun.of_subjects)
            state(question_.subjects[number].name + " is not written",
                  f_.disjunction(
                      {unchanged(step, subjects_[number]), taken_along(begun, follows, subjects_[number], false)}),
                  false);
    }
}

} // namespace rlsproof::prove
