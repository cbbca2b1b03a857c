#include "base/finding.hpp"
#include "base/text.hpp"

#include "server/declaring.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/rewrite.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace rlsproof::server {

namespace {

struct Complaint {
    const char *sqlstate;
    const char *message;
    const char *detail;
    const char *hint;
    int position;
    const char *text; // that the position counts in
};

void complain_plainly(const Complaint *complaint) {
    const char *s = complaint->sqlstate;
    ereport(ERROR, (errcode(MAKE_SQLSTATE(s[0], s[1], s[2], s[3], s[4])), errmsg_internal("%s", complaint->message),
                    *complaint->detail != '\0' ? errdetail_internal("%s", complaint->detail) : 0,
                    *complaint->hint != '\0' ? errhint("%s", complaint->hint) : 0,
                    complaint->position > 0 ? internalerrposition(complaint->position) : 0,
                    complaint->position > 0 ? internalerrquery(complaint->text) : 0));
}

void warn_plainly(const char *message, const char *hint) {
    ereport(WARNING,
            (errcode(ERRCODE_WARNING), errmsg_internal("%s", message), *hint != '\0' ? errhint("%s", hint) : 0));
}

int characters(const std::string &text) {
    return pg_mbstrlen_with_len(text.c_str(), (int)text.size());
}

} // namespace

std::string required(const char *argument, const char *name) {
    if (argument == nullptr || text::trim(argument).empty())
        throw Error(Code::invalid_input,
                    fmt::format("{} must not be {}", name, argument == nullptr ? "null" : "empty"));
    return std::string(text::trim(argument));
}

std::string closed(std::string text) {
    if (text.find("--") != std::string::npos) text += '\n';
    return text;
}

void warn(const std::string &message, const std::string &hint) {
    call(warn_plainly, message.c_str(), hint.c_str());
}

void complain(const Outcome &outcome, const std::string &message, const std::string &hint, const std::string &text) {
    const Complaint complaint{outcome.sqlstate.c_str(), message.c_str(), outcome.detail.c_str(), hint.c_str(),
                              outcome.position,         text.c_str()};
    call(complain_plainly, &complaint);
    throw Error(Code::internal, message);
}

std::vector<std::string> names(const std::string &sql, const std::vector<Value> &parameters) {
    std::vector<std::string> found;
    const Rows rows = query(sql, parameters);
    for (size_t i = 0; i < rows.size(); i++) found.push_back(rows.text(i, 0));
    return found;
}

std::vector<std::string> columns_of(Oid relation) {
    return names(fmt::format("select attname from pg_catalog.pg_attribute where attrelid = {} and attnum > 0 and not "
                             "attisdropped order by attnum",
                             relation));
}

Outcome ask(const std::string &before, const std::string &text, const std::string &after) {
    Outcome outcome = attempt(Finish::rollback, [&] {
        use_default_search_path();
        rewrite(before + text + after);
    });
    if (outcome.sqlstate == "XX000") {
        outcome.sqlstate = "42601";
        outcome.message = "more than one statement";
    }
    if (outcome.position > 0)
        outcome.position = std::clamp(outcome.position - characters(before), 1, characters(text) + 1);
    return outcome;
}

Finding stale(const std::string &object, const std::string &message, const std::string &hint, const std::string &fix) {
    Finding finding;
    finding.rule = "stale_declaration";
    finding.level = Level::warning;
    finding.category = Category::hygiene;
    finding.object = object;
    finding.message = message;
    finding.hint = hint;
    finding.fix = fix;
    finding.evidence = "structural";
    finding.key = "stale_declaration:" + object + ":" + message;
    return finding;
}

} // namespace rlsproof::server
