#include "server/name_conditions.hpp"

#include <algorithm>
#include <vector>

#include "server/compat.hpp"
#include "server/scratch.hpp"

extern "C" {
#include "catalog/pg_proc.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
}

namespace rlsproof::server {

namespace {

struct Looking {
    Oid files;
    bool names; // a name is asked for
    bool other; // and something else
};

bool not_of_name(Oid function, void *) {
    const char *schema = get_namespace_name(get_func_namespace(function));
    return func_volatile(function) != PROVOLATILE_IMMUTABLE && (schema == nullptr || strcmp(schema, "storage") != 0);
}

bool look(Node *node, void *context) {
    if (node == nullptr) return false;
    auto *looking = (Looking *)context;
    if (IsA(node, Var)) {
        const auto *var = castNode(Var, node);
        const char *column = get_attname(looking->files, var->varattno, true);
        const bool name = var->varlevelsup == 0 && column != nullptr &&
                          (strcmp(column, "name") == 0 || strcmp(column, "path_tokens") == 0);
        (name ? looking->names : looking->other) = true;
    } else if (IsA(node, SubLink) || IsA(node, Param) || IsA(node, SQLValueFunction) ||
               check_functions_in_node(node, not_of_name, nullptr)) {
        looking->other = true;
    }
    return looking->other || compat::walk(node, look, context);
}

bool of_name_alone(Node *node, Oid files) {
    Looking looking{files, false, false};
    (void)look(node, &looking);
    return looking.names && !looking.other;
}

struct Conditions {
    Oid files;
    List *found; // of Node *
    List *unmet; // of int: places in `found` that are taken to be met
};

// The largest parts of a condition that ask for the name alone; those that are unmet give way to what is true. The tree
// is our own.
Node *conditions_in(Node *node, Conditions *all) {
    const auto take = [all](Node *condition) {
        all->found = lappend(all->found, condition);
        return list_member_int(all->unmet, list_length(all->found) - 1) ? (Node *)makeBoolConst(true, false)
                                                                        : condition;
    };
    if (of_name_alone(node, all->files)) return take(node);
    if (!IsA(node, BoolExpr) || castNode(BoolExpr, node)->boolop == NOT_EXPR) return node;
    List *names = NIL, *others = NIL;
    ListCell *cell;
    foreach (cell, castNode(BoolExpr, node)->args) {
        auto *part = (Node *)lfirst(cell);
        if (castNode(BoolExpr, node)->boolop == AND_EXPR && of_name_alone(part, all->files))
            names = lappend(names, part); // to be met by one name
        else
            others = lappend(others, conditions_in(part, all));
    }
    if (names != NIL)
        others = lappend(others, take(list_length(names) == 1 ? (Node *)linitial(names)
                                                              : (Node *)makeBoolExpr(AND_EXPR, names, -1)));
    castNode(BoolExpr, node)->args = others;
    return node;
}

const char *as_sql(Node *node, Oid files) {
    return deparse_expression(node, deparse_context_for(get_rel_name(files), files), false, false);
}

// One condition after the other; nullptr behind the last.
const char *condition_at(const char *tree, Oid files, int place) {
    Conditions all{files, NIL, NIL};
    (void)conditions_in((Node *)stringToNode(tree), &all);
    return place < list_length(all.found) ? as_sql((Node *)list_nth(all.found, place), files) : nullptr;
}

const char *with_met(const char *tree, Oid files, const int *unmet, int count) {
    Conditions all{files, NIL, NIL};
    for (int i = 0; i < count; i++) all.unmet = lappend_int(all.unmet, unmet[i]);
    return as_sql(conditions_in((Node *)stringToNode(tree), &all), files);
}

bool holds_for_any(const std::string &predicate, Probe &probe) {
    bool holds = false;
    const Outcome asked = attempt(Finish::rollback, [&] {
        const std::vector<const Row *> met = probe.in_scope(predicate);
        holds = std::any_of(met.begin(), met.end(), [&](const Row *row) {
            return std::find(probe.foreign().begin(), probe.foreign().end(), row) != probe.foreign().end();
        });
    });
    return asked.ok && holds;
}

} // namespace

std::string unmet_name(const Relation &files, const Persona &persona, Command command, Probe &probe) {
    const Rows trees =
        query("select polname, case when $2::boolean then coalesce(polwithcheck, polqual) else polqual end::text "
              "from pg_catalog.pg_policy where polrelid = $1::oid",
              {std::to_string(files.id), command == Command::insert ? "true" : "false"});
    for (const Policy &policy : files.policies) {
        const std::vector<std::string> &whom = policy.facts.personas;
        if (!policy.permissive || (policy.command != "ALL" && policy.command != name(command)) ||
            std::find(whom.begin(), whom.end(), persona.name) == whom.end())
            continue;
        for (size_t i = 0; i < trees.size(); i++) {
            if (trees.text(i, 0) != policy.name || !trees.value(i, 1)) continue;
            const Scratch scratch;
            const std::string tree = trees.text(i, 1);
            std::vector<int> unmet;
            std::string said;
            for (int place = 0;; place++) {
                const char *condition = call(condition_at, tree.c_str(), files.id, place);
                if (condition == nullptr) break;
                if (holds_for_any(condition, probe)) continue;
                unmet.push_back(place);
                if (said.empty()) said = condition;
            }
            if (!unmet.empty() &&
                holds_for_any(call(with_met, tree.c_str(), files.id, (const int *)unmet.data(), (int)unmet.size()),
                              probe))
                return said + " (policy \"" + policy.name + "\")";
        }
    }
    return "";
}

} // namespace rlsproof::server
