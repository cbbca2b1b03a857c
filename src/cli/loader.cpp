#include "cli/loader.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <thread>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/missing.hpp"
#include "cli/scan.hpp"
#include "cli/stand_in.hpp"
#include "cli/statement.hpp"

namespace rlsproof::cli {

namespace {

// Something a later statement may have made: relation, function, type or role, schema, column.
constexpr std::array<std::string_view, 6> kMissing = {"42P01", "42883", "42704", "3F000", "42703", "55P04"};
// Somebody else made it: function, relation, object.
constexpr std::array<std::string_view, 3> kDuplicate = {"42723", "42P07", "42710"};
// Not inside a transaction; a new enum value is not to be used before its transaction has ended.
constexpr std::array<std::string_view, 2> kNeedsNoTransaction = {"25001", "55P04"};
// As many that fail for one missing thing are each told by themselves.
constexpr size_t kMostForOne = 2;

template <size_t n>
bool is_one(const Failure &failure, const std::array<std::string_view, n> &states) {
    return std::find(states.begin(), states.end(), failure.sqlstate) != states.end();
}

// The name in: role "name" does not exist.
std::string missing_role(const Failure &failure) {
    constexpr std::string_view kBefore = "role \"", kAfter = "\" does not exist";
    const std::string &text = failure.message;
    if (!text.starts_with(kBefore) || !text.ends_with(kAfter) || text.size() <= kBefore.size() + kAfter.size())
        return {};
    return text.substr(kBefore.size(), text.size() - kBefore.size() - kAfter.size());
}

// The words that a statement begins with: "create policy".
std::string first_words(std::string_view sql, int count) {
    std::string words;
    Scanner scanner(sql);
    for (Token token; count > 0 && scanner.next(token); count--)
        words += (words.empty() ? "" : " ") + lower(token.text);
    return words;
}

std::string first_word(std::string_view sql) {
    return first_words(sql, 1);
}

size_t count_pieces(const Source &source) {
    size_t count = source.pieces.size();
    for (const auto &[index, inner] : source.included) count += count_pieces(*inner);
    return count;
}

bool is_utf8(std::string_view bytes) {
    for (size_t at = 0; at < bytes.size();) {
        const text::CodePoint next = text::decode(bytes, at);
        if (!next.valid) return false;
        at += next.bytes;
    }
    return true;
}

std::string place(const Source &source, int line) {
    return fmt::format("{}:{}", source.name, line);
}

std::string undone_with(size_t statements) {
    return fmt::format("\nThe transaction was undone; statements before it that went with it: {}.", statements);
}

} // namespace

LoadResult Loader::load(const Sources &sources) {
    sources_ = &sources;
    transactions_.emplace(sources);
    for (const auto &source : sources) total_ += count_pieces(*source);
    for (const auto &source : sources) load_file(*source);
    try_again();
    describe_helped();
    report_failed();
    session_.reset();
    return std::move(result_);
}

// A session of its own: settings, roles, temporary tables and prepared statements of a file end with it.
void Loader::load_file(const Source &source) {
    ++result_.files;
    stopped_ = false;
    open_session();
    if (!is_utf8(source.text)) {
        session_->query("set client_encoding to 'WIN1252'");
        result_.notes.push_back(fmt::format("{} is not UTF-8: read as Windows-1252", source.name));
    }
    run_pieces(source);
    finish_file(source);
}

// A server that lost a session in a crash takes a moment until it takes new ones.
void Loader::open_session() {
    session_.reset();
    implicit_ = false;
    in_transaction_ = hiding_in_transaction_ = 0;
    constexpr int kAttempts = 60;
    for (int i = 1; !session_; ++i) {
        try {
            session_ = std::make_unique<Session>(parameters_);
        } catch (const Error &) {
            if (i == kAttempts) throw;
            std::this_thread::sleep_for(std::chrono::milliseconds(500));
        }
    }
}

void Loader::run_pieces(const Source &source) {
    for (size_t i = 0; i < source.pieces.size() && !stopped_; ++i) {
        const Piece &piece = source.pieces[i];
        progress_.step(done_++, total_, source.name);
        session_->on_wait([&] { progress_.step(done_, total_, place(source, piece.line)); });
        if (const auto inner = source.included.find(i); inner != source.included.end())
            run_pieces(*inner->second);
        else if (piece.kind == Piece::Kind::meta)
            run_meta(source, piece);
        else if (controls_transaction(piece.text))
            run_control(source, piece);
        else
            run_statement(source, piece);
    }
}

// psql's commands mean nothing to a server. Those that only change what psql shows go without a word.
void Loader::run_meta(const Source &source, const Piece &piece) {
    static const std::set<std::string_view> harmless = {
        "\\set",      "\\unset",      "\\echo",       "\\qecho", "\\warn", "\\pset", "\\timing", "\\x",
        "\\a",        "\\t",          "\\o",          "\\g",     "\\gx",   "\\gset", "\\prompt", "\\encoding",
        "\\restrict", "\\unrestrict", "\\errverbose", "\\H",     "\\C",    "\\f",    "\\cd"};
    const std::string_view word = piece.text.substr(0, piece.text.find_first_of(" \t;"));
    if (word == "\\q" || word == "\\quit")
        stopped_ = true;
    else if (!harmless.contains(word) && !word.starts_with("\\i") && !word.starts_with("\\d"))
        result_.notes.push_back(
            fmt::format("{}: psql's \"{}\" was skipped", place(source, piece.line), excerpt(piece.text)));
}

void Loader::run_statement(const Source &source, const Piece &piece) {
    ++result_.statements;
    if (creates_database(piece.text)) {
        result_.notes.push_back(fmt::format("{}: \"{}\" was skipped: everything is loaded into one database",
                                            place(source, piece.line), excerpt(piece.text)));
        return;
    }
    if (piece.text.find('\0') != std::string_view::npos)
        return fail(source, piece, {"22021", "the statement contains a zero byte", "", "", "", 0});
    if (!session_->in_transaction() && needs_transaction(piece.text)) {
        session_->query("begin");
        implicit_ = true;
    }
    std::string sql(piece.text);
    std::optional<Failure> failure = attempt(piece, sql);
    if (failure && implicit_ && is_one(*failure, kNeedsNoTransaction)) {
        session_->query("commit");
        leave_transaction(false);
        failure = attempt(piece, sql);
    }
    if (failure && failure->sqlstate == "42601")
        if (std::string plain = without_placeholders(sql); plain != sql) {
            failure = attempt(piece, plain);
            if (!failure || failure->sqlstate != "42601") {
                sql = std::move(plain);
                placeholders_.push_back(place(source, piece.line));
            }
        }
    constexpr int kMostHelp = 50;
    for (int i = 0; failure && i < kMostHelp; ++i) {
        const std::string where = place(source, piece.line);
        if (help(piece, *failure)) {
            made_roles_.try_emplace(missing_role(*failure), where);
        } else {
            const StandIn stand_in = stand_in_for(*failure, sql, made_roles_);
            if (stand_in.what.empty() || attempt(piece, stand_in.sql)) break;
            if (failure->sqlstate != "42710") stand_ins_.try_emplace(stand_in.what, where);
            if (stand_in.instead) return;
        }
        failure = attempt(piece, sql);
    }
    if (failure) return fail(source, piece, std::move(*failure));
    if (session_->in_transaction()) {
        ++in_transaction_;
        hiding_in_transaction_ += shapes_access(piece.text);
    }
}

// Inside a transaction a savepoint keeps a failure from taking the rest with it.
std::optional<Failure> Loader::attempt(const Piece &piece, const std::string &sql) {
    const bool guarded = session_->in_transaction();
    if (guarded) session_->query("savepoint rlsproof");
    std::optional<Failure> failure = session_->run(sql, piece.data, timeout_);
    if (guarded && !session_->broken() && session_->in_transaction())
        session_->query(failure ? "rollback to savepoint rlsproof; release savepoint rlsproof"
                                : "release savepoint rlsproof");
    return failure;
}

// Makes a role that migrations name and somebody else was to create. True if another attempt is worth it.
bool Loader::help(const Piece &piece, const Failure &failure) {
    const std::string role = missing_role(failure);
    if (role.empty() || first_word(piece.text) == "drop") return false;
    return !attempt(piece, fmt::format("create role {} nologin", quoted_name(role)));
}

void Loader::run_control(const Source &source, const Piece &piece) {
    const std::string word = first_word(piece.text);
    if (implicit_ && (word == "begin" || word == "start")) {
        session_->query("commit"); // the file opens one itself
        leave_transaction(false);
    }
    const bool was_inside = session_->in_transaction();
    std::optional<Failure> failure = session_->run(std::string(piece.text), {}, timeout_);
    if (session_->transaction_failed()) session_->query("rollback");
    const bool is_inside = !session_->broken() && session_->in_transaction();
    if (failure) fail(source, piece, std::move(*failure), was_inside && !is_inside ? in_transaction_ : 0);
    if (!is_inside) leave_transaction(failure.has_value());
}

void Loader::leave_transaction(bool undone) {
    if (undone) result_.hiding += hiding_in_transaction_;
    implicit_ = false;
    in_transaction_ = hiding_in_transaction_ = 0;
}

void Loader::finish_file(const Source &source) {
    if (!session_->in_transaction()) return;
    if (!implicit_) result_.notes.push_back(fmt::format("{} leaves a transaction open: it was committed", source.name));
    if (auto failure = session_->run("commit")) {
        const size_t undone = in_transaction_;
        leave_transaction(true);
        fail(source, source.pieces.back(), std::move(*failure), undone);
    }
}

void Loader::fail(const Source &source, const Piece &piece, Failure failure, size_t undone) {
    Row settings;
    if (session_->broken()) {
        undone += in_transaction_;
        leave_transaction(true);
        open_session();
    } else if (is_one(failure, kMissing)) {
        settings = session_
                       ->query("select current_setting('search_path'), current_setting('role'), "
                               "current_setting('check_function_bodies')")
                       .front();
    }
    failed_.push_back({&source, &piece, std::move(failure), std::move(settings), undone});
}

// Statements that failed because something was missing run again once everything else is there, for as long as that
// helps. Only what adds: run out of order, a DROP or a REVOKE could undo what a later file meant.
void Loader::try_again() {
    constexpr int kRounds = 5;
    open_session();
    for (int round = 0; round < kRounds; ++round) {
        const size_t before = failed_.size();
        std::erase_if(failed_, [&](Failed &failed) { return try_again(failed); });
        if (failed_.size() == before) return;
    }
}

bool Loader::try_again(Failed &failed) {
    if (failed.settings.empty() || failed.piece->kind != Piece::Kind::statement || !only_adds(failed.piece->text))
        return false;
    session_->query("discard all");
    constexpr std::array<std::string_view, 3> kNames = {"search_path", "role", "check_function_bodies"};
    for (size_t i = 0; i < kNames.size(); ++i) {
        // An unknown role is no reason to stop: the statement then fails as it did.
        session_->run(fmt::format("select set_config({}, {}, false)", quoted_literal(kNames[i]),
                                  quoted_literal(failed.settings[i].value_or(""))));
    }
    const std::string original(failed.piece->text), gentle = without_or_replace(original);
    const auto failure = session_->run(gentle, {}, timeout_);
    if (!failure)
        late_.push_back(place(*failed.source, failed.piece->line));
    else if (gentle != original && is_one(*failure, kDuplicate))
        superseded_.push_back(place(*failed.source, failed.piece->line));
    else
        return false;
    return true;
}

void Loader::describe_helped() {
    const auto first_of = [](const std::vector<std::string> &places) {
        constexpr size_t kShown = 3;
        const size_t shown = std::min(kShown, places.size());
        return fmt::format("{}{}", fmt::join(places.begin(), places.begin() + shown, ", "),
                           places.size() > shown ? ", ..." : "");
    };
    if (!made_roles_.empty()) {
        std::vector<std::string> names;
        for (const auto &[name, where] : made_roles_) {
            names.push_back(fmt::format("\"{}\" ({})", name, where));
            result_.made_roles.push_back(name);
        }
        result_.notes.push_back(
            fmt::format("made roles that the migrations use and do not create: {}", fmt::join(names, ", ")));
    }
    if (!stand_ins_.empty()) {
        std::vector<std::string> names;
        for (const auto &[name, where] : stand_ins_) names.push_back(fmt::format("{} ({})", name, where));
        result_.notes.push_back(fmt::format("not installed here, loaded with a stand-in that has the names and none of "
                                            "the sense: {}",
                                            fmt::join(names, ", ")));
    }
    if (!placeholders_.empty())
        result_.notes.push_back(fmt::format("placeholders (:name) were read as names ({}): {}", placeholders_.size(),
                                            first_of(placeholders_)));
    if (!late_.empty())
        result_.notes.push_back(
            fmt::format("loaded after everything else, because something was missing before ({}): {}", late_.size(),
                        first_of(late_)));
    if (!superseded_.empty())
        result_.notes.push_back(fmt::format("failed, and a later statement makes the same thing ({}): {}",
                                            superseded_.size(), first_of(superseded_)));
}

std::string Loader::Failed::missing() const {
    return settings.empty() ? "" : missing_thing(failure, piece->text, settings[0].value_or(""));
}

// One thing that is missing makes hundreds of statements fail: they are told in one, and so are those of one kind, in
// one file, for the same reason.
void Loader::report_failed() {
    constexpr size_t kMostAlone = 4;
    using Kind = std::tuple<const Source *, std::string, std::string>;
    std::map<Kind, std::vector<const Failed *>> alike;
    std::map<std::string, std::vector<const Failed *>> for_one;
    const auto kind = [](const Failed &failed) {
        return Kind{failed.source, first_words(failed.piece->text, 2), failed.failure.sqlstate};
    };
    for (const Failed &failed : failed_)
        if (const std::string missing = failed.missing(); !missing.empty()) for_one[missing].push_back(&failed);
    std::erase_if(for_one, [](const auto &group) { return group.second.size() <= kMostForOne; });
    for (const Failed &failed : failed_)
        if (!for_one.contains(failed.missing())) alike[kind(failed)].push_back(&failed);
    for (const Failed &failed : failed_) {
        ++result_.failed;
        result_.hiding += shapes_access(failed.piece->text);
        if (const auto group = for_one.find(failed.missing()); group != for_one.end()) {
            if (group->second.front() == &failed) result_.findings.push_back(told_of(group->first, group->second));
            continue;
        }
        const std::vector<const Failed *> &same = alike[kind(failed)];
        if (same.size() <= kMostAlone)
            result_.findings.push_back(told({&failed}));
        else if (same.front() == &failed)
            result_.findings.push_back(told(same));
    }
}

// Why it is not there, as far as the files tell.
std::string Loader::maker_of(const std::string &missing) {
    const auto maker = std::find_if(failed_.begin(), failed_.end(),
                                    [&](const Failed &failed) { return makes(failed.piece->text, missing); });
    if (maker != failed_.end())
        return fmt::format("The statement that makes it failed, too: {}.", place(*maker->source, maker->piece->line));
    const std::function<const Piece *(const Source &)> find = [&](const Source &source) -> const Piece * {
        for (size_t i = 0; i < source.pieces.size(); i++) {
            const auto inner = source.included.find(i);
            if (inner != source.included.end())
                if (const Piece *piece = find(*inner->second)) return piece;
            if (makes(source.pieces[i].text, missing)) return &source.pieces[i];
        }
        return nullptr;
    };
    for (const auto &source : *sources_)
        if (const Piece *piece = find(*source))
            return fmt::format("It is made in {}; it was not there, or not by that name, when they ran.",
                               place(*source, piece->line));
    return "No statement here makes it.";
}

// REQUIRES: they all failed for what is missing.
Finding Loader::told_of(const std::string &missing, const std::vector<const Failed *> &failed) {
    constexpr size_t kFiles = 40, kLines = 12;
    const Failed &first = *failed.front();
    std::vector<const Source *> files;
    std::map<const Source *, std::vector<std::string>> lines;
    size_t undone = 0;
    for (const Failed *one : failed) {
        if (lines[one->source].empty()) files.push_back(one->source);
        lines[one->source].push_back(std::to_string(line_of(*one->piece, one->failure.position)));
        undone += one->undone;
    }
    // The finding itself says where the folder is.
    const bool one_folder = std::all_of(files.begin(), files.end(), [&](const Source *file) {
        return file->path.parent_path() == first.source->path.parent_path();
    });
    std::vector<std::string> places;
    size_t shown = 0;
    for (const Source *file : files) {
        if (places.size() == kFiles) break;
        const std::vector<std::string> &all = lines[file];
        const size_t some = std::min(all.size(), kLines);
        places.push_back(fmt::format("{}:{}", one_folder ? file->path.filename().string() : file->name,
                                     fmt::join(all.begin(), all.begin() + static_cast<ptrdiff_t>(some), ",")));
        shown += some;
    }
    Finding finding;
    finding.rule = "migration_failed";
    finding.level = Level::warning;
    finding.category = Category::hygiene;
    finding.object = place(*first.source, line_of(*first.piece, first.failure.position));
    finding.message =
        fmt::format("{} does not exist ({}): {} statements{} failed for it", missing, first.failure.sqlstate,
                    failed.size(), files.size() > 1 ? fmt::format(" in {} files", files.size()) : "");
    finding.detail = fmt::format("{} The first was: {}\nThey stand in {}{}.", maker_of(missing),
                                 excerpt(first.piece->text, 200), fmt::join(places, "; "),
                                 shown < failed.size() ? fmt::format("; and {} more", failed.size() - shown) : "");
    if (undone > 0) finding.detail += undone_with(undone);
    tell_what_is_undone(finding, failed);
    finding.hint = first.failure.hint;
    finding.evidence = "execution";
    finding.key = unique_key("migration_failed:" + missing);
    return finding;
}

// REQUIRES: they are of one kind.
Finding Loader::told(const std::vector<const Failed *> &failed) {
    const Failed &first = *failed.front();
    const Failure &failure = first.failure;
    const std::string reason =
        failure.sqlstate.empty() ? failure.message : fmt::format("{} ({})", failure.message, failure.sqlstate);
    std::string all;
    std::vector<std::string> lines;
    size_t undone = 0;
    for (const Failed *one : failed) {
        all += (all.empty() ? "" : ";\n") + std::string(one->piece->text);
        lines.push_back(std::to_string(line_of(*one->piece, one->failure.position)));
        undone += one->undone;
    }
    Finding finding;
    finding.rule = "migration_failed";
    finding.level = Level::warning;
    finding.category = Category::hygiene;
    finding.object = place(*first.source, line_of(*first.piece, failure.position));
    finding.message = reason;
    finding.detail = fmt::format("The statement was: {}", excerpt(first.piece->text, 200));
    if (failed.size() > 1) {
        constexpr size_t kShown = 30;
        const size_t shown = std::min(kShown, lines.size());
        std::string kind = first_words(first.piece->text, 2);
        std::transform(kind.begin(), kind.end(), kind.begin(), [](unsigned char c) { return std::toupper(c); });
        finding.message = fmt::format("{} statements {} ... failed alike, the first: {}", failed.size(), kind, reason);
        finding.detail = fmt::format("The first was: {}\nThey stand in lines {}{}.", excerpt(first.piece->text, 200),
                                     fmt::join(lines.begin(), lines.begin() + shown, ", "),
                                     lines.size() > shown ? fmt::format(" and {} more", lines.size() - shown) : "");
    }
    if (!failure.detail.empty()) finding.detail += "\n" + failure.detail;
    if (undone > 0) finding.detail += undone_with(undone);
    tell_what_is_undone(finding, failed);
    finding.hint = failure.hint;
    finding.evidence = "execution";
    finding.key =
        unique_key(fmt::format("migration_failed:{}:{}", first.source->path.filename().string(), token_hash(all)));
    return finding;
}

// A transaction that the migrations commit themselves: what failed in it takes the rest of it along.
void Loader::tell_what_is_undone(Finding &finding, const std::vector<const Failed *> &failed) {
    constexpr size_t kShown = 3;
    std::vector<const Transaction *> all;
    bool guards = false;
    for (const Failed *one : failed) {
        const Transaction *transaction = one->undone > 0 ? nullptr : transactions_->of(*one->piece);
        if (transaction == nullptr) continue;
        if (std::find(all.begin(), all.end(), transaction) == all.end()) all.push_back(transaction);
        const bool certain = one->missing().empty() && fails_anywhere(one->failure, one->piece->text);
        guards = guards || (certain && transaction->guards && undone_.insert(transaction).second);
    }
    if (all.empty()) return;
    std::vector<std::string> places;
    for (size_t i = 0; i < std::min(all.size(), kShown); i++)
        places.push_back(fmt::format("{} to {} of {}", all[i]->from, all[i]->to, all[i]->source->name));
    finding.detail += fmt::format(
        "\nThe server undoes all of the transaction{} in lines {}{}; what follows here takes {} as done.",
        all.size() == 1 ? "" : "s", fmt::join(places, ", "),
        all.size() > kShown ? fmt::format(" and {} more", all.size() - kShown) : "", all.size() == 1 ? "it" : "them");
    if (!guards) return;
    finding.level = Level::error;
    finding.category = Category::permissions;
    finding.detail += " Policies, row level security or privileges are changed in it: what was found, and what was not "
                      "found, rests on what never happened.";
}

std::string Loader::unique_key(std::string key) {
    if (const int times = ++keys_[key]; times > 1) key += fmt::format("#{}", times);
    return key;
}

} // namespace rlsproof::cli
