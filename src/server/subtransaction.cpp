// The order of steps follows exec_stmt_block of PL/pgSQL and PLy_spi_subtransaction_* of PL/Python (PostgreSQL 15 to
// 18).
#include "server/subtransaction.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/elog.h"
#include "utils/resowner.h"
}

namespace rlsproof::server {

namespace {

// What the caller has and gets back on every way out.
class Surroundings {
public:
    Surroundings() noexcept : context_(CurrentMemoryContext), owner_(CurrentResourceOwner) {
        GetUserIdAndSecContext(&user_, &security_);
    }
    ~Surroundings() { restore(); }
    Surroundings(const Surroundings &) = delete;
    Surroundings &operator=(const Surroundings &) = delete;

    void restore_context() const noexcept { MemoryContextSwitchTo(context_); }
    void restore() const noexcept {
        restore_context();
        CurrentResourceOwner = owner_;
    }

    // A rollback gives the identity back by itself. Work that was kept and changed it would leave the caller's code
    // running as somebody else.
    void check_identity() const {
        Oid user = InvalidOid;
        int security = 0;
        GetUserIdAndSecContext(&user, &security);
        if (user == user_ && security == security_) return;
        SetUserIdAndSecContext(user_, security_);
        throw Error(Code::internal, "user or security context was not restored after a subtransaction");
    }

private:
    MemoryContext context_;
    ResourceOwner owner_;
    Oid user_ = InvalidOid;
    int security_ = 0;
};

void begin() {
    BeginInternalSubTransaction(nullptr);
}

// The same that PL/pgSQL's WHEN OTHERS does not catch.
bool passes_on(int sqlstate) {
    return sqlstate == ERRCODE_QUERY_CANCELED || sqlstate == ERRCODE_ASSERT_FAILURE ||
           sqlstate == ERRCODE_ADMIN_SHUTDOWN || sqlstate == ERRCODE_CRASH_SHUTDOWN;
}

std::string text(const char *value) {
    return value != nullptr ? value : "";
}

Outcome outcome_of(const ErrorData *error) {
    Outcome outcome;
    outcome.ok = false;
    outcome.sqlstate = unpack_sql_state(error->sqlerrcode);
    outcome.message = text(error->message);
    outcome.detail = text(error->detail);
    outcome.hint = text(error->hint);
    outcome.context = text(error->context);
    return outcome;
}

} // namespace

Outcome subtransaction(void (*work)(void *), void *argument, Finish finish) {
    const Surroundings before;
    call(begin);
    // The subtransaction has a context of its own, which a rollback empties: results belong to the caller's.
    before.restore_context();

    ErrorData *error = nullptr;
    bool no_memory = false;
    bool finished = false;
    try {
        call(work, argument);
        if (finish == Finish::commit) {
            call(ReleaseCurrentSubTransaction);
            finished = true;
        }
    } catch (const ServerError &raised) {
        error = raised.data();
    } catch (const std::bad_alloc &) {
        no_memory = true;
    }
    if (!finished) call(RollbackAndReleaseCurrentSubTransaction);
    before.restore();

    if (no_memory) throw std::bad_alloc();
    if (error != nullptr && passes_on(error->sqlerrcode)) throw ServerError(error);
    before.check_identity();
    if (error == nullptr) return {};
    Outcome outcome = outcome_of(error);
    boundary::free_error(error);
    return outcome;
}

} // namespace rlsproof::server
