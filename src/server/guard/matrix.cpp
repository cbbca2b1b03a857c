// Several personas may share a role and differ in their claims, which a running session does not prove. So a statement
// is only spoken against where no persona of its role may do it.
#include "model/expectation.hpp"

#include "server/guard/matrix.hpp"

#include <array>
#include <map>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/guard/exempt.hpp"
#include "server/guard/stored.hpp"

namespace rlsproof::server::guard {

namespace {

Stored &personas() {
    static const char *const columns[] = {"name", "role", nullptr};
    static Stored stored("personas", columns);
    return stored;
}

Stored &expectations() {
    static const char *const columns[] = {"persona", "object", "command", "access", nullptr};
    static Stored stored("expectations", columns);
    return stored;
}

constexpr std::array<std::pair<AclMode, Command>, 4> kUses = {{{ACL_SELECT, Command::select},
                                                               {ACL_INSERT, Command::insert},
                                                               {ACL_UPDATE, Command::update},
                                                               {ACL_DELETE, Command::remove}}};

// Whether every persona that declares anything for the table is denied the command, and one does so by word. The
// default, which denies what nobody declared, is for audits: here silence is no statement.
bool denied(const std::vector<std::string> &names, const std::vector<Expectation> &all, const std::string &table,
            Command command) {
    bool any = false;
    for (const std::string &name : names) {
        const Expectation *const said = expectation_for(all, name, table, command);
        if (said == nullptr || said->access != "none") return false;
        any = true;
    }
    return any;
}

// What was said before, for as long as nothing changed: this is asked for every statement.
struct Answer {
    uint64 changes = 0;
    Oid role = InvalidOid;
    Oid table = InvalidOid;
    AclMode used = 0;
    char *note = nullptr;
};

// As of when nothing is declared at all; most databases that are guarded have no matrix.
uint64 nothing_declared = 0;

const char *look_up(Oid role, Oid table, AclMode used) {
    return enter([&]() -> const char * {
        const uint64 now = changes();
        if (expectations().rows().empty()) {
            nothing_declared = now;
            return nullptr;
        }
        const char *const role_name = call(GetUserNameFromId, role, true);
        std::vector<std::string> names;
        for (const auto &row : personas().rows())
            if (role_name != nullptr && row[1] == role_name) names.push_back(row[0].value_or(""));
        if (names.empty()) return nullptr;
        std::vector<Expectation> all;
        for (const auto &row : expectations().rows())
            all.push_back({row[0].value_or(""), row[1].value_or(""), row[2].value_or(""), row[3].value_or("")});
        const std::string name_of_table = call(table_name, table);
        for (const auto &[mode, command] : kUses)
            if ((used & mode) != 0 && denied(names, all, name_of_table, command))
                return call(pstrdup, fmt::format("The matrix declares {} of {} as none for {}.", name(command),
                                                 name_of_table, fmt::join(names, ", "))
                                         .c_str());
        return nullptr;
    });
}

[[gnu::noinline]] const char *remembered(Oid role, Oid table, AclMode used, uint64 now) {
    static Answer answers[256];
    Answer *const answer = &answers[(table * 31 + role * 7 + used) % 256];
    if (answer->changes == now && answer->role == role && answer->table == table && answer->used == used)
        return answer->note;
    const char *const note = look_up(role, table, used);
    if (answer->note != nullptr) pfree(answer->note);
    *answer = {now, role, table, used, note != nullptr ? MemoryContextStrdup(TopMemoryContext, note) : nullptr};
    return answer->note;
}

} // namespace

const char *declared_none(Oid role, Oid table, AclMode used) {
    const uint64 now = changes();
    return now == nothing_declared ? nullptr : remembered(role, table, used, now);
}

} // namespace rlsproof::server::guard
