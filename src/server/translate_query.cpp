// Queries: what their rows are, as selects over base tables. Joins, unions, views and common table expressions are
// taken apart; what a base table's policies say is among the conditions, as the rewriter put it there.
#include "server/translate.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/rewrite.hpp"

#include "server/compat.hpp"

extern "C" {
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostGivens = 8;
constexpr size_t kMostStates = 48; // ways to combine the branches of a FROM

Node *folded(Node *node) {
    return eval_const_expressions(nullptr, node);
}

// Of a LIMIT or OFFSET, which is a bigint made of what was written.
bool is_number(Node *node, int64 least) {
    if (node == nullptr) return true;
    node = call(folded, node);
    if (!IsA(node, Const) || ((const Const *)node)->consttype != INT8OID) return false;
    const auto *constant = (const Const *)node;
    return constant->constisnull || DatumGetInt64(constant->constvalue) >= least;
}

bool mentions(const expr::Expr &e, const expr::Row &row) {
    if (e->kind == expr::Kind::column && e->row == row) return true;
    if (std::find(e->depends.begin(), e->depends.end(), row) != e->depends.end()) return true;
    for (const expr::Expr &part : e->arguments)
        if (mentions(part, row)) return true;
    for (const expr::Select &select : e->selects)
        if (mentions(select.where, row) || mentions(select.output, row)) return true;
    return false;
}

} // namespace

// The query that expressions are read in, for as long as it lives.
class Translator::Inside {
public:
    Inside(std::vector<Frame> &frames, const Query *query, const State &state) : frames_(frames), before_(frames) {
        frames_.push_back({query, &state});
    }
    ~Inside() { frames_ = std::move(before_); }
    Inside(const Inside &) = delete;
    Inside &operator=(const Inside &) = delete;

private:
    std::vector<Frame> &frames_;
    std::vector<Frame> before_;
};

expr::Expr Translator::condition(Node *node, const Query *query, int number, const expr::Row &row) {
    State state;
    state.rows = {row};
    state.sources[number] = {true, row, {}};
    const Inside inside(frames_, query, state);
    return settled(node);
}

expr::Expr Translator::condition(Node *node, const Query *query, int number, const std::vector<expr::Expr> &outputs) {
    State state;
    state.sources[number] = {false, {}, outputs};
    const Inside inside(frames_, query, state);
    return settled(node);
}

void Translator::refuse(const Query *query, Use use) const {
    if (query->commandType != CMD_SELECT) throw Unsupported{"a statement that writes"};
    // Each row stands for its group: there is a group where there is a row, and what is computed of it is not known.
    const bool groups =
        query->groupClause != NIL && query->groupingSets == NIL && (use == Use::existence || use == Use::values);
    if (!groups && (query->hasAggs || query->groupingSets != NIL || query->havingQual != nullptr))
        throw Unsupported{"an aggregate"};
    if (!groups && query->groupClause != NIL) throw Unsupported{"GROUP BY"};
    if (query->hasWindowFuncs) throw Unsupported{"a window function"};
    if (query->hasTargetSRFs) throw Unsupported{"a function that returns rows"};
    if (query->hasRecursive) throw Unsupported{"WITH RECURSIVE"};
    if (query->hasModifyingCTE) throw Unsupported{"a statement that writes"};
    if (!is_number(query->limitOffset, 0) || (query->limitOffset != nullptr && is_number(query->limitOffset, 1)))
        throw Unsupported{"OFFSET"};
    // Of equal rows DISTINCT leaves one, so that a value asked for may be one; ON leaves any one of a group.
    if (query->distinctClause != NIL && (use == Use::single || (query->hasDistinctOn && use == Use::values)))
        throw Unsupported{"DISTINCT"};
    if (query->limitCount == nullptr) return;
    if (!is_number(query->limitCount, 1) || use == Use::values) throw Unsupported{"LIMIT"};
}

std::vector<Translator::Branch> Translator::rows_of_call(const FuncExpr *called) {
    const std::vector<expr::Expr> arguments = all(called->args);
    if (called->funcretset) return body_rows(called->funcid, arguments, true);
    // A function that returns one value yields one row.
    Branch branch;
    branch.where = expr::boolean(true);
    if (!call(type_is_rowtype, called->funcresulttype)) {
        branch.outputs = {function_call(called)};
        return {branch};
    }
    // One that returns a row yields the one it finds, and NULLs where there is none.
    const std::vector<Branch> found = body_rows(called->funcid, arguments, false);
    if (found.size() != 1 || !is_pinned(found.front()))
        throw Unsupported{"a function that returns one of several rows"};
    for (const expr::Expr &output : found.front().outputs) branch.outputs.push_back(expr::null_of(output->type));
    branch.where = expr::negate(expr::any({{found.front().rows, found.front().where, expr::boolean(true)}}));
    return {found.front(), branch};
}

std::vector<Translator::Branch> Translator::rows_of(const Query *query, Use use) {
    check_stack();
    // SELECT f(), where f returns rows.
    if (query->hasTargetSRFs && query->commandType == CMD_SELECT && query->jointree->fromlist == NIL &&
        query->jointree->quals == nullptr && query->limitCount == nullptr && query->limitOffset == nullptr &&
        !query->hasAggs && list_length(query->targetList) == 1 && use != Use::single && use != Use::first) {
        auto *target = (Node *)linitial_node(TargetEntry, query->targetList)->expr;
        if (IsA(target, FuncExpr) && ((const FuncExpr *)target)->funcretset) {
            const State nothing;
            const Inside inside(frames_, query, nothing);
            return rows_of_call((const FuncExpr *)target);
        }
    }
    refuse(query, use);
    if (query->setOperations != nullptr) {
        if (query->limitCount != nullptr && use != Use::existence && use != Use::first) throw Unsupported{"LIMIT"};
        return set_operation(query->setOperations, query, use);
    }
    std::vector<State> states{State{}};
    for (int i = 0; i < list_length(query->jointree->fromlist); i++)
        states = from((Node *)list_nth(query->jointree->fromlist, i), query, states);
    const auto of_group = [&](Node *node) {
        return settled(call(compat::ungrouped, const_cast<Query *>(query), node));
    };
    std::vector<Branch> branches;
    for (State &state : states) {
        const Inside inside(frames_, query, state);
        if (query->jointree->quals != nullptr) state.conditions.push_back(settled((Node *)query->jointree->quals));
        if (query->havingQual != nullptr) state.conditions.push_back(of_group(query->havingQual));
        Branch branch;
        branch.rows = state.rows;
        branch.where = expr::both(state.conditions);
        for (int i = 0; i < list_length(query->targetList); i++) {
            const auto *target = (const TargetEntry *)list_nth(query->targetList, i);
            if (target->resjunk) continue;
            branch.outputs.push_back(use == Use::existence ? expr::boolean(true) : of_group((Node *)target->expr));
        }
        branches.push_back(std::move(branch));
    }
    return branches;
}

// The value of any one of the rows, and NULL where there is none: a value of which this is given. Only for the row of
// the question: of rows that are ranged over there would be one for each.
expr::Expr Translator::first_of(const std::vector<Branch> &branches, const std::string &whose, std::string name,
                                std::vector<expr::Expr> arguments) {
    if (givens_.size() >= kMostGivens) throw Unsupported{"more than a few values that are one of several"};
    for (const expr::Row &row : rows_in_scope()) {
        if (std::find(subjects_.begin(), subjects_.end(), row) != subjects_.end()) continue;
        bool used = std::any_of(arguments.begin(), arguments.end(), [&](const auto &e) { return mentions(e, row); });
        for (const Branch &branch : branches)
            used = used || mentions(branch.where, row) || mentions(branch.outputs.front(), row);
        if (used) throw Unsupported{"the first of several rows, for each row of another table"};
    }
    expr::Node made;
    made.name = std::move(name);
    made.type = branches.front().outputs.front()->type;
    made.arguments = std::move(arguments);
    made.strict = false;
    made.looks = true;
    made.reason = whose + " is the first of several rows";
    const expr::Expr value = expr::call(std::move(made));
    std::vector<expr::Select> all, taken;
    for (const Branch &branch : branches) {
        const expr::Expr &output = branch.outputs.front();
        if (branch.outputs.size() != 1 || !(output->type == value->type)) throw Unsupported{"rows of several types"};
        all.push_back({branch.rows, branch.where, expr::boolean(true)});
        taken.push_back({branch.rows, branch.where, expr::negate(expr::distinct(output, value))});
    }
    givens_.push_back({whose + " is one of the rows, or NULL where there is none",
                       expr::either({expr::any(std::move(taken)),
                                     expr::both({expr::is_null(value), expr::negate(expr::any(std::move(all)))})})});
    return value;
}

// Whether the WHERE gives a key of every table a value, so that there is one row at most.
bool Translator::is_pinned(const Branch &branch) const {
    std::vector<expr::Expr> parts{branch.where};
    if (branch.where->kind == expr::Kind::conjunction) parts = branch.where->arguments;
    return std::all_of(branch.rows.begin(), branch.rows.end(), [&](const expr::Row &row) {
        std::vector<int> pinned;
        for (const expr::Expr &part : parts) {
            if (part->kind != expr::Kind::comparison || part->comparison != expr::Comparison::equal) continue;
            for (const size_t side : {0, 1}) {
                const expr::Expr &column = part->arguments[side], &other = part->arguments[1 - side];
                const bool elsewhere = std::none_of(branch.rows.begin(), branch.rows.end(),
                                                    [&](const expr::Row &r) { return mentions(other, r); });
                if (column->kind == expr::Kind::column && column->row == row && elsewhere)
                    pinned.push_back(column->column);
            }
        }
        const auto &keys = schema_.tables()[(size_t)row.table].keys;
        return std::any_of(keys.begin(), keys.end(), [&](const prove::Key &key) {
            return std::all_of(key.columns.begin(), key.columns.end(),
                               [&](int c) { return std::find(pinned.begin(), pinned.end(), c) != pinned.end(); });
        });
    });
}

std::vector<Translator::Branch> Translator::set_operation(Node *node, const Query *query, Use use) {
    if (IsA(node, RangeTblRef)) {
        const auto *entry = (const RangeTblEntry *)list_nth(query->rtable, ((const RangeTblRef *)node)->rtindex - 1);
        const State nothing;
        const Inside inside(frames_, query, nothing);
        return rows_of(entry->subquery, use == Use::existence ? use : Use::values);
    }
    const auto *operation = (const SetOperationStmt *)node;
    if (operation->op != SETOP_UNION) throw Unsupported{"INTERSECT or EXCEPT"};
    // Two rows that are equal are one, and a value asked for is then one as well.
    if (use == Use::single && !operation->all) throw Unsupported{"UNION"};
    std::vector<Branch> branches = set_operation(operation->larg, query, use),
                        more = set_operation(operation->rarg, query, use);
    branches.insert(branches.end(), more.begin(), more.end());
    return branches;
}

std::vector<Translator::State> Translator::from(Node *item, const Query *query, const std::vector<State> &before) {
    if (IsA(item, RangeTblRef)) return from_entry(((const RangeTblRef *)item)->rtindex, query, before);
    if (IsA(item, FromExpr)) {
        std::vector<State> states = before;
        const auto *list = (const FromExpr *)item;
        for (int i = 0; i < list_length(list->fromlist); i++)
            states = from((Node *)list_nth(list->fromlist, i), query, states);
        if (list->quals != nullptr) throw Unsupported{"a nested WHERE"};
        return states;
    }
    const auto *join = (const JoinExpr *)item;
    switch (join->jointype) {
    case JOIN_INNER: {
        std::vector<State> states = from(join->rarg, query, from(join->larg, query, before));
        for (State &state : states) {
            const Inside inside(frames_, query, state);
            if (join->quals != nullptr) state.conditions.push_back(settled((Node *)join->quals));
        }
        return states;
    }
    case JOIN_LEFT: return left_join(join, query, before);
    case JOIN_RIGHT: {
        JoinExpr turned = *join;
        std::swap(turned.larg, turned.rarg);
        return left_join(&turned, query, before);
    }
    default: throw Unsupported{"a full join"};
    }
}

// The rows that have a partner, and those that have none, with NULLs for it.
std::vector<Translator::State> Translator::left_join(const JoinExpr *join, const Query *query,
                                                     const std::vector<State> &before) {
    std::vector<State> result;
    for (const State &left : from(join->larg, query, before)) {
        State bare = left;
        bare.rows = left.rows;
        std::vector<expr::Select> partners;
        std::vector<State> matched = from(join->rarg, query, {left});
        for (State &state : matched) {
            expr::Expr on = expr::boolean(true);
            {
                const Inside inside(frames_, query, state);
                if (join->quals != nullptr) on = settled((Node *)join->quals);
            }
            std::vector<expr::Expr> own(state.conditions.begin() + (long)left.conditions.size(),
                                        state.conditions.end());
            own.push_back(on);
            const std::vector<expr::Row> rows(state.rows.begin() + (long)left.rows.size(), state.rows.end());
            partners.push_back({rows, expr::both(own), expr::boolean(true)});
            for (const auto &[number, source] : state.sources) {
                if (bare.sources.contains(number)) continue;
                Source nulls;
                if (source.is_row) {
                    const prove::Table &table = schema_.tables()[(size_t)source.row.table];
                    const int most = table.columns.empty() ? 0 : table.columns.back().number;
                    for (int c = 1; c <= most; c++)
                        nulls.columns.push_back(
                            expr::null_of(table.column(c) != nullptr ? table.column(c)->type : expr::Type{}));
                } else {
                    for (const expr::Expr &column : source.columns)
                        nulls.columns.push_back(expr::null_of(column->type));
                }
                bare.sources.emplace(number, std::move(nulls));
            }
            state.conditions.push_back(on);
            result.push_back(state);
        }
        bare.conditions.push_back(expr::negate(expr::any(std::move(partners))));
        result.push_back(std::move(bare));
    }
    if (result.size() > kMostStates) throw Unsupported{"a join of so many branches"};
    return result;
}

std::vector<Translator::State> Translator::with_branches(int number, const State &state,
                                                         const std::vector<Branch> &branches) {
    std::vector<State> result;
    for (const Branch &branch : branches) {
        State joined = state;
        joined.rows.insert(joined.rows.end(), branch.rows.begin(), branch.rows.end());
        joined.conditions.push_back(branch.where);
        joined.sources[number] = {false, {}, branch.outputs};
        result.push_back(std::move(joined));
    }
    return result;
}

std::vector<Translator::State> Translator::from_entry(int number, const Query *query,
                                                      const std::vector<State> &before) {
    const auto *entry = (const RangeTblEntry *)list_nth(query->rtable, number - 1);
    std::vector<State> result;
    for (const State &state : before) {
        if (entry->rtekind == RTE_RELATION) {
            if (entry->tablesample != nullptr) throw Unsupported{"TABLESAMPLE"};
            State joined = state;
            const expr::Row row = fresh_row(entry->relid);
            (in_volatile_ ? read_meanwhile_ : read_before_).insert(entry->relid);
            joined.rows.push_back(row);
            joined.sources[number] = {true, row, {}};
            {
                const Inside inside(frames_, query, joined);
                for (int i = 0; i < list_length(entry->securityQuals); i++)
                    joined.conditions.push_back(settled((Node *)list_nth(entry->securityQuals, i)));
            }
            result.push_back(std::move(joined));
            continue;
        }
        const Inside inside(frames_, query, state);
        switch (entry->rtekind) {
        case RTE_SUBQUERY: {
            std::vector<State> joined = with_branches(number, state, rows_of(entry->subquery, Use::values));
            result.insert(result.end(), joined.begin(), joined.end());
            break;
        }
        case RTE_CTE: {
            std::vector<State> joined = with_branches(number, state, common_table(entry, query));
            result.insert(result.end(), joined.begin(), joined.end());
            break;
        }
        case RTE_VALUES: {
            std::vector<State> joined = with_branches(number, state, values_lists(entry));
            result.insert(result.end(), joined.begin(), joined.end());
            break;
        }
        case RTE_RESULT: result.push_back(state); break;
        case RTE_FUNCTION: {
            if (entry->funcordinality || list_length(entry->functions) != 1)
                throw Unsupported{"a function that returns rows"};
            auto *called = (Node *)linitial_node(RangeTblFunction, entry->functions)->funcexpr;
            if (!IsA(called, FuncExpr)) throw Unsupported{"a function that returns rows"};
            const std::vector<Branch> rows = rows_of_call((const FuncExpr *)called);
            for (const Branch &row : rows)
                if ((int)row.outputs.size() != list_length(entry->eref->colnames))
                    throw Unsupported{"a row as one value"};
            std::vector<State> joined = with_branches(number, state, rows);
            result.insert(result.end(), joined.begin(), joined.end());
            break;
        }
        default: throw Unsupported{"an entry of FROM"};
        }
    }
    if (result.size() > kMostStates) throw Unsupported{"a join of so many branches"};
    return result;
}

std::vector<Translator::Branch> Translator::common_table(const RangeTblEntry *entry, const Query *) {
    if (entry->self_reference) throw Unsupported{"WITH RECURSIVE"};
    const size_t level = frames_.size() - 1 - entry->ctelevelsup;
    if (entry->ctelevelsup >= frames_.size()) throw Unsupported{"a WITH from outside"};
    const Query *owner = frames_[level].query;
    for (int i = 0; i < list_length(owner->cteList); i++) {
        const auto *table = (const CommonTableExpr *)list_nth(owner->cteList, i);
        if (strcmp(table->ctename, entry->ctename) != 0) continue;
        if (table->cterecursive || !IsA(table->ctequery, Query)) throw Unsupported{"WITH RECURSIVE"};
        const std::vector<Frame> before = frames_;
        frames_.resize(level + 1);
        std::vector<Branch> branches = rows_of((const Query *)table->ctequery, Use::values);
        frames_ = before;
        return branches;
    }
    throw Unsupported{"a WITH that is not there"};
}

std::vector<Translator::Branch> Translator::values_lists(const RangeTblEntry *entry) {
    std::vector<Branch> branches;
    for (int i = 0; i < list_length(entry->values_lists); i++) {
        Branch branch;
        branch.where = expr::boolean(true);
        branch.outputs = all((const List *)list_nth(entry->values_lists, i));
        branches.push_back(std::move(branch));
    }
    if (branches.size() > kMostStates) throw Unsupported{"so many VALUES"};
    return branches;
}

} // namespace rlsproof::server
