// The stage a probe plays on: rows of other people in every table, made where there are none, and rows of our own for
// those who have signed up. Everything stands in a subtransaction that is rolled back.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/hints.hpp"
#include "server/rows.hpp"
#include "server/tables.hpp"

namespace rlsproof::server {

// Whether each person may have only one row in the table: an account, a profile.
bool one_each(const TableShape &table, const Hints &hints);

class Stage {
public:
    Stage(const Tables &tables, const Hints &hints) : tables_(tables), hints_(hints), maker_(tables) {
        for (const auto &[table, deciders] : hints.decided_by) deciding_.insert(deciders.begin(), deciders.end());
    }

    // Puts rows of strangers into every table: what is there already, and one made row for each thing a policy asks
    // about. REQUIRES: a subtransaction; triggers and foreign keys are off where the caller may switch them off.
    void set_up(const std::vector<Oid> &wanted);

    // Reads the buckets alone: which cells there are does not depend on whether anything is executed.
    void divide(const std::vector<Oid> &wanted);

    // Whether the triggers of a table may be woken for a new account: where nothing is asked, they may.
    void ask_before_waking(std::function<bool(const TableShape &)> may_wake) { may_wake_ = std::move(may_wake); }

    // Puts in what signing up gives: the account, its profile, a tenant of its own with a membership. With `everywhere`
    // a row of its own in every table that knows whose a row is. REQUIRES: a subtransaction of its own around it.
    std::vector<Row> sign_up(const std::string &uid, bool everywhere);

    // The account alone, as the platform makes it, with what the application does then. False where there is none to
    // make.
    bool make_account(const std::string &uid);

    // One more row of its own, beside those: as signing up would put it in, had it a reason to. REQUIRES: as sign_up().
    std::optional<Row> another_own(const TableShape &table, const std::string &uid, const std::vector<Row> &own);

    // Rows of other people in a table; why there are none.
    const std::vector<Row> &rows(Oid table) const;
    const std::string &why_none(Oid table) const;

    // Values for rows that do not exist yet, like these and with keys of their own.
    std::vector<Values> candidates(Oid table, const std::vector<const Row *> &like);
    // What policies and their helpers ask of a row of the table other than the one at hand, each taken together:
    // columns that open something when they are written at once.
    std::vector<Values> asked_together(const TableShape &table) const;
    // The same row as if it belonged to what these rows belong to: a studio that one is a member of.
    Values among_own(const TableShape &table, Values values, const std::vector<Row> &own) const;
    // The same row as if it belonged to `uid`.
    Values owned_by(const TableShape &table, Values values, const std::string &uid) const;

    // The same for every way in which it could: all who are named in it, and each of them alone.
    std::vector<Values> owned_each(const TableShape &table, const Values &values, const std::string &uid) const;

    // The same, and the ways in which whoever has these rows of its own is named by the key of its account.
    std::vector<Values> owned_each(const TableShape &table, const Values &values, const std::string &uid,
                                   const std::vector<Row> &own) const;

    // Whether a row of the table may name people: by themselves, or by the keys of their accounts.
    bool names_people(const TableShape &table) const;

    // Whether rows of the table name nobody but whoever looks after them, and hang on nothing: what somebody says in a
    // form that anybody may fill in. A visitor, who is not known yet, names himself by an address.
    bool is_form(const TableShape &table, bool of_visitors) const;

    // Whether rows of the table hang on rows of another one that belong to somebody.
    bool hangs_on_people(const TableShape &table) const;

    // Whether a table says who somebody is, and not what people belong to.
    bool is_account(const TableShape &table) const;

    // The parts of a table that are objects of their own: the buckets that storage.objects keeps files of.
    const std::vector<Part> &parts(Oid table) const;

    // Whether a policy shows rows by what they have to do with the caller, and somebody meant nobody else to read them:
    // the policy is for reading alone, or the rows are about people. A shop's goods are changed by its own and for all
    // to see.
    bool told_apart(const TableShape &table) const;
    // Whether rows of a table belong to somebody: they name a person or a tenant, or hang on rows that do.
    // Without `typed`, who typed a row in is not whose it is, as long as it decides nothing: a catalogue with
    // created_by is nobody's. Where a table holds what is private by its name, or what somebody wrote, it counts all
    // the same.
    bool personal(const TableShape &table, bool typed = true) const;

    // Whether policies read the table, to decide about others or about itself.
    bool decides(const TableShape &table) const { return deciding_.contains(table.id); }

    const Tables &tables() const { return tables_; }
    const Hints &hints() const { return hints_; }
    bool triggers_off() const { return triggers_off_; }
    // Tables whose rows whoever set the stage may not read.
    size_t unread() const { return unread_; }

private:
    bool only_typed(const TableShape &table, int column) const;
    std::vector<Part> read_parts(Oid table) const;
    std::vector<const ForeignKey *> account_keys(const TableShape &table) const;
    static const ColumnShape *part_column(const TableShape &table);
    std::vector<std::string> plain_names(const Column &column) const;
    std::vector<Values> files(const TableShape &table) const;
    std::vector<Values> variants(const TableShape &table) const;
    Candidate not_asked(const TableShape &table, const ColumnShape &column) const;
    Values linked(const TableShape &table, const Values &wanted, size_t turn, bool spread) const;
    void make(const TableShape &table);
    void find(const TableShape &table);
    static void read_values(const TableShape &table, Row &row);
    std::optional<Row> account_row(const TableShape &table, const std::string &uid, const std::map<Oid, Row> &own);
    std::optional<Row> own_row(const TableShape &table, const std::string &uid, const std::map<Oid, Row> &own);
    std::string identity_text(const ColumnShape &column, const std::string &uid) const;

    const Tables &tables_;
    const Hints &hints_;
    Maker maker_;
    std::set<Oid> deciding_; // tables that policies read, to decide about others
    std::map<Oid, std::vector<Row>> rows_;
    std::map<Oid, std::vector<Part>> parts_;
    std::map<Oid, std::string> why_none_;
    std::function<bool(const TableShape &)> may_wake_;
    bool triggers_off_ = false;
    size_t unread_ = 0;
};

} // namespace rlsproof::server
