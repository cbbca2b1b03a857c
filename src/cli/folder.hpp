// Migrations, loaded into a throw-away server that lives as long as this object.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/flavour.hpp"
#include "cli/loader.hpp"
#include "cli/progress.hpp"
#include "cli/server.hpp"

#include "base/core_only.hpp"

namespace rlsproof::cli {

// What every command that loads a folder can be told about it.
struct FolderOptions {
    std::string directory;
    std::string pgbin;
    int statement_timeout = 120;    // seconds; 0 waits for ever
    std::optional<Flavour> flavour; // forced
};

class LoadedFolder {
public:
    // Finds, starts, loads. The extension is there to be created, and is not yet. Raises Error where there is nothing
    // to load, no server to load it into, or nothing of it that loads.
    LoadedFolder(const FolderOptions &options, Progress &progress);
    LoadedFolder(const LoadedFolder &) = delete;
    LoadedFolder &operator=(const LoadedFolder &) = delete;

    Server &server() { return *server_; }
    bool plain() const { return plain_; } // not prepared as Supabase does
    const std::string &subject() const { return subject_; }
    const std::string &server_version() const { return server_version_; }
    const std::vector<std::string> &notes() const { return notes_; }
    // What did not load and could change what is reachable, as a sentence; empty where there is no such thing.
    const std::string &incomplete_reason() const { return incomplete_reason_; }
    std::vector<Finding> take_findings() { return std::move(findings_); }
    size_t failed() const { return failed_; } // statements
    // Roles that the migrations name and somebody else was to create.
    const std::vector<std::string> &made_roles() const { return made_roles_; }

private:
    void start(const std::string &bin);
    void prepare(const FolderOptions &options, const Migrations &migrations, const Sources &sources);
    void load(const FolderOptions &options, const Sources &sources);

    Progress &progress_;
    std::unique_ptr<Server> server_;
    bool plain_ = false;
    size_t failed_ = 0;
    std::string subject_, server_version_, incomplete_reason_, otherwise_;
    std::vector<std::string> notes_, made_roles_;
    std::vector<Finding> findings_;
};

} // namespace rlsproof::cli
