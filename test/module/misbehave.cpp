#include "misbehave.hpp"

#include <stdexcept>

extern "C" {
#include "utils/guc.h"
}

namespace rlsproof::test {

using server::call;
using server::contained;
using server::enter;

int Tracked::live = 0;
int contained_errors = 0;

namespace {

char *fail_at = nullptr;
char *how_to_fail = nullptr;
char *checked = nullptr;
bool armed = false;

void assign_fail_at(const char *value, void *) {
    armed = value != nullptr && *value != '\0';
}

bool check_value(char **value, void **, GucSource) {
    const char *const wanted = *value;
    return enter([&] {
        const Tracked tracked;
        if (wanted != nullptr && std::string(wanted).starts_with("raise ")) misbehave(wanted + 6);
        return true;
    });
}

void assign_value(const char *value, void *) {
    const bool calm = contained([&] {
        const Tracked tracked;
        if (value != nullptr && std::string(value) == "assign") misbehave("own");
    });
    contained_errors += !calm;
}

void raise_names() {
    ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION), errmsg("row breaks a rule"), errdetail("Failing row is (1)."),
                    errhint("Change the row."), err_generic_string(PG_DIAG_SCHEMA_NAME, "one"),
                    err_generic_string(PG_DIAG_TABLE_NAME, "two"), err_generic_string(PG_DIAG_COLUMN_NAME, "three"),
                    err_generic_string(PG_DIAG_DATATYPE_NAME, "four"),
                    err_generic_string(PG_DIAG_CONSTRAINT_NAME, "five"), errposition(3)));
}

} // namespace

void fail_in_server() {
    ereport(ERROR, (errcode(ERRCODE_DIVISION_BY_ZERO), errmsg("from the server"), errdetail("Its detail."),
                    errhint("Its hint.")));
}

void misbehave(const std::string &how) {
    const Tracked tracked;
    if (how == "server") call(fail_in_server);
    if (how == "names") call(raise_names);
    if (how == "own") throw Error(Code::permission, "from the core", "The core's hint.", "The core's detail.");
    if (how == "memory") {
        std::string text;
        text.resize(size_t{1} << 60);
    }
    if (how == "exception") throw std::runtime_error("from a library");
    if (how == "odd") throw 42;
    if (how != "nothing") throw Error(Code::invalid_input, "no such way to fail: \"" + how + "\"");
}

void pass(const char *place) {
    if (!armed || fail_at == nullptr || strcmp(fail_at, place) != 0) return;
    armed = false;
    const Tracked tracked;
    misbehave(how_to_fail);
}

void pass_quietly(const char *place) noexcept {
    contained_errors += !contained([&] { pass(place); });
}

void define_settings() {
    DefineCustomStringVariable("test.fail_at", "Where to fail, once.", nullptr, &fail_at, "", PGC_USERSET, 0, nullptr,
                               assign_fail_at, nullptr);
    DefineCustomStringVariable("test.how", "How to fail.", nullptr, &how_to_fail, "server", PGC_USERSET, 0, nullptr,
                               nullptr, nullptr);
    DefineCustomStringVariable("test.value", "Fails while it is checked.", nullptr, &checked, "", PGC_USERSET, 0,
                               check_value, assign_value, nullptr);
}

} // namespace rlsproof::test
