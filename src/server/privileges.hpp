// The ways a role holds a privilege: owner, grant, group, PUBLIC. Whether it holds it is asked of has_*_privilege.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "model/world.hpp"

#include "server/boundary.hpp"

namespace rlsproof::server {

// Groups whose privileges a role inherits, and by which memberships.
class Memberships {
public:
    Memberships();

    // "alice → editors → staff", the shortest. REQUIRES: the role inherits from the group.
    std::string path(const std::string &role, const std::string &group) const;

private:
    std::map<std::string, std::vector<std::string>> groups_;
};

struct Privilege {
    bool held = false; // and the schema may be used
    std::string way; // "owner", "granted to anon by postgres; granted to PUBLIC", "-", "- (no USAGE on schema private)"
};

class Privileges {
public:
    explicit Privileges(const std::vector<Persona> &personas);

    // REQUIRES: one of the personas; a relation of the world, or a function as rpc:schema.name(types).
    const Privilege &of(const std::string &persona, const std::string &object, Command command) const;

private:
    void read(const std::vector<Persona> &personas);
    std::map<std::tuple<std::string, std::string, Command>, Privilege> privileges_;
};

} // namespace rlsproof::server
