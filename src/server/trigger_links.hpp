// Rows of other people that triggers find by what stands in the row that sets them off, where no foreign key says so:
// by a reference, a name, or an id within a document.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/world.hpp"

#include "server/body_documents.hpp"
#include "server/chooser.hpp"
#include "server/trigger_effects.hpp"

namespace rlsproof::server {

class TriggerLinks {
public:
    // `written`: tables that what stands in the row may go into.
    TriggerLinks(const TableShape &relation, const Effects &effects, const std::set<Oid> &written, Stage &stage,
                 const std::string &uid);

    // The tables whose rows are found so.
    const std::set<Oid> &tables() const { return tables_; }

    // What the columns hold by which the triggers find that row: all of them together, each alone where there are
    // several, documents with other words. A column whose value the writer cannot know, as `is_known` says, is left
    // out.
    using IsKnown = std::function<bool(const Column &, const std::string &)>;
    std::vector<Values> to(const Row &other, const IsKnown &is_known) const;

private:
    struct Link {
        size_t position; // of its argument
        int number;      // of its column
        bool foreign_key;
        bool document;
        std::optional<Column> found_by; // of a plain value
    };
    std::vector<Values> ways_to(const Row &other, const IsKnown &is_known) const;
    void add(const ColumnShape &column, const Place &place, const Chooser &chooser);

    const TableShape &relation_;
    Stage &stage_;
    const std::string &uid_;
    Function function_; // all triggers together, as one that takes the columns
    std::vector<Argument> arguments_;
    std::map<size_t, Place> places_;
    std::vector<Link> links_;
    std::set<Oid> tables_;
};

} // namespace rlsproof::server
