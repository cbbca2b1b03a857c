// What solvers have answered, remembered by the hash of the question: in the session, and in rlsproof.answers what
// somebody kept there. Looking never writes; keep() does, by whoever may write that table.
#pragma once

#include <list>
#include <string>
#include <unordered_map>

#include "prove/memory.hpp"

#include "server/boundary.hpp"

namespace rlsproof::server {

class Answers final : public prove::Memory {
public:
    std::optional<std::string> find(const std::string &question) override;
    void keep(const std::string &question, const std::string &solver, const std::string &answer) override;

    // Reads what was kept in the table, once, as soon as the current user may read it.
    void read();
    // Puts what the session knows into the table; returns how many answers were new there.
    long write() const;
    // Forgets everything, the table's part too; returns how many answers that had.
    long forget();

private:
    struct Entry {
        std::string question; // its hash
        std::string solver;
        std::string answer;
        size_t size() const { return question.size() + solver.size() + answer.size() + kOverhead; }
    };
    static constexpr size_t kOverhead = 200; // of an entry, beside its texts
    void put(Entry entry);

    std::list<Entry> entries_; // the one used last first
    std::unordered_map<std::string, std::list<Entry>::iterator> by_question_;
    size_t size_ = 0;
    bool read_ = false;
};

// The session's.
Answers &answers();

} // namespace rlsproof::server
