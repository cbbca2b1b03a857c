#include "model/name_words.hpp"

#include "server/appointed.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/identity.hpp"
#include "server/personas.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"
#include "server/trigger_effects.hpp"

namespace rlsproof::server {

namespace {

class Appointments {
public:
    Appointments(const Stage &stage, const Persona &persona) : stage_(stage), persona_(persona) {}

    bool is_one(const Row &row) {
        const TableShape *table = stage_.tables().of(row.table);
        return row.made && table != nullptr && lists_people(*table) && !may_enter(*table, row) &&
               !is_its_own(*table, row);
    }

    static std::string place(const Row &row) {
        return fmt::format("ctid = '{}' and tableoid = {}", row.tid, row.stored_in);
    }

private:
    // Whether a row says no more than who it is about: it belongs to nothing, and nothing belongs to it. What refers to
    // admins and the like is what they did, and not what people have.
    bool lists_people(const TableShape &table) const {
        const auto about_people = [&](const ForeignKey &key) {
            const TableShape *parent = stage_.tables().of(key.parent);
            return (parent != nullptr && stage_.is_account(*parent)) ||
                   std::all_of(key.columns.begin(), key.columns.end(), [&](int column) {
                       return stage_.hints().identity.contains({table.id, column});
                   });
        };
        return std::all_of(table.foreign_keys.begin(), table.foreign_keys.end(), about_people) &&
               (says_over_others(table.name.substr(table.name.rfind('.') + 1)) ||
                std::none_of(stage_.tables().shapes.begin(), stage_.tables().shapes.end(), [&](const auto &other) {
                    return std::any_of(other.second.foreign_keys.begin(), other.second.foreign_keys.end(),
                                       [&](const ForeignKey &key) { return key.parent == table.id; });
                }));
    }

    // Tried with the row gone: whoever is on the list may well put others there.
    bool may_enter(const TableShape &table, const Row &row) const {
        long entered = 0;
        bool drawn = false; // not tried, and so not known to be shut
        (void)attempt(Finish::rollback, [&] {
            (void)execute(fmt::format("delete from {} where {}", table.name, place(row)));
            assume(identity_of(persona_));
            const Values given = insertable(table.id, row.values);
            drawn = draws_a_number(table.id, given);
            if (!drawn) entered = in_time([&] { return execute(Maker::insert_statement(table, given)); });
        });
        return drawn || entered > 0;
    }

    // A profile is changed by whom it is about, and by nobody else who is like that.
    bool is_its_own(const TableShape &table, const Row &row) const {
        long mine = 0, all = 0;
        (void)attempt(Finish::rollback, [&] {
            assume(identity_of(persona_));
            for (const ColumnShape &column : table.columns) {
                if (mine > 0 || column.generated || !may_update(table.id, column.number)) continue;
                const std::string update = fmt::format("update {0} set {1} = {1} where", table.name, column.name);
                mine = in_time([&] { return execute(fmt::format("{} {}", update, place(row))); });
                if (mine > 0) all = in_time([&] { return execute(update + " true"); });
            }
        });
        return mine > 0 && all <= mine;
    }

    const Stage &stage_;
    const Persona &persona_;
};

} // namespace

std::string not_tried(const TableShape &list) {
    return "unknown:appointed:" + list.name;
}

void strike_off(const Stage &stage, Bodies &bodies, const Persona &persona, std::vector<Row> &own,
                std::vector<Finding> &findings) {
    Appointments appointments(stage, persona);
    TriggerEffects effects(bodies);
    std::erase_if(own, [&](const Row &row) {
        if (!appointments.is_one(row)) return false;
        const TableShape &list = *stage.tables().of(row.table);
        if (execute(fmt::format("delete from {} where {}", list.name, Appointments::place(row))) == 0) return false;
        if (!stage.decides(list)) return true;
        Finding finding;
        finding.rule = "unknown";
        finding.level = Level::note;
        finding.category = Category::hygiene;
        finding.object = list.name;
        const std::vector<std::string> filled = effects.that_fill(list.id);
        finding.message = fmt::format("what a row in {} opens was not tried: {} puts {} there", list.name,
                                      filled.empty() ? "nothing" : "nothing that it was seen to write", persona.name);
        finding.detail = fmt::format(
            "No trigger puts people into it when they sign up, no policy lets them do it, and nothing that "
            "people have hangs on it: it was taken for a list of those who were appointed.{}",
            filled.empty() ? ""
                           : fmt::format(" What puts rows into it on other occasions: {}.", fmt::join(filled, ", ")));
        finding.hint = "Where signing up does give such a row, past the database, declare a persona who has one.";
        finding.evidence = "none";
        finding.key = not_tried(list);
        const auto same = [&](const Finding &other) { return other.key == finding.key; };
        if (std::none_of(findings.begin(), findings.end(), same)) findings.push_back(std::move(finding));
        return true;
    });
}

} // namespace rlsproof::server
