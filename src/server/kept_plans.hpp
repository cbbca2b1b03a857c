// Plans of the statements that a look tries again and again: with policies of many tables to put together, planning one
// takes many times as long as running it does.
#pragma once

#include <string>

struct _SPI_plan; // SPIPlanPtr points to it

namespace rlsproof {
struct World;
}

namespace rlsproof::server {

class Bodies;

// While one lives, what is run often by the same user is planned once for all the times that follow. The server itself
// plans anew where a plan no longer holds: after a change of the catalog, of row_security, of the rules that are awake.
class KeptPlans {
public:
    KeptPlans(const World &world, Bodies &bodies);
    ~KeptPlans();
    KeptPlans(const KeptPlans &) = delete;
    KeptPlans &operator=(const KeptPlans &) = delete;

    // The plan for a statement without parameters; nothing where it has not come often, or is not to be kept.
    static _SPI_plan *find(const std::string &sql);
    // While one lives a plan may be running, and none is freed.
    class Running {
    public:
        Running();
        ~Running();
        Running(const Running &) = delete;
        Running &operator=(const Running &) = delete;
    };

private:
    bool mine_ = false; // or they are of one that lives already
};

} // namespace rlsproof::server
