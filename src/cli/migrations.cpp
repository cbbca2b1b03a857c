#include "cli/migrations.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/scan.hpp"

namespace rlsproof::cli {

namespace fs = std::filesystem;

namespace {

using Paths = std::vector<fs::path>;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_sql(const fs::path &path) {
    return lower(path.extension().string()) == ".sql";
}

bool has(const std::string &text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

// Raises Error where the folder cannot be read; a missing one has no entries.
Paths entries(const fs::path &folder, const std::function<bool(const fs::directory_entry &)> &wanted) {
    std::error_code error;
    Paths result;
    if (!fs::is_directory(folder, error)) return result;
    fs::directory_iterator it(folder, error);
    if (error) throw Error(Code::permission, fmt::format("cannot read \"{}\": {}", folder.string(), error.message()));
    for (const fs::directory_entry &entry : it) {
        if (wanted(entry)) result.push_back(entry.path());
    }
    std::sort(result.begin(), result.end());
    return result;
}

Paths sql_files(const fs::path &folder) {
    return entries(folder, [](const fs::directory_entry &e) { return e.is_regular_file() && is_sql(e.path()); });
}

Paths folders(const fs::path &folder) {
    return entries(folder, [](const fs::directory_entry &e) {
        return e.is_directory() && !e.is_symlink() && !e.path().filename().string().starts_with(".");
    });
}

// Files and folders that lead back, check or only describe.
bool leads_down(const fs::path &path) {
    const std::string name = lower(path.filename().string());
    const bool flyway_undo = name.size() > 2 && name[0] == 'u' && is_digit(name[1]) && has(name, "__");
    return name == "down.sql" || name.ends_with(".down.sql") || name.ends_with("_down.sql") ||
           name.ends_with("-down.sql") || name.ends_with(".undo.sql") || name.ends_with("_undo.sql") ||
           name.ends_with(".rollback.sql") || name.ends_with("_rollback.sql") || flyway_undo;
}

bool is_side_folder(const fs::path &path) {
    static const std::set<std::string> names = {"revert", "verify", "rollback", "rollbacks", "down",    "undo",
                                                "test",   "tests",  "snippets", "meta",      "archive", "node_modules"};
    return names.contains(lower(path.filename().string()));
}

class Finder {
public:
    explicit Finder(fs::path named) : named_(std::move(named)) {}

    Migrations find() {
        std::error_code error;
        const fs::file_status status = fs::status(named_, error);
        if (!fs::exists(status)) throw Error(Code::not_found, fmt::format("\"{}\" does not exist", named_.string()));
        found_.root = fs::weakly_canonical(named_);
        if (fs::is_regular_file(status)) {
            found_.layout = "plain";
            base_ = base_of(found_.root.parent_path());
            add(found_.root);
            return std::move(found_);
        }
        base_ = base_of(found_.root);
        // A project's stray scripts are not its migrations, when those are somewhere below.
        const bool look_below = sql_files(found_.root).empty() || is_project(found_.root);
        if (!known_layout(found_.root) && !(look_below && deeper()) && !plain(found_.root))
            throw Error(Code::not_found, fmt::format("no migrations in \"{}\"", named_.string()),
                        "Name the folder that holds the .sql files. Looked for supabase/migrations, prisma/migrations, "
                        "migrations, db/migrations, drizzle, a sqitch.plan, and .sql files in the folder itself.");
        return std::move(found_);
    }

private:
    // Names start from where the user stands, so that terminals, editors and code scanners find the files; for a folder
    // that is elsewhere, from that folder.
    static fs::path base_of(const fs::path &root) {
        const fs::path here = fs::current_path();
        return *root.lexically_relative(here).begin() == ".." ? root : here;
    }

    bool known_layout(const fs::path &folder) {
        if (folder.filename() == "migrations" && folder.parent_path().filename() == "supabase")
            return supabase(folder.parent_path());
        if (fs::is_directory(folder / "supabase/migrations") || fs::is_directory(folder / "supabase/schemas"))
            return supabase(folder / "supabase");
        if (folder.filename() == "supabase" || fs::exists(folder / "config.toml"))
            if (fs::is_directory(folder / "migrations") || fs::is_directory(folder / "schemas"))
                return supabase(folder);
        if (fs::exists(folder / "sqitch.plan")) return sqitch(folder);
        constexpr std::array inner = {"prisma/migrations", "db/migrations", "db/migrate",    "database/migrations",
                                      "migrations",        "drizzle",       "sql/migrations"};
        return std::any_of(inner.begin(), inner.end(),
                           [&](const char *path) { return fs::is_directory(folder / path) && plain(folder / path); });
    }

    static bool is_project(const fs::path &folder) {
        constexpr std::array signs = {".git",    "package.json",  "pyproject.toml", "go.mod",
                                      "Gemfile", "composer.json", "pom.xml"};
        return std::any_of(signs.begin(), signs.end(), [&](const char *sign) { return fs::exists(folder / sign); });
    }

    // What the Supabase tool does: roles, then migrations by name as text, then seeds. Schemas only where nobody has
    // made migrations of them yet.
    bool supabase(const fs::path &project) {
        const Paths all = sql_files(project / "migrations");
        Paths named, other;
        size_t dashed = 0;
        for (const fs::path &path : all) {
            dashed += is_dated(path);
            (follows_supabase(path) || is_dated(path) ? named : other).push_back(path);
        }
        // The tool ignores other names. Where there are no others, somebody pasted them by hand: take them.
        const bool by_hand = named.empty();
        const Paths &taken = by_hand ? other : named;
        const Paths schemas = taken.empty() ? sql_files(project / "schemas") : Paths{};
        if (taken.empty() && schemas.empty()) return false;
        found_.layout = "supabase";
        add_if_there(project / "roles.sql");
        add_all(by_hand ? sorted(taken, natural_paths) : taken);
        if (!by_hand)
            leave_out(other, "its name does not begin with a number and \"_\", so the Supabase tool does not apply it");
        if (dashed > 0)
            found_.notes.push_back(fmt::format(
                "{} a \"-\" after the time in the name, which the Supabase tool itself passes over: taken all "
                "the same, in the order of the times",
                text::plural(dashed, "file has", "files have")));
        add_all(schemas);
        add_seeds(project);
        return true;
    }

    static bool follows_supabase(const fs::path &path) {
        const std::string name = path.filename().string();
        const size_t digits = name.find_first_not_of("0123456789");
        return digits != 0 && digits != std::string::npos && name[digits] == '_';
    }

    // Named by the time, with a dash: what other tools that write such a folder have applied themselves.
    static bool is_dated(const fs::path &path) {
        constexpr size_t kTime = 14; // 20240131235959
        const std::string name = path.filename().string();
        return name.find_first_not_of("0123456789") == kTime && name[kTime] == '-';
    }

    void add_seeds(const fs::path &project) {
        const size_t before = found_.files.size();
        add_if_there(project / "seed.sql");
        add_all(sql_files(project / "seeds"));
        for (size_t i = before; i < found_.files.size(); ++i) found_.files[i].seed = true;
    }

    // The plan gives the order. A change that occurs again was reworked: its earlier script carries the tag after it.
    bool sqitch(const fs::path &project) {
        struct Change {
            std::string name, tag;
        };
        std::vector<Change> changes;
        std::ifstream plan(project / "sqitch.plan");
        for (std::string line; std::getline(plan, line);) {
            const std::string word = line.substr(0, line.find_first_of(" \t\r"));
            if (word.starts_with("@")) {
                for (auto it = changes.rbegin(); it != changes.rend() && it->tag.empty(); ++it) it->tag = word;
            } else if (!word.empty() && word[0] != '%' && word[0] != '#' && word[0] != '-') {
                changes.push_back({word[0] == '+' ? word.substr(1) : word, ""});
            }
        }
        found_.layout = "sqitch";
        for (size_t i = 0; i < changes.size(); ++i) {
            const bool reworked = std::any_of(changes.begin() + i + 1, changes.end(),
                                              [&](const Change &later) { return later.name == changes[i].name; });
            const std::string file = changes[i].name + (reworked ? changes[i].tag : "") + ".sql";
            if (!add_if_there(project / "deploy" / file))
                found_.notes.push_back(
                    fmt::format("sqitch.plan names \"{}\", and deploy/{} is not there", changes[i].name, file));
        }
        return !found_.files.empty();
    }

    // One file per migration, or one folder per migration, as deep as they come.
    bool plain(const fs::path &folder) {
        Paths all;
        side_folders_.clear();
        down_files_ = 0;
        collect(folder, all, 0);
        if (all.empty()) return false;
        const bool prisma = all.front().filename() == "migration.sql";
        const auto flyway = [](const fs::path &p) {
            const std::string name = p.filename().string();
            return name.size() > 2 && name[0] == 'V' && is_digit(name[1]) && has(name, "__");
        };
        found_.layout = prisma ? "prisma" : std::any_of(all.begin(), all.end(), flyway) ? "flyway" : "plain";
        if (found_.layout == "flyway")
            std::stable_sort(all.begin(), all.end(), flyway_paths);
        else if (!prisma)
            std::stable_sort(all.begin(), all.end(), natural_paths);
        add_all(all);
        if (down_files_ > 0)
            found_.notes.push_back(fmt::format("left out {} files that lead back (down, undo, rollback)", down_files_));
        leave_out(side_folders_, "a folder of this name holds no migrations");
        return true;
    }

    void collect(const fs::path &folder, Paths &into, int depth) {
        constexpr int kDeepest = 4;
        for (const fs::path &path : sql_files(folder)) {
            if (leads_down(path))
                ++down_files_;
            else
                into.push_back(path);
        }
        if (depth == kDeepest) return;
        for (const fs::path &path : folders(folder)) {
            if (!is_side_folder(path))
                collect(path, into, depth + 1);
            else if (!sql_files(path).empty())
                side_folders_.push_back(path);
        }
    }

    // In a repository with several packages: take the one known folder somewhere below, ask where there are several.
    bool deeper() {
        Paths candidates;
        search(found_.root, candidates, 0);
        if (candidates.empty()) return false;
        if (candidates.size() > 1) {
            std::string list;
            for (const fs::path &path : candidates)
                list += fmt::format("{}{}", list.empty() ? "" : ", ", relative(path));
            throw Error(Code::not_found, fmt::format("several folders of migrations in \"{}\"", named_.string()),
                        fmt::format("Name one of them: {}.", list));
        }
        found_.notes.push_back(fmt::format("took {}", relative(candidates[0])));
        return known_layout(candidates[0]) || plain(candidates[0]);
    }

    void search(const fs::path &folder, Paths &into, int depth) {
        constexpr int kDeepest = 5;
        for (const fs::path &path : folders(folder)) {
            const std::string name = path.filename().string();
            if (name == "node_modules" || name == "vendor") continue;
            if (name == "migrations" || name == "drizzle" || fs::exists(path / "sqitch.plan")) {
                Paths files;
                collect(path, files, 0);
                if (!files.empty()) {
                    into.push_back(path);
                    continue;
                }
            }
            if (depth < kDeepest) search(path, into, depth + 1);
        }
    }

    std::string relative(const fs::path &path) const { return path.lexically_relative(base_).generic_string(); }
    static std::string text(const fs::path &path) { return path.generic_string(); }
    static bool natural_paths(const fs::path &a, const fs::path &b) { return natural_less(text(a), text(b)); }

    // Versioned files by version, then the repeatable ones (R__name) by name.
    static bool flyway_paths(const fs::path &a, const fs::path &b) {
        const auto key = [](const fs::path &path) {
            const std::string name = path.filename().string();
            std::string version = name.substr(0, name.find("__"));
            std::replace(version.begin(), version.end(), '_', '.');
            return std::pair(name.starts_with("R__"), name.starts_with("R__") ? name : version);
        };
        const auto [a_repeats, a_name] = key(a);
        const auto [b_repeats, b_name] = key(b);
        return a_repeats != b_repeats ? b_repeats : natural_less(a_name, b_name);
    }

    static Paths sorted(Paths paths, bool (*less)(const fs::path &, const fs::path &)) {
        std::stable_sort(paths.begin(), paths.end(), less);
        return paths;
    }

    void add(const fs::path &path) { found_.files.push_back({path, relative(path), false}); }

    bool add_if_there(const fs::path &path) {
        if (!fs::is_regular_file(path)) return false;
        add(path);
        return true;
    }

    void add_all(const Paths &paths) {
        for (const fs::path &path : paths) add(path);
    }

    void leave_out(const Paths &paths, std::string_view why) {
        for (const fs::path &path : paths) found_.notes.push_back(fmt::format("left out {}: {}", relative(path), why));
    }

    fs::path named_;
    fs::path base_; // names are relative to this
    Migrations found_;
    Paths side_folders_;
    int down_files_ = 0;
};

} // namespace

bool natural_less(const std::string &a, const std::string &b) {
    size_t i = 0, j = 0;
    while (i < a.size() && j < b.size()) {
        if (is_digit(a[i]) && is_digit(b[j])) {
            const auto number = [](const std::string &text, size_t &at) {
                at = std::min(text.find_first_not_of('0', at), text.size());
                const size_t from = at;
                while (at < text.size() && is_digit(text[at])) ++at;
                return std::pair(at - from, text.substr(from, at - from));
            };
            const auto left = number(a, i), right = number(b, j);
            if (left != right) return left < right;
        } else {
            if (a[i] != b[j]) return a[i] < b[j];
            ++i;
            ++j;
        }
    }
    return std::tuple(a.size() - i, a) < std::tuple(b.size() - j, b);
}

Migrations find_migrations(const fs::path &named) {
    try {
        return Finder(named).find();
    } catch (const fs::filesystem_error &error) {
        throw Error(Code::permission, fmt::format("cannot read \"{}\": {}", named.string(), error.code().message()));
    }
}

} // namespace rlsproof::cli
