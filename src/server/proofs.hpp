// The prover's layer: cells asked of a solver, its counterexamples asked of the server.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "prove/prover.hpp"

#include "server/cell_question.hpp"
#include "server/declared.hpp"
#include "server/tables.hpp"

namespace rlsproof::server {

struct Proof {
    // `error`: the statement fails as such; that nothing is reached by it is proved only where no other would do.
    enum class Verdict { proved, refuted, unknown, error } verdict = Verdict::unknown;
    std::string reason;
    std::string witness;               // JSON; of what was refuted
    std::string row;                   // of what was refuted, for a person
    std::vector<std::string> rests_on; // facts about the tables, of what was proved
    std::vector<std::string> because;  // and the policies to blame; where the proofs tell why
    std::string statement;
    std::vector<Written> writes; // of its own that open what was refuted not to grow
    std::string solver;          // empty where none was needed
    double milliseconds = 0;
    std::string failure;          // of a table's statement that always fails: SQLSTATE and message
    bool nothing_reached = false; // proved, and nobody gets at anything
    bool names_itself = false;    // proved of the rows that do not name who reaches them
    bool in_its_name = false;     // proved, but for new rows that name who writes them
    // Unknown because something decides of which nothing is known, or of a counterexample that could not be shown.
    bool doubtful = false;
};

std::string_view name(Proof::Verdict verdict);

// A prover with the session's solver and memory.
std::unique_ptr<prove::Prover> new_prover();
// Why there is none.
std::string no_solver();
// Names in a list, the first few of them.
std::string some_of(const std::vector<std::string> &names);

// The cell as the prover takes it; nothing where policies have no say, with the reason.
std::optional<CellToProve> cell_to_prove(const World &world, const Persona &persona, const Relation &relation,
                                         Command command, const Declared &declared, std::string &why);

// Statements that no missing privilege stops: by session, relation and command.
using Allowed = std::set<std::tuple<int, Oid, Command>>;

class Proofs {
public:
    explicit Proofs(const Tables &tables, bool tells_why = false);
    ~Proofs();

    // REQUIRES: a transaction; nobody is assumed.
    Proof prove(const CellToProve &cell) { return prove(std::vector{cell}).front(); }
    // Several, in their order: while solvers are at some of them, the next are made.
    std::vector<Proof> prove(const std::vector<CellToProve> &cells);

    bool solver_missing() const { return missing_; }

    // The script of the cell's question. Raises Error{unsupported} where there is nothing to be asked of a solver.
    static std::string obligation(const CellToProve &cell);

private:
    struct Begun;
    std::unique_ptr<Begun> begin(const CellToProve &cell);
    Proof finish(Begun &begun);
    std::unique_ptr<Begun> begin_asking(const CellToProve &cell, const std::set<std::string> &unset_as_empty);
    Proof finish_asking(Begun &begun);
    Proof ask(const CellToProve &cell, const std::set<std::string> &unset_as_empty);

    Proof growth(Begun &begun, const prove::Reply &reply, Proof proof);
    Proof ask_unnamed(const CellToProve &cell, const std::set<std::string> &unset_as_empty);

    const Tables &tables_;
    bool tells_why_;
    std::shared_ptr<Catalog> catalog_;
    Allowed allowed_;
    std::unique_ptr<prove::Prover> prover_;
    bool missing_ = false; // there is no solver
};

} // namespace rlsproof::server
