// Decides as psql does where a statement ends, with one difference: a semicolon between parentheses ends a statement
// unless it is a CREATE RULE, so that one parenthesis too many does not swallow the rest of the file.
#include "cli/splitter.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "cli/scan.hpp"

namespace rlsproof::cli {

namespace {

// psql commands that send what was typed so far, like a semicolon.
constexpr std::array<std::string_view, 8> kSenders = {"g",     "gx",    "gexec",        "gset",
                                                      "gdesc", "watch", "crosstabview", "bind"};

class Splitter {
public:
    explicit Splitter(std::string_view text) : text_(text), scanner_(text) {}

    std::vector<Piece> run() {
        Token token;
        while (scanner_.next(token)) {
            if (token.kind == TokenKind::backslash) {
                take_meta(token);
            } else if (token.is(';') && !holds_semicolon()) {
                finish(token.start);
            } else {
                take(token);
            }
        }
        finish(last_end_);
        return std::move(pieces_);
    }

private:
    // What is known of the statement being read.
    struct Open {
        size_t start = 0;
        size_t tokens = 0;
        std::string first;
        bool routine = false; // CREATE FUNCTION or PROCEDURE: may hold BEGIN ATOMIC
        bool rule = false;    // CREATE RULE: may hold (statement; statement)
        int parentheses = 0;
        int blocks = 0; // BEGIN ATOMIC and CASE, until their END
        bool previous_was_begin = false;
        bool previous_was_from = false;
        bool from_stdin = false;
    };

    bool holds_semicolon() const { return open_.blocks > 0 || (open_.rule && open_.parentheses > 0); }

    void take(const Token &token) {
        if (open_.tokens++ == 0) {
            open_.start = token.start;
            open_.first = token.kind == TokenKind::word ? lower(token.text) : "";
        } else if (open_.first == "create" && open_.tokens <= 4) {
            open_.routine |= token.is("function") || token.is("procedure");
            open_.rule |= token.is("rule");
        }
        if (token.is('('))
            ++open_.parentheses;
        else if (token.is(')'))
            --open_.parentheses;
        if (open_.routine) track_blocks(token);
        open_.from_stdin |= open_.previous_was_from && token.is("stdin");
        open_.previous_was_from = open_.parentheses == 0 && token.is("from");
        last_end_ = token.end();
    }

    void track_blocks(const Token &token) {
        if (open_.previous_was_begin && token.is("atomic"))
            ++open_.blocks;
        else if (open_.blocks > 0 && token.is("case"))
            ++open_.blocks;
        else if (open_.blocks > 0 && token.is("end"))
            --open_.blocks;
        open_.previous_was_begin = token.is("begin");
    }

    void finish(size_t end) {
        if (open_.tokens > 0) {
            Piece piece = piece_at(Piece::Kind::statement, open_.start, end);
            if (open_.first == "copy" && open_.from_stdin) take_data(piece);
            pieces_.push_back(piece);
        }
        open_ = Open{};
    }

    // The lines after the COPY up to the one that is only "\."
    void take_data(Piece &piece) {
        piece.kind = Piece::Kind::copy;
        const size_t begin = after_line(scanner_.at());
        size_t at = begin;
        while (at < text_.size()) {
            const size_t next = after_line(at);
            std::string_view line = text_.substr(at, next - at);
            while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
            if (line == "\\.") {
                piece.data = text_.substr(begin, at - begin);
                scanner_.move_to(next);
                return;
            }
            at = next;
        }
        piece.data = text_.substr(std::min(begin, text_.size()));
        scanner_.move_to(text_.size());
    }

    void take_meta(const Token &backslash) {
        const size_t end = std::min(text_.find_first_of("\r\n", backslash.start), text_.size());
        const std::string_view command = text_.substr(backslash.start, end - backslash.start);
        if (open_.tokens > 0) {
            const size_t length = std::min(command.find_first_of(" \t\\", 1), command.size()) - 1;
            if (std::find(kSenders.begin(), kSenders.end(), command.substr(1, length)) == kSenders.end())
                return take(backslash); // not ours to judge: the server will complain
            finish(backslash.start);
        }
        pieces_.push_back(piece_at(Piece::Kind::meta, backslash.start, end));
        scanner_.move_to(end);
    }

    Piece piece_at(Piece::Kind kind, size_t start, size_t end) {
        line_ += static_cast<int>(std::count(text_.begin() + counted_, text_.begin() + start, '\n'));
        counted_ = static_cast<std::ptrdiff_t>(start);
        while (end > start && (text_[end - 1] == ' ' || (text_[end - 1] >= '\t' && text_[end - 1] <= '\r'))) --end;
        Piece piece;
        piece.kind = kind;
        piece.start = start;
        piece.line = line_;
        piece.text = text_.substr(start, end - start);
        return piece;
    }

    size_t after_line(size_t at) const {
        const size_t end = text_.find('\n', at);
        return end == std::string_view::npos ? text_.size() : end + 1;
    }

    std::string_view text_;
    Scanner scanner_;
    Open open_;
    size_t last_end_ = 0;
    int line_ = 1;
    std::ptrdiff_t counted_ = 0;
    std::vector<Piece> pieces_;
};

} // namespace

std::vector<Piece> split(std::string_view text) {
    return Splitter(text).run();
}

int line_of(const Piece &piece, int position) {
    int line = piece.line;
    int character = 1;
    for (const char c : piece.text) {
        // A byte that continues a UTF-8 sequence starts no character.
        if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;
        if (character++ >= position) break;
        line += c == '\n';
    }
    return line;
}

} // namespace rlsproof::cli
