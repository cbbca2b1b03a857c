#include "cli/sources.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/annotations.hpp"
#include "cli/scan.hpp"

namespace rlsproof::cli {

namespace fs = std::filesystem;

namespace {

std::string read_file(const fs::path &path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream content;
    if (file && file.peek() != std::ifstream::traits_type::eof()) content << file.rdbuf();
    if (!file.is_open() || file.bad() || content.bad())
        throw Error(Code::permission, fmt::format("cannot read \"{}\": {}", path.string(), std::strerror(errno)));
    return content.str();
}

// What PowerShell's ">" makes of a dump.
std::string from_utf16(std::string_view bytes, bool big_endian) {
    const auto unit = [&](size_t i) {
        const unsigned first = static_cast<unsigned char>(bytes[i]), second = static_cast<unsigned char>(bytes[i + 1]);
        return big_endian ? first << 8 | second : second << 8 | first;
    };
    std::string result;
    for (size_t i = 2; i + 1 < bytes.size(); i += 2) {
        unsigned code = unit(i);
        if (code >= 0xD800 && code < 0xDC00 && i + 3 < bytes.size()) {
            code = 0x10000 + ((code - 0xD800) << 10) + (unit(i + 2) - 0xDC00);
            i += 2;
        }
        text::append(result, code);
    }
    return result;
}

std::string to_utf8(std::string text) {
    if (text.starts_with("\xEF\xBB\xBF")) return text.substr(3);
    if (text.starts_with("\xFF\xFE")) return from_utf16(text, false);
    if (text.starts_with("\xFE\xFF")) return from_utf16(text, true);
    return text;
}

// The file a "\i name" names, or "" for another command.
std::string included_name(std::string_view command) {
    for (const std::string_view word : {"\\include_relative", "\\include", "\\ir", "\\i"}) {
        if (!command.starts_with(word) || command.size() <= word.size() || command[word.size()] != ' ') continue;
        std::string_view name = command.substr(command.find_first_not_of(' ', word.size()));
        name = name.substr(0, name.find_last_not_of(" \t;") + 1);
        if (name.size() > 1 && name.front() == '\'' && name.back() == '\'') name = name.substr(1, name.size() - 2);
        return std::string(name);
    }
    return {};
}

class Includes {
public:
    Includes(fs::path root, std::vector<std::string> &notes) : root_(std::move(root)), notes_(notes) {}

    // REQUIRES: the files that are being read, from the outermost on, are `open`.
    void expand(Source &source, std::vector<fs::path> open = {}) {
        open.push_back(fs::weakly_canonical(source.path));
        for (size_t i = 0; i < source.pieces.size(); ++i) {
            const Piece &piece = source.pieces[i];
            const std::string name = piece.kind == Piece::Kind::meta ? included_name(piece.text) : "";
            if (name.empty()) continue;
            const fs::path path = find(source.path.parent_path(), name);
            const bool again = std::find(open.begin(), open.end(), path) != open.end();
            if (path.empty() || again) {
                notes_.push_back(fmt::format("{}:{}: \"{}\" was not followed: {}", source.name, piece.line, name,
                                             again ? "it includes itself" : "no such file inside the folder"));
                continue;
            }
            taken_.insert(path);
            auto inner = read_source(path, path.lexically_relative(root_).generic_string());
            inner->seed = source.seed;
            expand(*inner, open);
            source.included[i] = std::move(inner);
        }
    }

    bool took(const fs::path &path) const { return taken_.contains(fs::weakly_canonical(path)); }

private:
    // psql's \i starts from wherever it was called; that is not known, so the file's folder and the root are tried.
    fs::path find(const fs::path &folder, const fs::path &name) const {
        for (const fs::path &base : {folder, root_}) {
            std::error_code error;
            fs::path path = fs::weakly_canonical(base / name, error);
            const fs::path inside = path.lexically_relative(root_);
            if (!error && fs::is_regular_file(path) && !inside.empty() && *inside.begin() != "..") return path;
        }
        return {};
    }

    fs::path root_;
    std::vector<std::string> &notes_;
    std::set<fs::path> taken_;
};

} // namespace

std::unique_ptr<Source> source_of(std::string text, std::string name) {
    auto source = std::make_unique<Source>();
    source->name = std::move(name);
    source->text = way_up(to_utf8(std::move(text)));
    source->pieces = split(source->text);
    return source;
}

std::string read_text(const std::string &file) {
    if (file != "-") return to_utf8(read_file(file));
    std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    if (std::cin.bad()) throw Error(Code::permission, "cannot read standard input");
    return to_utf8(std::move(text));
}

std::unique_ptr<Source> read_source(const fs::path &path, std::string name) {
    auto source = source_of(read_file(path), std::move(name));
    source->path = path;
    return source;
}

Sources read_sources(const Migrations &migrations, std::vector<std::string> &notes) {
    const fs::path root = fs::is_directory(migrations.root) ? migrations.root : migrations.root.parent_path();
    Includes includes(root, notes);
    Sources all;
    for (const MigrationFile &file : migrations.files) {
        if (includes.took(file.path)) continue;
        auto source = read_source(file.path, file.name);
        source->seed = file.seed;
        includes.expand(*source);
        all.push_back(std::move(source));
    }
    Sources result;
    for (auto &source : all) {
        if (!includes.took(source->path)) result.push_back(std::move(source));
    }
    return result;
}

} // namespace rlsproof::cli
