// The transactions that migrations open and commit themselves. The server undoes all of one in which a statement fails;
// the loader goes on with the rest of it, so whoever reads what was found has to be told.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "cli/session.hpp"
#include "cli/sources.hpp"
#include "cli/splitter.hpp"

#include "base/core_only.hpp"

namespace rlsproof::cli {

struct Transaction {
    const Source *source = nullptr; // of its BEGIN
    int from = 0, to = 0;           // lines of its BEGIN and COMMIT
    bool guards = false;            // policies, row level security or privileges are changed in it
};

class Transactions {
public:
    // REQUIRES: they outlive this. What goes back to a savepoint may have been meant to fail, and is left out.
    explicit Transactions(const Sources &sources);

    // In which a statement stands; nullptr where it stands in none.
    const Transaction *of(const Piece &piece) const;

private:
    void read(const Source &source);
    void close(const Source &source, int line);

    std::vector<Transaction> all_;
    std::map<const Piece *, size_t> of_;
    bool open_ = false, partly_ = false;
    Transaction now_;
    std::vector<const Piece *> held_;
};

// Whether a statement fails by what the migrations say themselves, wherever they are run. What somebody else was to
// make, install or fill in may be there on another server.
bool fails_anywhere(const Failure &failure, std::string_view sql);

} // namespace rlsproof::cli
