#include "server/acting.hpp"

#include "server/column_rights.hpp"
#include "server/identity.hpp"
#include "server/personas.hpp"
#include "server/time_limit.hpp"

namespace rlsproof::server {

// What it runs may be stopped; the attempt around act() makes an outcome of that.
bool Acting::there(const std::string &where) const {
    const AsUser past(user_, security_);
    const std::string sql = fmt::format("select 1 from {} where {}", cell_.relation->name, where);
    return !in_time([&] { return query(sql, {}, false); }).empty();
}

// Past all policies, with the persona's settings.
bool Acting::in_scope(const std::string &where) {
    if (cell_.expected == "all") return true;
    if (cell_.expected == "none") return false;
    scoping_ = true;
    const bool inside = there(fmt::format("({}) and ({})", where, cell_.scope));
    scoping_ = false;
    return inside;
}

bool Acting::as_persona(const std::string &statement, long *count) {
    result_.statement = statement;
    outcome_ = attempt(Finish::commit, [&] { *count = in_time([&] { return execute(statement); }); });
    return outcome_.ok;
}

Values Acting::writable(const Relation &relation, const Values &values, const char *privilege) const {
    Values result;
    for (const int column : column_rights(made_.schema.catalog(), relation.id, privilege).given)
        if (const auto value = values.find(column); value != values.end()) result.insert(*value);
    return result;
}

Replayed Acting::acted(const std::set<std::string> &unset_as_empty, const std::function<bool()> &make_ready,
                       const std::function<bool()> &act) {
    const Outcome outcome = attempt(Finish::rollback, [&] {
        use_default_search_path();
        if (!state_.put_in()) {
            (void)no(state_.why_not());
            return;
        }
        if (!make_ready()) return;
        const Outcome done = attempt(Finish::rollback, [&] {
            assume(identity_of(*cell_.persona));
            for (const std::string &name : unset_as_empty) set_locally(name, "");
            result_.confirmed = act();
        });
        if (!done.ok) {
            result_.confirmed = false;
            (void)no((scoping_ ? "the scope itself fails: " : "") + done.sqlstate + ": " + done.message);
        }
    });
    if (!outcome.ok) {
        result_.confirmed = false;
        (void)no(outcome.sqlstate + ": " + outcome.message);
    }
    if (result_.confirmed) result_.witness = state_.witness(*cell_.persona, unset_as_empty, result_.statement);
    return result_;
}

} // namespace rlsproof::server
