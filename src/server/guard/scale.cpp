// rlsproof.plan_at_scale(): the plan a query gets today beside the one it would get if its tables had grown. The
// planner is told so by get_relation_info_hook and does the rest itself.
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/result.hpp"
#include "server/subtransaction.hpp"
#include "server/compat.hpp"
#include "server/guard/exempt.hpp"

extern "C" {
#include "commands/explain.h"
#include "executor/executor.h"
#include "optimizer/plancat.h"
#include "parser/analyze.h"
#include "tcop/tcopprot.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
}

namespace rlsproof::server::guard {

namespace {

// How much larger tables are said to be; 1 is as they are.
double factor = 1;

get_relation_info_hook_type next_relation_info = nullptr;

BlockNumber times(BlockNumber pages) {
    const double result = static_cast<double>(pages) * factor;
    return result >= MaxBlockNumber ? MaxBlockNumber : static_cast<BlockNumber>(result);
}

void relation_info(PlannerInfo *root, Oid table, bool inherits, RelOptInfo *rel) {
    if (next_relation_info != nullptr) next_relation_info(root, table, inherits, rel);
    if (factor == 1 || exempt_table(table)) return;
    rel->pages = times(rel->pages);
    rel->tuples *= factor;
    ListCell *cell;
    foreach (cell, rel->indexlist) {
        auto *const index = lfirst_node(IndexOptInfo, cell);
        index->pages = times(index->pages);
        index->tuples *= factor;
    }
}

class Scaled {
public:
    explicit Scaled(double by) : before_(std::exchange(factor, by)) {
        static bool installed = false;
        if (!std::exchange(installed, true)) next_relation_info = std::exchange(get_relation_info_hook, relation_info);
    }
    ~Scaled() { factor = before_; }
    Scaled(const Scaled &) = delete;
    Scaled &operator=(const Scaled &) = delete;

private:
    double before_;
};

// How one table is read.
struct ScanOf {
    Oid table;
    const char *alias;
    const char *how;
    bool whole;
    double rows; // expected to be read
};

struct Explained {
    char *text;
    List *scans; // of ScanOf *
};

const char *way_of(const Plan *plan, bool *whole) {
    *whole = false;
    switch (nodeTag(plan)) {
    case T_SeqScan: *whole = true; return "read as a whole";
    case T_IndexScan:
        *whole = reinterpret_cast<const IndexScan *>(plan)->indexqual == NIL;
        return *whole ? "read along an index from its start" : "read by an index";
    case T_IndexOnlyScan:
        *whole = reinterpret_cast<const IndexOnlyScan *>(plan)->indexqual == NIL;
        return *whole ? "read along an index alone from its start" : "read from an index alone";
    case T_BitmapHeapScan: return "read by a bitmap";
    case T_TidScan: return "read by place";
    default: return nullptr;
    }
}

struct Walk {
    const PlannedStmt *plan;
    List *scans;
};

bool scan_walker(PlanState *state, void *pointer) {
    auto *const walk = static_cast<Walk *>(pointer);
    bool whole;
    const char *const how = way_of(state->plan, &whole);
    if (how != nullptr) {
        const Index number = reinterpret_cast<const Scan *>(state->plan)->scanrelid;
        RangeTblEntry *const entry = rt_fetch(number, walk->plan->rtable);
        auto *const scan = static_cast<ScanOf *>(palloc(sizeof(ScanOf)));
        *scan = {entry->relid, entry->eref->aliasname, how, whole, state->plan->plan_rows};
        walk->scans = lappend(walk->scans, scan);
    }
    return compat::walk_states(state, scan_walker, pointer);
}

Explained *explained(const char *sql) {
    auto *const result = static_cast<Explained *>(palloc0(sizeof(Explained)));
    List *const raw = pg_parse_query(sql);
    if (list_length(raw) != 1)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("plan_at_scale looks at one statement"),
                        errhint("rlsproof.split() takes a text apart.")));
    PushActiveSnapshot(GetTransactionSnapshot());
    Oid *types = nullptr;
    int count = 0;
    List *const queries = pg_analyze_and_rewrite_varparams(linitial_node(RawStmt, raw), sql, &types, &count, nullptr);
    if (list_length(queries) != 1 || linitial_node(Query, queries)->commandType == CMD_UTILITY)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the statement has no plan")));
    PlannedStmt *const plan = pg_plan_query(linitial_node(Query, queries), sql, CURSOR_OPT_PARALLEL_OK, nullptr);
    QueryDesc *const query =
        CreateQueryDesc(plan, sql, GetActiveSnapshot(), InvalidSnapshot, None_Receiver, nullptr, nullptr, 0);
    ExecutorStart(query, EXEC_FLAG_EXPLAIN_ONLY | compat::explain_generic);
    ExplainState *const state = NewExplainState();
    state->costs = true;
    ExplainBeginOutput(state);
    ExplainPrintPlan(state, query);
    ExplainEndOutput(state);
    result->text = state->str->data;
    Walk walk{plan, NIL};
    scan_walker(query->planstate, &walk);
    result->scans = walk.scans;
    ExecutorEnd(query);
    PopActiveSnapshot();
    return result;
}

// The scan of the same table under the same name in the other plan.
const ScanOf *same(const List *scans, const ScanOf *wanted) {
    for (int i = 0; i < list_length(scans); ++i) {
        const auto *const scan = static_cast<const ScanOf *>(list_nth(scans, i));
        if (scan->table == wanted->table && strcmp(scan->alias, wanted->alias) == 0) return scan;
    }
    return nullptr;
}

using Lines = std::vector<std::vector<Value>>;

void add_plan(Lines &lines, const char *part, std::string_view text) {
    while (!text.empty()) {
        const size_t end = text.find('\n');
        if (!text.substr(0, end).empty()) lines.push_back({part, std::string(text.substr(0, end))});
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
}

void add_turns(Lines &lines, const Explained *today, const Explained *later) {
    for (int i = 0; i < list_length(later->scans); ++i) {
        const auto *const scan = static_cast<const ScanOf *>(list_nth(later->scans, i));
        if (exempt_table(scan->table)) continue;
        const ScanOf *const before = same(today->scans, scan);
        const std::string table = call(table_name, scan->table);
        if (before != nullptr && strcmp(before->how, scan->how) != 0)
            lines.push_back({"turns", fmt::format("{}: {} today, {} then", table, before->how, scan->how)});
        else if (scan->whole)
            lines.push_back({"turns", fmt::format("{}: {} today and then", table, scan->how)});
    }
}

Lines plans(const std::string &sql, double by) {
    if (!(by > 0) || by > 1e9)
        throw Error(Code::invalid_input, "the factor must be above 0 and at most 1000000000",
                    "100 asks what happens when every table has 100 times its rows.");
    Lines lines;
    undone([&] {
        use_default_search_path();
        const Explained *const today = call(explained, sql.c_str());
        const Scaled scaled(by);
        const Explained *const later = call(explained, sql.c_str());
        add_plan(lines, "today", today->text);
        add_plan(lines, "then", later->text);
        add_turns(lines, today, later);
    });
    return lines;
}

} // namespace

} // namespace rlsproof::server::guard

using namespace rlsproof::server;

extern "C" {

PG_FUNCTION_INFO_V1(rlsproof_plan_at_scale);
Datum rlsproof_plan_at_scale(PG_FUNCTION_ARGS) {
    const char *const sql = text_argument(fcinfo, 0);
    const double factor = PG_ARGISNULL(1) ? 0 : PG_GETARG_FLOAT8(1);
    return enter([&]() -> Datum {
        return_rows(fcinfo, sql != nullptr ? guard::plans(sql, factor) : guard::Lines());
        return Datum{0};
    });
}

} // extern "C"
