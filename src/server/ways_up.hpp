// Two-step holes: one write of its own to a table that decides about others, and what becomes visible by it; or a call
// of a function that makes such a write with rights of its own, alone or of a row that the caller put in before.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/finding.hpp"
#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/awake.hpp"
#include "server/bystanders.hpp"
#include "server/call_arguments.hpp"
#include "server/stage.hpp"
#include "server/trigger_effects.hpp"
#include "server/way.hpp"

namespace rlsproof {
struct Thing;
}

namespace rlsproof::server {

class Calls;

class WaysUp {
public:
    // REQUIRES: the persona is assumed in the subtransaction around; `superuser` is who set the stage.
    WaysUp(const World &world, Bodies &bodies, Triggers &triggers, Stage &stage, const Persona &persona,
           const std::vector<Row> &own, Oid superuser, int security)
        : world_(world), bodies_(bodies), triggers_(triggers), stage_(stage), persona_(persona), own_(own),
          effects_(bodies), bystanders_(stage, own, superuser, security), user_(superuser), security_(security) {}

    // Adds a finding for each way up, and makes the cell of the write that opens it say so. With an object only the
    // ways that begin there.
    void look(const std::string &object, std::vector<Cell> &cells, std::vector<Finding> &findings);

    // What triggers do to rows of other people when it writes rows of its own: the cells of those writes, and findings
    // where they are asked for.
    void look_at_triggers(const std::string &object, std::vector<Cell> &cells, std::vector<Finding> *findings);

private:
    // At tables, for the ways up through one table: by changes of its own row there, by rows that it puts in, and by
    // what a role gives. None of the three lives off another's.
    static constexpr int kMostLooks = 4000;

    using Seen = std::set<std::pair<Oid, std::string>>;
    // A function that writes, with rights of its own, to tables that decide about others.
    struct Opener {
        const Function *function;
        std::set<Oid> read;     // tables that it looks at
        std::set<Oid> takes_in; // tables that it writes to
        std::set<Oid> written;  // tables that decide
        std::set<Oid> asked;    // tables that are shown by those
        Hearing hearing;        // the triggers that its writes wake
    };
    bool gave_up();
    const std::vector<std::string> &words();
    // What it reaches of other people's rows: those in sight and, of tables of which that was asked, those that it may
    // change.
    struct Sight {
        Seen rows, changed;
        std::set<Oid> weighed;
        void merge(const Sight &other);
    };
    Seen foreign_seen(const std::set<Oid> &tables);
    Seen changeable(const std::set<Oid> &tables);
    Sight in_sight(const std::set<Oid> &tables);
    // The tables that show more of other people's rows than before, of those that are asked.
    std::set<Oid> telling(const Seen &before, const std::set<Oid> &asked);
    std::vector<std::string> gained(const Sight &before, const std::set<Oid> &asked);
    void try_promotion(const Relation &relation);
    // The same of several columns at once: a role, and the team that it is held in.
    void try_promotion_together(const Relation &relation);
    void try_raising(const Relation &relation);
    struct Together {
        std::string statement, kept; // `kept` finds what it leaves
        std::vector<std::string> columns;
    };
    Together together(const TableShape &shape, const Values &values) const;
    std::vector<Values> may_set_together(const TableShape &shape) const;
    bool may_set(const TableShape &shape, int number) const;
    bool is_what_others_go_by(const Column &place) const;
    std::vector<std::string> matching(const Column &place) const;
    bool is_promoted(const Relation &relation) const;
    void try_joining(const Relation &relation);
    // How somebody who has a row already, in a table that holds one for each, can put in another: where it takes the
    // first away, or while it has not got it yet.
    struct Room {
        const Row *mine = nullptr; // that is in the way; nothing where there is room
        std::string gives_up;      // the statement that makes room; empty where the row was not put in yet
    };
    std::optional<Room> room_in(const Relation &relation);
    void make_room(const Room &room, const Relation &relation);
    // What a row that opens nothing by itself lets be written next.
    void try_chains(const Relation &relation);
    std::set<Oid> decided_apart(Oid first, Oid second);
    bool try_chain(const Relation &first, const Values &opening, const Relation &second,
                   const std::vector<Values> &seconds);
    // What it has of its own, and may found besides, and what such a one may write.
    struct Founded {
        std::vector<Row> rows; // that name it
        Sight seen;            // of others, before
        std::vector<std::string> statements;
        std::set<Oid> in; // tables that they put rows into
    };
    void try_after_founding(const std::string &object);
    void found(Founded &founded);
    void becomes_its_own(const Relation &relation, const std::vector<Row> &before, const std::vector<Row> &after);
    void found_by_trigger(const Relation &relation, const TableShape &shape, const std::set<Oid> &written);
    bool founds(const std::string &statement, const std::set<Oid> &written, Founded &founded);
    void try_linking(const Relation &relation, const Founded &founded, const Sight &before);
    // A row of its own that is made to name what is somebody else's.
    struct Pointed {
        const Relation &relation;
        int column;
        const ForeignKey *key; // that it belongs to; of a column that names people nothing
        Candidate other;
        std::string statement;
    };
    struct Pointer {
        int column;
        const ForeignKey *key;
        std::vector<Candidate> others;
    };
    std::vector<Pointer> pointers(const TableShape &shape) const;
    void try_pointing(const Relation &relation, const Founded &founded, const Sight &before);
    std::vector<std::string> pointing(const TableShape &shape, const Row &mine, int number, const Candidate &other);
    bool opens_by_pointing(const Pointed &pointed, const Founded &founded, const Sight &before);
    std::vector<Row> rows_naming_it(const TableShape &shape);
    // What functions show of what a row of its own points to.
    struct Reader {
        const Function *function; // or nothing
        const Relation *view;     // or nothing
        std::set<Oid> reads;
    };
    void find_readers();
    void know_people(const TableShape &accounts, std::set<std::string> &known) const;
    void try_reading(const Relation &relation);
    bool shows_by(const Relation &relation, const std::string &statement, const Reader &reader, Calls &calls);
    void find_openers();
    // Rows of its own that it can put in, and what an opener makes of them.
    void try_handing_in(const Relation &relation);
    bool hand_in(const Relation &relation, const Opener &opener, const std::string &statement);
    std::vector<Values> entries(const Relation &relation);
    // The statement that puts such a row in; empty where it would do what no rollback undoes.
    std::string entering(const Relation &relation, const Values &values);
    // Whoever is written to at an address is known by it.
    static std::string address_of(const Persona &persona);
    static bool has_addresses(const TableShape &shape);
    void readdress(const TableShape &shape, Values &values) const;
    // Whether rows may be put in at all, and policies say which.
    bool may_enter(const Relation &relation) const;
    Row just_put_in(const TableShape &shape);
    // Who is let in by a row that waits for an account, and the triggers of accounts that take it up.
    struct Invited {
        const TableShape *accounts;
        std::vector<std::string> triggers;
        std::set<Oid> written; // tables that decide
        std::set<Oid> asked;   // tables that are shown by those
        Persona person;
        std::string address;
        Values account;
    };
    void try_inviting(const Relation &relation);
    std::optional<Invited> invited_by(const Relation &relation);
    Seen seen_by(const Invited &invited);
    // What a row of its own gives once it names somebody else.
    struct Moved {
        const Relation &relation;
        std::string entry; // the statement that puts it in
        bool by_itself;    // or whoever else is in it
        std::string other;
        int column;
    };
    void try_moving(const Relation &relation);
    std::map<int, std::vector<std::string>> others_to_name(const TableShape &shape) const;
    bool put_in(const Moved &moved);
    bool opens_by_moving(const Moved &moved);
    bool opens_then(const Moved &moved, const std::string &changing, const std::string &calling, const Opener *opener,
                    const std::set<Oid> &asked);
    // Rows that say that somebody else has written them.
    void try_forging(const Relation &relation);
    // Somebody with rows of its own in every table that knows whose a row is.
    static const std::string kNeighbour;
    std::vector<Row> meet_the_neighbour();
    std::vector<std::string> ranks_of(const std::vector<Row> &theirs) const;
    void rise(const std::string &rank);
    static std::string these(const std::vector<std::pair<Oid, std::string>> &rows);
    std::string among_strangers(Oid table) const;
    void take_in(std::vector<Row> &theirs);
    std::optional<std::string> of_the_neighbour(const ForeignKey &key, std::vector<Row> &theirs);
    // Rows of its own that hang on what is somebody else's.
    struct Plantable {
        const Relation *relation;
        std::vector<const ForeignKey *> keys;
        std::vector<Cell *> cells;
        std::set<Oid> offered; // that rows elsewhere say everybody may get in touch with
    };
    struct Planting {
        const Plantable &plantable;
        const ForeignKey &key;
        const std::string &value;       // of a row that it may not read
        const std::vector<Row> &theirs; // whose that row is
        const std::vector<Row> &its;    // what the row hangs on besides
    };
    void try_planting(const std::string &object);
    std::vector<const ForeignKey *> hidden_parents(const TableShape &shape, bool partly);
    long shown(const std::string &rows);
    bool hide(const Planting &planting);
    bool is_hidden_with(const Planting &planting);
    bool is_offered(Oid parent, Oid but);
    void plant(const Plantable &plantable, std::vector<Row> theirs);
    void plant_by_calls(const std::string &object, const std::vector<Row> &theirs);
    void plant_by_calling(const Function &function, const Relation &relation, std::vector<Row> theirs, Cell &cell);
    bool plants_new(const Planting &planting, Cell &cell);
    bool plants_own(const Planting &planting, Cell &cell);
    struct Planted {
        std::string made, statement;
        std::string which;  // finds it
        std::string beside; // what it hangs on; or nothing
    };
    bool sends(const Relation &relation, const std::vector<Row> &theirs, Cell &cell);
    bool is_apart(const TableShape &shape, const Values &values);
    std::string named_in(const TableShape &shape, const std::string &uid) const;
    bool hangs_there(const Planting &planting, const Values &own, const std::string &made, const std::string &statement,
                     Cell &cell);
    bool is_link(const TableShape &shape) const;
    std::vector<Row> with_ends(const TableShape &shape, bool always);
    std::string ends_in(const Planting &planting, const Values &own) const;
    bool is_planted(const Relation &relation, const Planted &row, const Hearing &hearing);
    // Rows of its own by which somebody else sees less.
    struct Hidden {
        const TableShape *shape;
        std::string which; // finds what the neighbour sees of it, and the persona does not
        size_t rows;
    };
    void try_taking_away(const std::string &object, const Founded &founded);
    bool forget(const Relation &relation, const std::vector<Row> &theirs);
    void give_to_the_neighbour(const TableShape &shape, std::vector<Row> &theirs);
    Hidden hidden_from_it(const TableShape &shape, const std::vector<Row> &theirs);
    std::optional<size_t> still_seen(const Hidden &hidden);
    std::vector<Values> between(const TableShape &shape, const Values &made, const std::vector<Row> &its,
                                std::vector<Row> &theirs);
    void take_away(const Relation &relation, const Founded &founded, std::vector<Row> theirs, Cell &cell);
    bool takes_away(const Relation &relation, const Founded &founded, const std::vector<Hidden> &before,
                    const Values &values, Cell &cell);
    // What somebody else is to grant, or to decide, by the names of columns of rows of one's own.
    struct Granted {
        const ColumnShape *column;
        Candidate value;
        std::string statement;
    };
    // Of a thing of one's own: what it may be made to say that is for others to say, and what it says before.
    struct Step {
        const ColumnShape *column;
        Candidate value, before;
    };
    std::vector<Candidate> other_values(const TableShape &shape, const ColumnShape &column, const Candidate &held);
    void try_granting(const Relation &relation);
    // A second factor that it confirms itself.
    void try_second_factor(const Relation &relation);
    void enrol(const Relation &relation, std::vector<Row> &own);
    std::map<std::string, Row> withheld(const Relation &relation, std::vector<Row> &own);
    std::vector<std::string> seen_of(const std::map<std::string, Row> &things);
    std::vector<Values> confirmations(const Relation &relation, const std::string &session);
    long keeps(const Relation &relation, Command command, const ColumnShape &column, const Candidate &value,
               const std::string &statement);
    void grant_in_its_row(const Relation &relation, const Row &mine, std::vector<Granted> &granted);
    std::vector<Step> steps_of(const TableShape &shape, const Thing &thing);
    std::vector<std::string> people_in(const TableShape &shape) const;
    std::vector<Values> things_of_its_own(const TableShape &shape, int asker);
    Thing thing_of(const Relation &relation, const TableShape &shape);
    std::vector<Candidate> decisions(const Thing &thing, const TableShape &shape, const ColumnShape &column) const;
    bool is_open(const Relation &relation, Command command);
    void grant_by_changing(const Relation &relation, const Step &step, const std::vector<Values> &things,
                           std::vector<Granted> &granted);
    bool is_granted_by_policy(const Relation &relation, const Step &step) const;
    void grant_by_putting_in(const Relation &relation, const Step &step, const std::vector<Values> &things,
                             std::vector<Granted> &granted);
    void accuse_granted(const Relation &relation, const std::vector<Granted> &granted);
    bool forges(const Relation &relation, const ColumnShape &author, const Values &values, Cell &cell,
                bool of_two = false, bool opinion = false);
    bool forge(const Relation &relation, const ColumnShape &author, bool opinion, Cell &cell);
    // What whoever takes part in a talk may do to what the others have said in it.
    void try_in_talks(const Relation &relation);
    std::vector<std::string> ways_into(const TableShape &shape, const Row &message, const ColumnShape &author);
    bool rewrites(const Relation &relation, const ColumnShape &author, const Candidate &other, const ColumnShape &text,
                  Cell &cell);
    // What an opener gives to whoever names any row there is.
    void try_calling(const Opener &opener);
    // What a function puts in, and an opener takes up.
    struct TwoCalls {
        const Function &first;
        const Relation &relation; // that it puts a row into
        const Opener &opener;
        const std::string &statement; // that calls the first
    };
    void try_two_calls(const Function &function);
    std::vector<std::string> calls_that_put_in(const Function &function, const Relation &relation);
    bool opens_in_turn(const TwoCalls &calls);
    std::optional<std::string> call_in_turn(const TwoCalls &calls, size_t at);
    bool is_told(const TableShape &shape, const Row &row, const std::string &first, const std::string &answer,
                 const std::string &second);
    // Whether it is shown what it calls with, and whether that is a code: which of them whoever calls has to be told.
    bool is_shown(const Column &column, const std::string &value);
    bool are_shown(const Arguments &choice);
    bool is_told(const Arguments &choice);
    // The call as one makes it who knows what it is shown: without a code that was drawn at random and told to others.
    std::string call_with_known(const Function &function, const Arguments &choice);
    bool hold_a_code(const Arguments &choice) const;
    std::string names_of_words(const Arguments &choice) const;
    // What an opener gives to whoever says which tenant it is in.
    bool try_switching(const Opener &opener);
    bool switches(const Opener &opener, const Sight &before, const std::string &argument, const std::string &tenant);
    std::vector<std::string> tenants_for(const ColumnShape &written, const std::set<Oid> &asked) const;
    // What an opener gives to whoever is a plain member of somebody else's: a role in it.
    bool try_rising_by(const Opener &opener);
    bool try_rising_in(const Opener &opener, const TableShape &shape, const Row &mine);
    bool rises_by_call(const Opener &opener, const TableShape &shape, const Row &plain, bool there);
    void accuse_call(const Opener &opener, const std::string &call, const std::string &column, const std::string &word,
                     const Candidate &held);
    // A plain member among other people, and somebody else there who is no more: an account of its own, say.
    struct Accomplice {
        const ColumnShape *column; // of a role
        std::string held;          // that both of them have in it
        Row row;                   // of the other
        std::string which;         // finds it
        Persona person;
        std::map<Command, Seen> before; // what such a one reaches
        bool looked = false;
    };
    void among_strangers(const TableShape &shape, bool unasked, const std::function<bool(Accomplice &)> &look);
    bool place(const TableShape &shape, const Row &row, const Values &values);
    std::map<Command, Seen> reached_as(const Accomplice &other, const std::set<Oid> &asked);
    std::vector<std::string> raised(const Accomplice &other, const std::set<Oid> &asked);
    std::vector<std::string> opened_for(Accomplice &other, const TableShape &shape, bool there, const Hearing &hearing,
                                        const std::function<bool()> &act);
    static bool is_more(const Accomplice &other, const std::string &word);
    void accompanied(const TableShape &shape,
                     const std::function<void(const Row &mine, const Row &theirs, const Values &who)> &look);
    bool among_the_same(const TableShape &shape, const Row &mine, const Row &theirs, const Values &who,
                        const Values &values, const ColumnShape &role, const std::function<bool(Accomplice &)> &look);
    // What it can give to such a one that it has not got itself.
    void try_raising_others(const Relation &relation);
    void try_raising_other(const Relation &relation, Accomplice &other, std::set<Command> &left);
    bool try_raising_by(const Opener &opener);
    void accuse_raising(const std::string &object, Command command, const std::string &statement,
                        const Accomplice &other, const TableShape &shape, const std::string &word,
                        const std::vector<std::string> &gain);
    std::set<Oid> left_rows_in(const std::set<Oid> &tables);
    // What a role held in a tenant of its own gives in the others.
    void try_ranks(const Relation &relation);
    void try_claimed_ranks();
    // What such a role gives beyond that tenant, to whoever was appointed in it.
    struct Appointed {
        const Row &mine, &theirs; // of somebody else besides
        const Values &who;        // that one
        const ForeignKey &belongs;
        const ColumnShape &column;
        std::string role;
    };
    void try_appointed(const Relation &relation);
    void try_appointed_as(const Relation &relation, const Appointed &as, std::set<Command> &left);
    std::optional<Row> tenant_of_its_own(const TableShape &tenants);
    void try_ranks_in(const Relation &relation, const Row &mine, const ForeignKey &key, const std::set<Oid> &asked);
    void holding(const Row &mine, const std::string &set, const std::function<void()> &look);
    Seen foreign_written(const std::set<Oid> &tables, Command command);
    Seen written_by_this_token(const std::set<Oid> &tables, Command command);
    Seen written_by_next_tokens(const std::set<Oid> &tables);
    void with_next_tokens(const std::set<Oid> &tables, const std::function<void(const std::set<Oid> &)> &look);
    // What a token would say that is not made anew, after a write that goes through.
    void leave_unheard(const std::string &object);
    bool may_write_by(const Function &function, const std::set<Oid> &tables);
    Seen foreign_reached(const std::set<Oid> &tables);
    std::vector<std::string> ranks(const TableShape &shape, const ColumnShape &column, const Row &mine);
    // The same of functions with rights of their own.
    struct RankIn {
        const Relation &relation;
        const TableShape &parent;
        const ColumnShape &tenant;
        const Row &mine;
        std::string home; // what makes the row one of a tenant of its own
    };
    void try_ranks_by_calls(const RankIn &rank);
    std::map<std::pair<int, std::string>, std::vector<const Function *>> ranks_asked_by_functions(const RankIn &rank);
    void report_ranks(const Relation &relation, const ColumnShape &column, const ColumnShape &tenant,
                      const TableShape &parent, const std::vector<std::string> &ranks,
                      const std::vector<std::string> &gain);
    // A write of a row of its own, with what has to be there for it.
    struct OwnWrite {
        std::string made; // by whoever set the stage, with triggers resting; or empty
        std::string statement;
        std::function<std::string(int)> other; // the same with numbers that are so much more
        Values values;                         // that it leaves, or takes away
    };
    struct Reached {
        Command command;
        std::string statement, made;
        std::map<std::string, std::set<std::string>> columns; // by table; empty where rows are gone
        std::set<std::string> triggers;
        bool hidden = false; // rows that it does not see
    };
    void try_reaching(const Relation &relation, std::vector<Finding> *findings);
    Reached reached_by(const Relation &relation, const OwnWrite &write, Command command, const Effects &effects,
                       const std::set<Oid> &targets);
    std::vector<Change> changed_by(const OwnWrite &write, const std::string &statement, const std::set<Oid> &targets);
    std::set<std::string> that_count(const TableShape &shape, const Change &change, const std::vector<Change> &other,
                                     bool hidden) const;
    void leave_open(const Relation &relation, Command command, const std::string &why);
    // Whether it can write a row of its own at all, with the triggers at rest.
    bool goes_through(const Relation &relation, Command command, const Effects &effects, const std::set<Oid> &targets);
    bool is_tried(const Relation &relation, Command command);
    // What triggers show it of rows of other people, in the row itself or in one that they put in for it.
    void try_copying(const Relation &relation, std::vector<Finding> *findings);
    const std::set<std::string> &names_of_accounts();
    bool names_a_row(const Column &place) const;
    std::set<Oid> may_be_copied(const Effects &effects);
    bool shows_by_itself(const OwnWrite &write, const std::set<Oid> &sources);
    std::string written_by(const OwnWrite &write, const std::vector<const Relation *> &read, bool awake);
    // Makes the cells of those writes open, and adds the finding.
    void accuse_trigger(const Relation &relation, const std::vector<Reached> &reached, Finding finding,
                        std::vector<Finding> *findings);
    void accuse_reached(const Relation &relation, const std::vector<Reached> &reached, std::vector<Finding> *findings);
    // What triggers make of a row of its own, where others are decided about by what they write.
    void try_taking_in(const Relation &relation);
    bool takes_in(const Relation &relation, const OwnWrite &write, Command command, const Effects &effects,
                  const std::set<Oid> &deciding, const std::set<Oid> &asked);
    std::vector<Values> rows_for_triggers(const Relation &relation, const Effects &effects,
                                          const std::set<Oid> &targets);
    std::vector<const Row *> rows_to_find(Oid table, const Effects &effects, bool hidden);
    std::vector<Values> links_of(const Relation &relation, const Effects &effects, const std::set<Oid> &targets);
    std::optional<Row> addressed(const TableShape &shape);
    std::vector<OwnWrite> own_writes(const Relation &relation, Command command, const Effects &effects,
                                     const std::set<Oid> &targets);
    // What it sees in these tables before anything is tried: each is asked once. REQUIRES: nothing was done since that
    // is not undone.
    Sight at_first(const std::set<Oid> &tables);
    bool may_refer_to(const Relation &relation, const Values &values, const Row &row);
    Cell *cell_of(const std::string &object, Command command);
    // Whether the triggers let the write through that the policies let through; `kept` finds what it leaves in the
    // relation, and where it opens something, `rises` is what has to hold after it.
    bool stands(const Hearing &hearing, const Relation *relation, const std::string &statement, const std::string &kept,
                const std::function<bool()> &rises);
    // Whether a write is the right of whoever owns what the written rows hang on: with another owner it changes
    // nothing.
    bool is_of_its_owner(const Relation &relation, const std::string &statement);
    bool opens_what_hangs_on_it(const TableShape &shape, const Column &place);
    // What somebody might do but for its triggers is not known to be stopped.
    void doubt(const std::string &object, Command command, const std::string &whether = "");
    // Of many attempts at one thing: what was let in and not heard to be refused stays in doubt until it is told.
    void keep_doubt(std::string &kept);
    void settle(const Cell &cell, std::string kept, const std::string &whether);
    void accuse(Way way);
    // The last finding is of a row that its writer puts in for its own: where it opens by a column, and no more than
    // changing that column does, the two are told in one.
    void tell_with_promotion(const Relation &relation, const Values &values, const Way &way);

    const World &world_;
    Bodies &bodies_;
    Triggers &triggers_;
    Stage &stage_;
    const Persona &persona_;
    const std::vector<Row> &own_;
    std::map<Oid, Sight> seen_before_;        // by deciding table: what at_first() says of its dependents
    std::map<Oid, std::set<Oid>> dependents_; // of a deciding table: the tables that policies show by it
    std::vector<Opener> openers_;
    std::vector<Reader> readers_;
    std::set<std::string> of_people_; // what everybody may know of people: what is not private in their accounts
    std::optional<std::set<std::string>> names_of_accounts_;
    std::shared_ptr<Calls> looking_;
    struct Promotion {
        std::string column, key; // of the finding
        std::vector<std::string> gained;
    };
    std::map<Oid, std::vector<Promotion>> promotions_;
    std::set<Oid> joined_;  // tables that may be joined by one write
    std::set<Oid> chained_; // tables that a row elsewhere was seen to let it into
    std::string address_;   // the persona's own, as its claims say it
    std::vector<std::string> words_;
    std::vector<std::string> ranks_; // of the neighbour
    std::string appointed_;          // who does what is tried, where it takes more than an account
    int left_ = 0;                   // looks at a table, until it has to do
    std::string doubt_;              // what triggers said of the writes to the table at hand
    bool refused_ = false;           // and the last of it was a guard's no
    std::string unsettled_;          // rows planted or forged that something might stop
    std::vector<Cell> *cells_ = nullptr;
    std::vector<Finding> *findings_ = nullptr;
    TriggerEffects effects_;
    Bystanders bystanders_;
    std::set<HowDecided> ways_to_decide_;
    std::map<Oid, const HowDecided *> how_decided_;
    Seen by_next_token_;            // what the last look saw by the next token alone
    bool late_ = false;             // the last gain was all of that kind
    bool changes_ = false;          // and it was rows that may be changed, and no more of them seen
    Seen written_late_;             // what the next token lets be changed before anything was tried
    std::map<Oid, Sight> at_first_; // by table, what at_first() has asked so far
    Oid user_ = InvalidOid;
    int security_ = 0;
};

} // namespace rlsproof::server
