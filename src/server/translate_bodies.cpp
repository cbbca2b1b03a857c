// Functions whose body is SQL, or PL/pgSQL that comes to one query: read in their place, with their arguments, as the
// user they run as and under the settings they bring along. So a helper of a policy is no more than the sub-select it
// wraps.
#include "sqltext/plpgsql_query.hpp"

#include "server/translate.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/rewrite.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/proclang.h"
#include "executor/functions.h"
#include "nodes/nodeFuncs.h"
#include "nodes/params.h"
#include "parser/parse_coerce.h"
#include "rewrite/rewriteHandler.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMostBodies = 12; // within one another

struct RawFunction {
    bool followed;   // a plain function in SQL or PL/pgSQL
    bool procedural; // in PL/pgSQL
    bool strict;
    bool definer;
    bool set;
    char volatility;
    Oid owner;
    Oid result;
    int arguments;
};

RawFunction describe(Oid function) {
    HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for function %u", function);
    const auto *form = (Form_pg_proc)GETSTRUCT(tuple);
    const bool procedural = form->prolang == get_language_oid("plpgsql", true);
    RawFunction raw{(form->prolang == SQLlanguageId || procedural) && form->prokind == PROKIND_FUNCTION,
                    procedural,
                    form->proisstrict,
                    form->prosecdef,
                    form->proretset,
                    form->provolatile,
                    form->proowner,
                    form->prorettype,
                    form->pronargs};
    for (int i = 0; i < form->pronargs; i++)
        if (IsPolymorphicType(form->proargtypes.values[i])) raw.followed = false;
    if (IsPolymorphicType(form->prorettype)) raw.followed = false;
    // RETURN says nothing of what OUT parameters hold.
    bool only_in = false;
    (void)SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proargmodes, &only_in);
    if (procedural && !only_in) raw.followed = false;
    ReleaseSysCache(tuple);
    return raw;
}

// A query over the parameters of a function, rewritten for the current user.
Query *read_query(Oid function, const char *sql) {
    HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for function %u", function);
    List *statements = pg_parse_query(sql);
    List *queries = NIL;
    if (list_length(statements) == 1) {
        SQLFunctionParseInfoPtr info = prepare_sql_fn_parse_info(tuple, nullptr, InvalidOid);
        queries = pg_analyze_and_rewrite_withcb(linitial_node(RawStmt, statements), sql,
                                                (ParserSetupHook)sql_fn_parser_setup, info, nullptr);
    }
    ReleaseSysCache(tuple);
    if (list_length(queries) != 1) return nullptr;
    auto *query = linitial_node(Query, queries);
    return query->commandType == CMD_SELECT ? query : nullptr;
}

bool names_mean_variables() {
    const char *conflict = GetConfigOption("plpgsql.variable_conflict", true, false);
    return conflict != nullptr && pg_strcasecmp(conflict, "use_variable") == 0;
}

// The query that a PL/pgSQL body comes to; nothing where it does more, or where its names mean something else there.
Query *procedural_body(const RawFunction &raw, Oid function) {
    if (call(names_mean_variables)) return nullptr;
    const Rows definition = query("select pg_catalog.pg_get_functiondef($1::oid)", {std::to_string(function)});
    const std::optional<std::string> sql =
        sqltext::plpgsql_query(definition.text(0, 0), (const char *)call(format_type_be_qualified, raw.result));
    if (!sql) return nullptr;
    Query *found = nullptr;
    (void)attempt(Finish::commit, [&] { found = call(read_query, function, sql->c_str()); });
    return found;
}

// The one query of a body, rewritten for the current user; nothing where it has more or none.
Query *read_body(Oid function) {
    HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for function %u", function);
    bool missing = false;
    List *queries = NIL;
    const Datum body = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosqlbody, &missing);
    if (!missing) {
        auto *node = (Node *)stringToNode(TextDatumGetCString(body));
        List *stored = IsA(node, List) ? linitial_node(List, castNode(List, node)) : list_make1(node);
        if (list_length(stored) == 1 && IsA(linitial(stored), Query)) {
            auto *query = linitial_node(Query, stored);
            AcquireRewriteLocks(query, true, false);
            queries = pg_rewrite_query(query);
        }
    } else {
        const char *sql = TextDatumGetCString(SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &missing));
        ReleaseSysCache(tuple);
        return read_query(function, sql);
    }
    ReleaseSysCache(tuple);
    if (list_length(queries) != 1) return nullptr;
    auto *query = linitial_node(Query, queries);
    return query->commandType == CMD_SELECT ? query : nullptr;
}

void set_for_body(const char *name, const char *value) {
    (void)set_config_option(name, value, superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
                            ERROR, false);
}

int new_level() {
    return NewGUCNestLevel();
}

// Being the function while its body is read: its owner where it runs as that, and its settings.
class Standing {
public:
    Standing(const RawFunction &raw, Oid function, std::string &name, std::vector<std::string> &given)
        : level_(call(new_level)), name_(name), before_(name), given_(given), before_given_(given) {
        GetUserIdAndSecContext(&user_, &security_);
        const Rows settings =
            query("select s from pg_catalog.pg_proc p, pg_catalog.unnest(p.proconfig) s where p.oid = $1::oid",
                  {std::to_string(function)});
        if (!settings.empty()) name_ += fmt::format(" in {}", function);
        if (raw.definer) SetUserIdAndSecContext(raw.owner, security_ | SECURITY_LOCAL_USERID_CHANGE);
        try {
            for (size_t i = 0; i < settings.size(); i++) {
                const std::string &setting = settings.text(i, 0);
                const size_t equals = setting.find('=');
                const std::string name = setting.substr(0, equals), value = setting.substr(equals + 1);
                call(set_for_body, name.c_str(), value.c_str());
                given_.push_back(name);
            }
        } catch (...) {
            leave();
            throw;
        }
    }
    ~Standing() { leave(); }
    Standing(const Standing &) = delete;
    Standing &operator=(const Standing &) = delete;

private:
    void leave() {
        name_ = before_;
        given_ = before_given_;
        SetUserIdAndSecContext(user_, security_);
        AtEOXact_GUC(true, level_);
    }

    int level_;
    std::string &name_; // what stands for the settings that are in force
    std::string before_;
    std::vector<std::string> &given_; // the settings that there are
    std::vector<std::string> before_given_;
    Oid user_ = InvalidOid;
    int security_ = 0;
};

template <typename T>
class Instead {
public:
    Instead(T &place, T value) : place_(place), before_(std::move(place)) { place_ = std::move(value); }
    ~Instead() { place_ = std::move(before_); }
    Instead(const Instead &) = delete;
    Instead &operator=(const Instead &) = delete;

private:
    T &place_;
    T before_;
};

bool is_row(Oid type) {
    return type_is_rowtype(type);
}

} // namespace

std::vector<Translator::Branch> Translator::body_rows(Oid function_id, const std::vector<expr::Expr> &arguments,
                                                      bool set) {
    const RawFunction raw = call(describe, function_id);
    if (!raw.followed) throw Unsupported{function_name(function_id)};
    if (raw.volatility == PROVOLATILE_VOLATILE && !follows_volatile_) throw Unsupported{function_name(function_id)};
    if ((int)arguments.size() != raw.arguments || raw.set != set) throw Unsupported{function_name(function_id)};
    if (reading_.size() >= kMostBodies || std::find(reading_.begin(), reading_.end(), function_id) != reading_.end())
        throw Unsupported{"recursion of " + function_name(function_id)};
    const Standing standing(raw, function_id, standing_in_, given_);
    Query *query = raw.procedural ? procedural_body(raw, function_id) : call(read_body, function_id);
    if (query == nullptr) throw Unsupported{"the body of " + function_name(function_id)};
    std::vector<Oid> reading = reading_;
    reading.push_back(function_id);
    const Instead<bool> volatile_now(in_volatile_, in_volatile_ || raw.volatility == PROVOLATILE_VOLATILE);
    const Instead<std::vector<Oid>> deeper(reading_, std::move(reading));
    const Instead<std::vector<expr::Row>> around(outer_rows_, rows_in_scope());
    const Instead<std::vector<Frame>> frames(frames_, {});
    const Instead<const std::vector<expr::Expr> *> parameters(parameters_, &arguments);
    const Instead<std::vector<const std::vector<expr::Expr> *>> links(link_outputs_, {});
    const Instead<std::vector<expr::Expr>> tests(case_tests_, {});
    std::vector<Branch> branches = rows_of(query, set ? Use::values : Use::first);
    // For a NULL argument a strict function is not even called.
    if (raw.strict)
        for (Branch &branch : branches) {
            std::vector<expr::Expr> parts{branch.where};
            for (const expr::Expr &argument : arguments) parts.push_back(expr::negate(expr::is_null(argument)));
            branch.where = expr::both(std::move(parts));
        }
    const expr::Type type = schema_.type(raw.result);
    // SELECT t FROM t: a row as one value, and its columns are not known apart.
    for (const Branch &branch : branches)
        if (call(is_row, raw.result) && branch.outputs.size() == 1 && branch.outputs.front()->type == type)
            throw Unsupported{"a row as one value"};
    for (const Branch &branch : branches)
        if (!call(is_row, raw.result) && (branch.outputs.size() != 1 || !(branch.outputs.front()->type == type)))
            throw Unsupported{"the result of " + function_name(function_id)};
    return branches;
}

// What a function yields by its body; nothing where the body cannot be followed.
expr::Expr Translator::body(Oid function_id, const std::vector<expr::Expr> &arguments) {
    const RawFunction raw = call(describe, function_id);
    if (!raw.followed || raw.set || call(is_row, raw.result)) return nullptr;
    const std::vector<Frame> frames = frames_;
    try {
        const std::vector<Branch> branches = body_rows(function_id, arguments, false);
        // The first row is what counts, and which one that is can be told only where there are no two. A function that
        // is STABLE says that it takes the same one each time.
        if (branches.size() != 1 || !is_pinned(branches.front())) {
            const std::string whose = "what " + function_name(function_id) + " returns";
            std::string name = fmt::format("{} as {}{}", whose, raw.definer ? raw.owner : GetUserId(), standing_in_);
            if (raw.volatility == PROVOLATILE_VOLATILE) name += fmt::format(" #{}", ++opaque_);
            return first_of(branches, whose, std::move(name), arguments);
        }
        if (branches.front().rows.empty() && expr::is_constant(branches.front().where, true))
            return branches.front().outputs.front();
        if (branches.front().rows.empty())
            return expr::choose({branches.front().where, branches.front().outputs.front(),
                                 expr::null_of(branches.front().outputs.front()->type)});
        return expr::scalar(selects(branches), true);
    } catch (const Unsupported &unsupported) {
        frames_ = frames;
        why_not_[function_id] = unsupported.what;
        return nullptr;
    }
}

std::string Translator::function_name(Oid function_id) const {
    const Rows name = query("select pg_catalog.format('%I.%I', n.nspname, p.proname) from pg_catalog.pg_proc p "
                            "join pg_catalog.pg_namespace n on n.oid = p.pronamespace where p.oid = $1::oid",
                            {std::to_string(function_id)});
    return "function " + (name.empty() ? std::to_string(function_id) : name.text(0, 0));
}

} // namespace rlsproof::server
