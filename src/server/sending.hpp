// What the server sends to others when a function is called: requests over HTTP, statements to another database, what a
// program of the machine is handed.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "model/cell.hpp"
#include "model/world.hpp"

#include "server/facts.hpp"
#include "server/postgres.hpp"

namespace rlsproof::server {

class Sendings {
public:
    explicit Sendings(FactBook &book) : book_(book) {}

    // Nothing by which anything would be sent where a body cannot be read.
    const Sending &of(Oid function);

private:
    std::string sends_by(const List *name, const List *functions);
    Sending read(Oid function);

    FactBook &book_;
    std::optional<std::map<Oid, std::string>> senders_; // functions of extensions, and how they are called
    std::map<Oid, Sending> read_;
};

// Of a function that touches nothing that its caller could not, or tells little: what it gives by what it sends.
void weigh_sending(const Function &function, Cell &cell);

} // namespace rlsproof::server
