#include "server/spi.hpp"

#include <unordered_map>

#include "server/kept_plans.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "jit/jit.h"
#include "utils/array.h"
}

namespace rlsproof::server {

namespace {

// A result as the plain function below leaves it: values row by row, nullptr for NULL.
struct RawRows {
    long processed;
    int columns;
    char **values;
};

struct Request {
    const char *sql;
    int parameters;
    const char *const *values; // nullptr for NULL
    bool read_only;
    bool keep;
    MemoryContext memory;
    SPIPlanPtr plan; // or nullptr
};

// Plans of the questions that are asked again and again: of thousands of tables, planning would take most of the time.
// The same text may mean something else under another search path.
constexpr size_t kMostPlans = 150;
std::unordered_map<std::string, SPIPlanPtr> &plans() {
    static std::unordered_map<std::string, SPIPlanPtr> kept;
    return kept;
}

SPIPlanPtr prepare(const char *sql, int parameters) {
    Oid types[16];
    for (int i = 0; i < parameters; i++) types[i] = TEXTOID;
    SPI_connect();
    SPIPlanPtr plan = SPI_prepare_cursor(sql, parameters, types, CURSOR_OPT_GENERIC_PLAN);
    if (plan == nullptr) elog(ERROR, "SPI_prepare_cursor failed: %s", SPI_result_code_string(SPI_result));
    if (SPI_keepplan(plan) != 0) elog(ERROR, "SPI_keepplan failed");
    SPI_finish();
    return plan;
}

SPIPlanPtr plan_for(const std::string &sql, size_t parameters) {
    const std::string key = std::string(namespace_search_path) + '\n' + sql;
    auto &known = plans();
    if (const auto found = known.find(key); found != known.end()) return found->second;
    if (known.size() >= kMostPlans) return nullptr;
    return known.emplace(key, call(prepare, sql.c_str(), (int)parameters)).first->second;
}

RawRows run(const Request *request) {
    RawRows raw{0, 0, nullptr};
    Oid types[16];
    Datum datums[16];
    char nulls[16];
    Assert(request->parameters <= 16);
    SPI_connect();
    for (int i = 0; i < request->parameters; i++) {
        types[i] = TEXTOID;
        nulls[i] = request->values[i] != nullptr ? ' ' : 'n';
        datums[i] = request->values[i] != nullptr ? CStringGetTextDatum(request->values[i]) : (Datum)0;
    }
    const int code = request->plan != nullptr ? SPI_execute_plan(request->plan, datums, nulls, request->read_only, 0)
                                              : SPI_execute_with_args(request->sql, request->parameters, types, datums,
                                                                      nulls, request->read_only, 0);
    if (code < 0) elog(ERROR, "SPI_execute_with_args failed: %s", SPI_result_code_string(code));
    raw.processed = (long)SPI_processed;
    if (request->keep && SPI_tuptable != nullptr) {
        TupleDesc descriptor = SPI_tuptable->tupdesc;
        raw.columns = descriptor->natts;
        raw.values = (char **)MemoryContextAllocHuge(
            request->memory, sizeof(char *) * Max((Size)1, (Size)raw.processed * (Size)raw.columns));
        for (long row = 0; row < raw.processed; row++)
            for (int column = 0; column < raw.columns; column++) {
                char *text = SPI_getvalue(SPI_tuptable->vals[row], descriptor, column + 1);
                raw.values[row * raw.columns + column] =
                    text != nullptr ? MemoryContextStrdup(request->memory, text) : nullptr;
                if (text != nullptr) pfree(text);
            }
    }
    SPI_finish();
    return raw;
}

MemoryContext make_context() {
    return AllocSetContextCreate(boundary::entry_context, "rlsproof query result", ALLOCSET_SMALL_SIZES);
}

class Context {
public:
    Context() : context_(call(make_context)) {}
    ~Context() { MemoryContextDelete(context_); }
    Context(const Context &) = delete;
    Context &operator=(const Context &) = delete;
    MemoryContext get() const { return context_; }

private:
    MemoryContext context_;
};

// Of thousands of tables our questions look dear enough to be compiled, each of them once: that takes longer than it
// saves, and the compiler stays in memory.
class NotCompiled {
public:
    NotCompiled() : before_(jit_enabled) { jit_enabled = false; }
    ~NotCompiled() { jit_enabled = before_; }
    NotCompiled(const NotCompiled &) = delete;
    NotCompiled &operator=(const NotCompiled &) = delete;

private:
    bool before_;
};

std::string latest;

RawRows run(const std::string &sql, const std::vector<Value> &parameters, bool read_only, bool keep,
            MemoryContext memory) {
    latest = sql;
    const NotCompiled plainly;
    std::vector<const char *> values;
    for (const Value &value : parameters) values.push_back(value ? value->c_str() : nullptr);
    // A text that comes with parameters is ours, and comes again.
    SPIPlanPtr plan = values.empty() ? KeptPlans::find(sql) : read_only ? plan_for(sql, values.size()) : nullptr;
    const KeptPlans::Running running;
    const Request request{sql.c_str(), (int)values.size(), values.data(), read_only, keep, memory, plan};
    return call(static_cast<RawRows (*)(const Request *)>(run), &request);
}

} // namespace

const std::string &Rows::text(size_t row, size_t column) const {
    static const std::string nothing;
    const Value &value = rows_.at(row).at(column);
    return value ? *value : nothing;
}

Oid Rows::oid(size_t row, size_t column) const {
    const std::string &text_value = text(row, column);
    return text_value.empty() ? InvalidOid : (Oid)std::stoul(text_value);
}

long Rows::number(size_t row, size_t column) const {
    const std::string &text_value = text(row, column);
    return text_value.empty() ? 0 : std::stol(text_value);
}

std::vector<std::string> Rows::list(size_t row, size_t column) const {
    std::vector<std::string> elements;
    const std::string &source = text(row, column);
    std::string element;
    bool quoted = false, inside = false;
    for (size_t i = 1; i + 1 < source.size() || (i < source.size() && inside); i++) {
        const char c = source[i];
        if (c == '\\' && i + 1 < source.size()) {
            element += source[++i];
        } else if (c == '"') {
            inside = !inside;
            quoted = true;
        } else if (c == ',' && !inside) {
            elements.push_back(element);
            element.clear();
            quoted = false;
        } else {
            element += c;
        }
    }
    if (quoted || !element.empty()) elements.push_back(element);
    return elements;
}

Rows query(const std::string &sql, const std::vector<Value> &parameters, bool read_only) {
    const Context context;
    const RawRows raw = run(sql, parameters, read_only, true, context.get());
    Rows result;
    if (raw.values == nullptr) return result;
    result.rows_.reserve((size_t)raw.processed);
    for (long row = 0; row < raw.processed; row++) {
        std::vector<Value> values;
        values.reserve((size_t)raw.columns);
        for (int column = 0; column < raw.columns; column++) {
            const char *text = raw.values[row * raw.columns + column];
            values.push_back(text != nullptr ? Value(text) : Value());
        }
        result.rows_.push_back(std::move(values));
    }
    return result;
}

long execute(const std::string &sql, const std::vector<Value> &parameters) {
    return run(sql, parameters, false, false, nullptr).processed;
}

const std::string &latest_statement() {
    return latest;
}

std::string quote_literal(const std::string &text) {
    std::string quoted = text.find('\\') == std::string::npos ? "'" : " E'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') quoted += c;
        quoted += c;
    }
    return quoted + "'";
}

std::string quote_identifier(const std::string &name) {
    return call(::quote_identifier, name.c_str());
}

std::string array_literal(const std::vector<std::string> &values) {
    std::string literal = "{";
    for (const std::string &value : values) {
        if (literal.size() > 1) literal += ',';
        literal += '"';
        for (const char c : value) {
            if (c == '"' || c == '\\') literal += '\\';
            literal += c;
        }
        literal += '"';
    }
    return literal + "}";
}

} // namespace rlsproof::server
