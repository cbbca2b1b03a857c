#include "cli/transactions.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "cli/scan.hpp"
#include "cli/statement.hpp"

namespace rlsproof::cli {

namespace {

// Of the services that a platform brings along: here they stand for theirs, and have not all that those have.
constexpr std::array<std::string_view, 12> kServices = {"auth", "storage",  "realtime", "extensions",
                                                        "cron", "net",      "graphql",  "vault",
                                                        "pgmq", "pgsodium", "tiger",    "topology"};

// What is missing of them is missing of a table that is there.
constexpr std::array<std::string_view, 4> kOfTables = {"policy", "constraint", "column", "trigger"};

// auth.users, and not auth.uid().
bool names_a_service(std::string_view sql) {
    Scanner scanner(sql);
    Token schema, dot, name, after;
    while (scanner.next(schema)) {
        if (std::find(kServices.begin(), kServices.end(), schema.name()) == kServices.end()) continue;
        const size_t at = scanner.at();
        if (scanner.next(dot) && dot.is('.') && scanner.next(name) && !(scanner.next(after) && after.is('(')))
            return true;
        scanner.move_to(at);
    }
    return false;
}

} // namespace

Transactions::Transactions(const Sources &sources) {
    for (const auto &source : sources) {
        open_ = false; // each file has a session of its own
        read(*source);
    }
}

void Transactions::read(const Source &source) {
    for (size_t i = 0; i < source.pieces.size(); i++) {
        const Piece &piece = source.pieces[i];
        if (const auto inner = source.included.find(i); inner != source.included.end()) {
            read(*inner->second);
        } else if (piece.kind != Piece::Kind::meta && controls_transaction(piece.text)) {
            Scanner scanner(piece.text);
            Token token;
            (void)scanner.next(token);
            const bool begins = token.is("begin") || token.is("start");
            const bool commits = token.is("commit") || token.is("end");
            const bool undoes = token.is("rollback") || token.is("abort");
            bool to = false;
            while (undoes && scanner.next(token)) to = to || token.is("to");
            if (begins && !open_) {
                open_ = true;
                partly_ = false;
                now_ = {&source, piece.line, 0, false};
                held_.clear();
            } else if (commits) {
                close(source, piece.line);
            } else if (to) {
                partly_ = true;
            } else if (undoes) {
                open_ = false;
            }
        } else if (open_ && piece.kind == Piece::Kind::statement) {
            held_.push_back(&piece);
            now_.guards = now_.guards || guards_access(piece.text);
        }
    }
}

void Transactions::close(const Source &source, int line) {
    if (open_ && !partly_ && now_.source == &source) {
        now_.to = line;
        for (const Piece *piece : held_) of_[piece] = all_.size();
        all_.push_back(now_);
    }
    open_ = false;
}

const Transaction *Transactions::of(const Piece &piece) const {
    const auto found = of_.find(&piece);
    return found == of_.end() ? nullptr : &all_[found->second];
}

bool fails_anywhere(const Failure &failure, std::string_view sql) {
    const std::string &state = failure.sqlstate, &message = failure.message;
    if (names_a_service(sql)) return false;
    if (state == "42704")
        return std::any_of(kOfTables.begin(), kOfTables.end(),
                           [&](std::string_view kind) { return message.starts_with(kind); });
    if (state == "0A000") return message.find("extension") == std::string::npos;
    if (state == "42601") return false; // a newer server may know how to read it
    return (state.starts_with("42") && state != "42501") || state == "25001" || state == "2BP01";
}

} // namespace rlsproof::cli
