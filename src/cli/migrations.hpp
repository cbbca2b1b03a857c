// Which files make up a database, and in which order: recognises the folders that migration tools leave behind and
// orders the files as the tool that made them does. Reads the file system and no file's SQL.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/core_only.hpp"

namespace rlsproof::cli {

struct MigrationFile {
    std::filesystem::path path;
    std::string name; // how reports call it: relative to where the user stands, if it is below, or to `root`
    bool seed = false;
};

struct Migrations {
    std::filesystem::path root; // what the user named, made absolute
    std::string layout;         // "supabase", "prisma", ... or "plain"
    std::vector<MigrationFile> files;
    std::vector<std::string> notes; // what was left out, and why
};

// Raises Error{not_found} where there is nothing to load, and says where it looked.
Migrations find_migrations(const std::filesystem::path &named);

// Numbers in names compare as numbers: "V2" comes before "V10".
bool natural_less(const std::string &a, const std::string &b);

} // namespace rlsproof::cli
