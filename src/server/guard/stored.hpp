// The rows of our own tables, for the hooks: read once, without SQL and without anybody's privileges, and read again
// after somebody changed them. A statement trigger on each table tells every session of the change, at its commit.
#pragma once

#include <vector>

#include "server/spi.hpp"

namespace rlsproof::server::guard {

// Goes up whenever a table was changed in a way other sessions hear of: by DDL, or by a declaration; and when operator
// families change. Plain.
extern uint64 changes_heard; // 0 before anybody listens
uint64 listen_for_changes();
inline uint64 changes() {
    return changes_heard > 0 ? changes_heard : listen_for_changes();
}

class Stored {
public:
    // `columns` ends with a null pointer.
    Stored(const char *table, const char *const *columns) : table_(table), columns_(columns) {}

    // Empty where this database does not have the extension.
    const std::vector<std::vector<Value>> &rows();

private:
    const char *table_;
    const char *const *columns_;
    std::vector<std::vector<Value>> rows_;
    Oid read_ = InvalidOid;
    uint64 generation_ = 0;
};

} // namespace rlsproof::server::guard
