// PL/pgSQL bodies. libpg_query answers in JSON, of which the texts of the embedded queries are wanted.
#include "sqltext/sqltext.hpp"

#include <cstdlib>
#include <map>
#include <utility>

#include "base/error.hpp"
#include "sqltext/json.hpp"
#include "sqltext/plpgsql_source.hpp"

extern "C" {
#include <pg_query.h>
}

namespace rlsproof::sqltext {

namespace {

const std::string &query_of(const Json &expression) {
    return expression["PLpgSQL_expr"]["query"].text;
}

std::vector<std::string> targets_of(const Json &target) {
    std::vector<std::string> names;
    if (target.only_name() == "PLpgSQL_row")
        for (const Json &field : target.only()["fields"].items) names.push_back(field["name"].text);
    else
        names.push_back(target.only()["refname"].text);
    return names;
}

// The variable of a FOREACH is told by its number alone.
std::string name_of(const Json &datums, const std::string &number) {
    const auto at = (size_t)std::atol(number.c_str());
    return at < datums.items.size() ? datums.items[at].only()["refname"].text : "";
}

void collect_texts(const Json &json, const Json &datums, std::vector<PlpgsqlText> &texts) {
    for (const Json &item : json.items) collect_texts(item, datums, texts);
    for (const auto &[name, what] : json.members) {
        if (name == "PLpgSQL_var" && what.has("default_val"))
            texts.push_back({query_of(what["default_val"]), false, true, {what["refname"].text}});
        else if (name == "PLpgSQL_stmt_assign")
            texts.push_back({query_of(what["expr"]), false, false, {}});
        else if (name == "PLpgSQL_stmt_execsql" && what.has("target"))
            texts.push_back({query_of(what["sqlstmt"]), false, false, targets_of(what["target"])});
        else if (name == "PLpgSQL_stmt_fors")
            texts.push_back({query_of(what["query"]), false, false, targets_of(what["var"])});
        else if (name == "PLpgSQL_stmt_foreach_a")
            texts.push_back(
                {"select unnest(" + query_of(what["expr"]) + ")", false, false, {name_of(datums, what["varno"].text)}});
        else if (name == "PLpgSQL_stmt_dynexecute" || name == "PLpgSQL_stmt_dynfors")
            texts.push_back({query_of(what["query"]), true, false, {}});
        else if (what.has("dynquery"))
            texts.push_back({query_of(what["dynquery"]), true, false, {}});
        collect_texts(what, what.has("datums") ? what["datums"] : datums, texts);
    }
}

// CASE x WHEN 1 compares a variable of its own with 1, and that is x. By that variable, as it is quoted.
void collect_cases(const Json &json, std::map<std::string, std::string> &cases) {
    for (const Json &item : json.items) collect_cases(item, cases);
    for (const auto &[name, what] : json.members) {
        if (name == "PLpgSQL_stmt_case" && what.has("t_expr") && !what["case_when_list"].items.empty()) {
            const std::string &first = query_of(what["case_when_list"].items.front().only()["expr"]);
            cases.emplace(first.substr(0, first.find('"', 1) + 1), "(" + query_of(what["t_expr"]) + ")");
        }
        collect_cases(what, cases);
    }
}

// The parser's answer.
std::string parsed(const std::string &definition) {
    PgQueryPlpgsqlParseResult result = pg_query_parse_plpgsql(plpgsql_source(definition).definition.c_str());
    if (result.error != nullptr) {
        Error error(Code::syntax, result.error->message);
        pg_query_free_plpgsql_parse_result(result);
        throw error;
    }
    std::string json = result.plpgsql_funcs;
    pg_query_free_plpgsql_parse_result(result);
    return json;
}

bool starts_with(const std::string &name, const char *beginning) {
    return name.rfind(beginning, 0) == 0;
}

// Lines of statements within a branch or loop that begins at `line` or before; those that only compute what needs no
// table do not count.
void lines_aside(const Json &json, int line, bool aside, std::vector<int> &lines) {
    for (const Json &item : json.items) lines_aside(item, line, aside, lines);
    for (const auto &[name, what] : json.members) {
        const int at = std::atoi(what["lineno"].text.c_str());
        bool branch = name == "exceptions" || name == "PLpgSQL_exception_block";
        for (const char *kind : {"if", "case", "loop", "while", "for", "dynfors"})
            branch = branch || starts_with(name, ("PLpgSQL_stmt_" + std::string(kind)).c_str());
        const bool within = aside || (branch && at <= line);
        bool acts = false;
        for (const char *kind : {"execsql", "perform", "return_query", "dynexecute", "call", "open", "dynfors", "fors"})
            acts = acts || name == "PLpgSQL_stmt_" + std::string(kind);
        const auto computes = [](const Json &expression) {
            return query_of(expression).find('(') != std::string::npos;
        };
        acts = acts || (name == "PLpgSQL_stmt_return" && computes(what["expr"])) ||
               (name == "PLpgSQL_stmt_assign" && computes(what["expr"]));
        if (aside && acts) lines.push_back(at);
        lines_aside(what, line, within, lines);
    }
}

} // namespace

bool goes_straight(const std::string &definition, int line) {
    std::vector<int> lines;
    lines_aside(read_json(parsed(definition)), line, false, lines);
    // The one that failed may be among them.
    return lines.empty() || (lines.size() == 1 && lines.front() == line);
}

PlpgsqlBody plpgsql(const std::string &definition) {
    const std::string json = parsed(definition);
    PlpgsqlBody body;
    body.dynamic = json.find("\"PLpgSQL_stmt_dynexecute\"") != std::string::npos ||
                   json.find("\"PLpgSQL_stmt_dynfors\"") != std::string::npos ||
                   json.find("\"dynquery\"") != std::string::npos;
    const Json tree = read_json(json);
    collect_texts(tree, {}, body.texts);
    std::map<std::string, std::string> cases;
    collect_cases(tree, cases);
    // Strings are skipped as a whole, so that a key is never looked for inside one.
    for (size_t i = 0; i < json.size();) {
        if (json[i++] != '"') continue;
        const std::string key = read_json_string(json, i);
        if (key != "query" || json.compare(i, 2, ":\"") != 0) continue;
        i += 2;
        std::string query = read_json_string(json, i);
        const auto with_what = cases.find(query.substr(0, query.find('"', 1) + 1));
        if (query.starts_with('"') && with_what != cases.end())
            query.replace(0, with_what->first.size(), with_what->second);
        body.queries.push_back(std::move(query));
    }
    return body;
}

} // namespace rlsproof::sqltext
