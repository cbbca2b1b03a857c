#include "sqltext/plpgsql_query.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

#include "sqltext/json.hpp"
#include "sqltext/plpgsql_source.hpp"

extern "C" {
#include <pg_query.h>
}

namespace rlsproof::sqltext {

namespace {

constexpr size_t kLongest = 100000; // characters of the query: what follows an IF is written for each of its ways
constexpr int kMostWays = 1000;

struct NotFollowed {};

std::string quoted(const std::string &name) {
    std::string text = "\"";
    for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
    return text + '"';
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return (char)std::tolower(c); });
    return text;
}

// All that is written in a statement.
std::string texts_of(const Json &json) {
    std::string all = json.text + " ";
    for (const auto &[name, value] : json.members) all += texts_of(value);
    for (const Json &item : json.items) all += texts_of(item);
    return all;
}

struct Variable {
    std::string name, type;
    bool declared = false; // in the body; otherwise a parameter or what every body has
    bool given = false;    // has its value already
};

class Body {
public:
    Body(const Json &function, const std::map<std::string, std::string> &types, std::string result)
        : result_(std::move(result)) {
        for (const Json &datum : function["datums"].items) {
            Variable variable;
            const Json &what = datum.only();
            variable.name = what["refname"].text;
            if (datum.only_name() == "PLpgSQL_var") {
                variable.declared = what.has("lineno");
                if (what.has("notnull")) throw NotFollowed{};
                if (const auto type = types.find(variable.name); variable.declared && type != types.end())
                    variable.type = type->second;
                if (variable.declared && what.has("default_val")) {
                    variables_.push_back(variable);
                    give(variables_.size() - 1, expression(what["default_val"]));
                    continue;
                }
            } else if (datum.only_name() != "PLpgSQL_row" && what.has("lineno")) {
                throw NotFollowed{};
            }
            variables_.push_back(variable);
        }
    }

    std::string query(const Json &block) {
        if (block.has("exceptions") || block.has("label")) throw NotFollowed{};
        const std::vector<Json> &all = block["body"].items;
        if (!all.empty() && all.front().only_name() == "PLpgSQL_stmt_return_query") {
            const Json &rows = all.front().only();
            const bool alone = all.size() == 1 || (all.size() == 2 && all[1].only_name() == "PLpgSQL_stmt_return" &&
                                                   !all[1].only().has("expr"));
            if (!alone || rows.has("dynquery") || !from_.empty()) throw NotFollowed{};
            return rows["query"]["PLpgSQL_expr"]["query"].text;
        }
        std::vector<const Json *> statements;
        for (const Json &statement : all) {
            if (statement.only_name() == "PLpgSQL_stmt_assign")
                assign(statement.only());
            else if (statement.only_name() == "PLpgSQL_stmt_execsql")
                select_into(statement.only());
            else {
                statements.push_back(&statement);
                read_ += lower(texts_of(statement));
            }
        }
        const std::string value = value_of(statements);
        return fmt::format("SELECT {}{}", value, from_);
    }

private:
    static std::string expression(const Json &json) {
        const std::string &query = json["PLpgSQL_expr"]["query"].text;
        if (query.empty()) throw NotFollowed{};
        return query;
    }

    // A variable's value is a column of its own, computed behind those that are there.
    void give(size_t number, const std::string &value) {
        if (number >= variables_.size()) throw NotFollowed{};
        Variable &variable = variables_[number];
        // Of a type with a length or one that is a column's, an assignment is no plain cast.
        const bool plain = variable.type.find_first_of("(%") == std::string::npos && lower(variable.type) != "record";
        if (!variable.declared || variable.given || variable.type.empty() || !plain) throw NotFollowed{};
        // Read before it has its value, it is NULL there.
        if (read_.find(lower(variable.name)) != std::string::npos) throw NotFollowed{};
        variable.given = true;
        from_ += fmt::format("{} (SELECT ({}\n)::{} AS {}) AS v{}", from_.empty() ? " FROM" : " CROSS JOIN LATERAL",
                             value, variable.type, quoted(variable.name), number);
    }

    // The text is "name := expression".
    void assign(const Json &statement) {
        const auto number = (size_t)std::atol(statement["varno"].text.c_str());
        const std::string text = expression(statement["expr"]);
        const size_t equals = text.find('=');
        if (equals == std::string::npos || number >= variables_.size()) throw NotFollowed{};
        std::string target = text.substr(0, equals);
        if (!target.empty() && target.back() == ':') target.pop_back();
        target = lower(std::string(text::trim(target)));
        if (target != variables_[number].name) throw NotFollowed{};
        give(number, text.substr(equals + 1));
    }

    // The first row's values, or NULLs.
    void select_into(const Json &statement) {
        const Json &target = statement["target"]["PLpgSQL_row"];
        if (!statement.has("into") || statement.has("strict") || target["fields"].items.empty()) throw NotFollowed{};
        const std::string query = expression(statement["sqlstmt"]);
        std::string names;
        for (size_t i = 0; i < target["fields"].items.size(); i++) names += fmt::format("{}c{}", i == 0 ? "" : ", ", i);
        for (size_t i = 0; i < target["fields"].items.size(); i++)
            give((size_t)std::atol(target["fields"].items[i]["varno"].text.c_str()),
                 fmt::format("SELECT r.c{} FROM ({}\n) AS r({}) LIMIT 1", i, query, names));
    }

    std::string value_of(const std::vector<const Json *> &statements) {
        if (++ways_ > kMostWays) throw NotFollowed{};
        if (statements.empty()) return "NULL::" + result_;
        const Json &first = statements.front()->only();
        const std::string &kind = statements.front()->only_name();
        if (kind == "PLpgSQL_stmt_return") {
            // The end of the body is a RETURN without a line; one that names nothing belongs to OUT parameters.
            if (!first.has("expr") && first.has("lineno")) throw NotFollowed{};
            if (!first.has("expr")) return "NULL::" + result_;
            return fmt::format("({}\n)::{}", expression(first["expr"]), result_);
        }
        if (kind != "PLpgSQL_stmt_if") throw NotFollowed{};
        const auto way = [&](const Json &body) {
            std::vector<const Json *> path;
            for (const Json &statement : body.items) path.push_back(&statement);
            path.insert(path.end(), statements.begin() + 1, statements.end());
            return value_of(path);
        };
        std::string text = fmt::format("CASE WHEN ({}\n) THEN {}", expression(first["cond"]), way(first["then_body"]));
        for (const Json &next : first["elsif_list"].items)
            text += fmt::format(" WHEN ({}\n) THEN {}", expression(next.only()["cond"]), way(next.only()["stmts"]));
        text += fmt::format(" ELSE {} END", way(first["else_body"]));
        if (text.size() > kLongest) throw NotFollowed{};
        return text;
    }

    std::string result_;
    std::vector<Variable> variables_;
    std::string from_;
    std::string read_; // by what stands before
    int ways_ = 0;
};

} // namespace

std::optional<std::string> plpgsql_query(const std::string &definition, const std::string &result) {
    if (definition.find("#variable_conflict") != std::string::npos) return std::nullopt;
    try {
        const PlpgsqlSource source = plpgsql_source(definition);
        PgQueryPlpgsqlParseResult parsed = pg_query_parse_plpgsql(source.definition.c_str());
        const std::string json = parsed.error == nullptr && parsed.plpgsql_funcs != nullptr ? parsed.plpgsql_funcs : "";
        pg_query_free_plpgsql_parse_result(parsed);
        if (json.empty()) return std::nullopt;
        const Json functions = read_json(json);
        if (functions.items.size() != 1) return std::nullopt;
        const Json &function = functions.items.front()["PLpgSQL_function"];
        return Body(function, source.types, result).query(function["action"]["PLpgSQL_stmt_block"]);
    } catch (const NotFollowed &) {
        return std::nullopt;
    } catch (const Error &) {
        return std::nullopt; // a text that cannot be read as tokens
    }
}

} // namespace rlsproof::sqltext
