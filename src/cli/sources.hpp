// The migrations as text, ready to be run: read, turned into UTF-8, reduced to the way up, split into pieces, with the
// files that psql's \i and \ir name in their places.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/migrations.hpp"
#include "cli/splitter.hpp"

#include "base/core_only.hpp"

namespace rlsproof::cli {

// Not to be moved: the pieces point into the text.
struct Source {
    Source() = default;
    Source(const Source &) = delete;
    Source &operator=(const Source &) = delete;

    std::filesystem::path path;
    std::string name; // as reports call it
    bool seed = false;
    std::string text;
    std::vector<Piece> pieces;
    std::map<size_t, std::unique_ptr<Source>> included; // by the index of the \i piece
};
using Sources = std::vector<std::unique_ptr<Source>>;

// A file that another one includes is not in the list by itself. Raises Error where a file cannot be read.
Sources read_sources(const Migrations &migrations, std::vector<std::string> &notes);

// One file or text by itself.
std::unique_ptr<Source> read_source(const std::filesystem::path &path, std::string name);
// A file as it stands in UTF-8, whatever it is about; "-" is standard input.
std::string read_text(const std::string &file);
std::unique_ptr<Source> source_of(std::string text, std::string name);

} // namespace rlsproof::cli
