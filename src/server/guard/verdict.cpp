// What is said of what was found. Only statements that break a rule come here, so here may be taken time and memory.
#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "server/guard/advice.hpp"
#include "server/guard/event.hpp"
#include "server/guard/exempt.hpp"
#include "server/guard/inspect.hpp"
#include "server/guard/pardons.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/shared_text.hpp"
#include "server/guard/statement.hpp"
#include "server/guard/stricter.hpp"
#include "server/shape.hpp"

extern "C" {
#include "access/xact.h"
#include "commands/dbcommands.h"
#include "utils/elog.h"
#include "utils/json.h"
#include "utils/timestamp.h"
}

namespace rlsproof::server::guard {

namespace {

// What one violation comes to: plain values, for the frame that raises.
struct Sentence {
    Mode mode = Mode::off;
    const char *sqlstate = nullptr;
    const char *message = nullptr;
    const char *detail = nullptr;
    const char *hint = nullptr;
    const char *line = nullptr; // of the log, as JSON
};

char *keep(const std::string &text) {
    return call(pstrdup, text.c_str());
}

std::string number(double value) {
    return fmt::format("{:.0f}", value);
}

std::string message_of(const Violation &found, const std::string &table) {
    switch (found.rule) {
    case Rule::matrix_access: return fmt::format("the declared matrix denies this access to {}", table);
    case Rule::rls_bypass: return fmt::format("the policies of {} do not bind this role", table);
    case Rule::write_without_where: return fmt::format("all rows of {} are changed", table);
    case Rule::copy_out: return fmt::format("COPY takes {} out of the database", table.empty() ? "a query" : table);
    case Rule::cartesian_join: return "every row of one table is joined with every row of another";
    case Rule::full_scan: return fmt::format("all of {} is read", table);
    case Rule::scan_rows: return fmt::format("too many rows of {} are expected to be read", table);
    case Rule::rows_read: return "the statement read too many rows";
    case Rule::no_limit: return "a query without LIMIT is expected to return too many rows";
    case Rule::deep_offset: return "OFFSET skips too many rows";
    case Rule::result_rows: return "the statement returns too many rows";
    case Rule::n_plus_one: return "candidate for N+1: the same query again and again, for one row each";
    case Rule::repeated_query: return "the same query is sent again and again with the same values";
    case Rule::transaction_rows_read: return "the transaction read too many rows";
    case Rule::transaction_rows_written: return "the transaction wrote too many rows";
    case Rule::tenant_mismatch:
        if (found.unseen) break;
        return found.counted ? fmt::format("rows of {} are read that are not the session's tenant's", table)
                             : fmt::format("rows of {} are asked for that are not the session's tenant's", table);
    case Rule::tenant_mixed:
        if (found.unseen) break;
        return fmt::format("rows of {} tenants of {} are read", number(found.measured), table);
    case Rule::tenant_write:
        if (found.unseen) return fmt::format("whose rows of {} are written cannot be seen", table);
        if (!found.counted) return fmt::format("the rows of every tenant are taken out of {}", table);
        return fmt::format("rows of {} are written that are not the session's tenant's", table);
    case Rule::tenant_unpinned: return fmt::format("{} is read without its tenant", table);
    case Rule::tenant_unset: return fmt::format("{} is touched while the session has no tenant", table);
    case Rule::read_only: return "the statement does more than read";
    case Rule::unlisted_command: return "the command may not be sent by this role";
    case Rule::unlisted_function: return "the statement calls a function that this role may not call";
    case Rule::catalog_read: return fmt::format("{} may not be read by this role", table);
    case Rule::tenant_repointed:
        return table.empty() ? "what the session knows its tenant by is changed"
                             : fmt::format("{} is touched after the session's tenant has changed", table);
    }
    return fmt::format("whose rows of {} are read cannot be seen", table);
}

const char *unit_of(Rule rule) {
    switch (rule) {
    case Rule::n_plus_one:
    case Rule::repeated_query: return "statements";
    case Rule::tenant_mixed: return "tenants";
    default: return "rows";
    }
}

std::string detail_of(const Violation &found, const std::string &table) {
    std::string detail = fmt::format("Rule {}", info(found.rule).name);
    if (!table.empty()) detail += fmt::format(", table {}", table);
    // How large a table is believed to be is no part of a verdict that does not rest on it.
    if (found.measured > 0 && found.rule != Rule::full_scan)
        detail += fmt::format(", {} {} {}", number(found.measured), unit_of(found.rule),
                              found.rule == Rule::deep_offset ? "skipped"
                              : found.counted                 ? "counted"
                                                              : "expected");
    if (found.allowed > 0) detail += fmt::format(", {} allowed", number(found.allowed));
    detail += ".";
    if (found.note != nullptr) detail += fmt::format(" {}", found.note);
    // A hash is for whoever reads logs.
    if (found.tenants != nullptr && show_tenants) detail += fmt::format(" Tenants: {}.", found.tenants);
    // Told as a shape: the other query's values are nobody's business.
    if (found.after != nullptr)
        detail += fmt::format(" It follows: {}.", shape_of(found.after, strlen(found.after)).text);
    return detail;
}

std::string quoted(const std::string &text) {
    StringInfoData buffer;
    call(initStringInfo, &buffer);
    call(escape_json, &buffer, text.c_str());
    std::string result = buffer.data;
    pfree(buffer.data);
    return result;
}

// Of a normal form in a line of the log: a list of ten thousand values has as many parameters.
constexpr int kLogged = 4096;

std::string shortened(const std::string &text) {
    if (text.size() < kLogged) return text;
    char room[kLogged];
    put_text(room, kLogged, text.c_str(), static_cast<int>(text.size()), GetDatabaseEncoding());
    return room;
}

std::string line_of(const Violation &found, const Sentence &sentence, const std::string &table, const Shape &shape,
                    const Tags &tags, long held) {
    const auto text = [](const char *key, const std::string &value) {
        return value.empty() ? std::string() : fmt::format(",\"{}\":{}", key, quoted(value));
    };
    std::string line = fmt::format("{{\"rlsproof\":\"guard\",\"rule\":\"{}\",\"mode\":\"{}\",\"sqlstate\":\"{}\"",
                                   info(found.rule).name, name(sentence.mode), sentence.sqlstate);
    line += text("message", sentence.message);
    line += text("table", table);
    if (found.measured > 0)
        line += fmt::format(",\"{}\":{}", found.counted ? "counted" : "expected", number(found.measured));
    if (found.allowed > 0) line += fmt::format(",\"allowed\":{}", number(found.allowed));
    if (found.tenants != nullptr) line += fmt::format(",\"tenants\":[{}]", found.tenants);
    line += text("hint", sentence.hint != nullptr ? shortened(sentence.hint) : "");
    line += fmt::format(",\"fingerprint\":\"{:016x}\"", shape.fingerprint);
    line += text("query", shortened(shape.text));
    const char *const role = call(GetUserNameFromId, GetUserId(), true);
    line += text("role", role != nullptr ? role : "");
    const char *const database = call(get_database_name, MyDatabaseId);
    line += text("database", database != nullptr ? database : "");
    line += text("application", tags.application) + text("route", tags.route) + text("action", tags.action) +
            text("release", tags.release);
    if (held > 0) line += fmt::format(",\"suppressed\":{}", held);
    return line + "}";
}

// A session tells of one shape and rule once in an interval. Slots are shared by chance, which tells more, not less.
struct Told {
    uint64_t key = 0;
    TimestampTz at = 0;
    long held = 0;
};

bool may_tell(uint64_t key, long *held) {
    static Told slots[256];
    if (limits.report_interval == 0) return true;
    Told &told = slots[key % 256];
    const TimestampTz now = GetCurrentStatementStartTimestamp();
    if (told.key == key && now < told.at + limits.report_interval * USECS_PER_SEC) {
        ++told.held;
        return false;
    }
    *held = told.key == key ? told.held : 0;
    told = {key, now, 0};
    return true;
}

Sentence judged(const Violation &found, const Source &source, const Tags &tags, bool may_refuse) {
    Sentence sentence;
    Mode mode = stricter_mode(found.rule, mode_of(found.rule), tags);
    if (mode == Mode::off || (OidIsValid(found.relation) && call(ours, found.relation))) return sentence;
    if (mode == Mode::error && !may_refuse) mode = Mode::warn;

    const auto [start, length] = part_of(source);
    // A copy: the texts of other statements may be read in between.
    const Shape shape = shape_of(start, length);
    const std::string table = OidIsValid(found.relation) ? call(table_name, found.relation) : "";

    Event event{found.rule,
                mode,
                Fate::reported,
                shape.fingerprint,
                shape.text.c_str(),
                found.relation,
                found.measured > 0 ? found.measured : -1,
                tags};
    long held = 0;
    switch (pardon_for(found.rule, found.relation, shape.fingerprint)) {
    case Pardon::baseline: event.fate = Fate::known; break;
    case Pardon::waiver: event.fate = Fate::waived; break;
    case Pardon::none:
        if (mode != Mode::error && !may_tell(shape.fingerprint * 31 + static_cast<uint64_t>(found.rule) + 1, &held))
            event.fate = Fate::held;
    }
    call(record, event);
    if (event.fate != Fate::reported) return sentence;

    sentence.mode = mode;
    sentence.sqlstate = info(found.rule).sqlstate;
    sentence.message = keep(message_of(found, table));
    const std::string more = held > 0 ? fmt::format(" Suppressed {} of this kind before.", held) : "";
    sentence.detail = keep(detail_of(found, table) + more);
    const std::string hint = advice(found, source, shape);
    if (!hint.empty()) sentence.hint = keep(hint);
    if (mode == Mode::log) sentence.line = keep(line_of(found, sentence, table, shape, tags, held));
    return sentence;
}

void say(const Sentence &sentence) {
    if (sentence.mode == Mode::log) {
        ereport(LOG_SERVER_ONLY, (errmsg_internal("%s", sentence.line), errhidestmt(true), errhidecontext(true)));
        return;
    }
    ereport(sentence.mode == Mode::error ? ERROR : WARNING,
            (errcode(MAKE_SQLSTATE(sentence.sqlstate[0], sentence.sqlstate[1], sentence.sqlstate[2],
                                   sentence.sqlstate[3], sentence.sqlstate[4])),
             errmsg_internal("%s", sentence.message), errdetail_internal("%s", sentence.detail),
             sentence.hint != nullptr ? errhint("%s", sentence.hint) : 0));
}

} // namespace

std::vector<Remark> remarks_on(const Violations &found, const Source &source) {
    std::vector<Remark> remarks;
    const Tags tags = tags_of(source.text);
    const auto [start, length] = part_of(source);
    const Shape shape = shape_of(start, length);
    for (int i = 0; i < found.count; ++i) {
        const Violation &violation = found.list[i];
        if (OidIsValid(violation.relation) && call(ours, violation.relation)) continue;
        const std::string table = OidIsValid(violation.relation) ? call(table_name, violation.relation) : "";
        remarks.push_back({violation.rule, stricter_mode(violation.rule, mode_of(violation.rule), tags),
                           message_of(violation, table), detail_of(violation, table),
                           advice(violation, source, shape)});
    }
    return remarks;
}

bool pardoned(Rule rule, const Source &source) {
    if (!pardons_exist(rule)) return false;
    return enter([&] {
        const auto [start, length] = part_of(source);
        return pardon_for(rule, InvalidOid, shape_of(start, length).fingerprint) != Pardon::none;
    });
}

bool waived(Rule rule, Oid relation) {
    return pardons_exist(rule) && enter([&] { return pardon_for(rule, relation, 0) == Pardon::waiver; });
}

void tell(const Violations &found, const Source &source, bool may_refuse) {
    if (found.count == 0) return;
    Sentence sentences[Violations::kMost];
    enter([&] {
        const Tags tags = tags_of(source.text);
        for (int i = 0; i < found.count; ++i) sentences[i] = judged(found.list[i], source, tags, may_refuse);
    });
    // Whoever is refused hears of the rest first.
    for (int i = 0; i < found.count; ++i)
        if (sentences[i].mode != Mode::off && sentences[i].mode != Mode::error) say(sentences[i]);
    for (int i = 0; i < found.count; ++i)
        if (sentences[i].mode == Mode::error) say(sentences[i]);
}

} // namespace rlsproof::server::guard
