#include "cli/annotations.hpp"

#include <array>

#include "cli/scan.hpp"

namespace rlsproof::cli {

namespace {

enum class Part { none, up, down };

struct Mark {
    std::string_view begins; // what a line begins with, in small letters and with single blanks
    Part part;
};

constexpr std::array kMarks = {
    Mark{"-- +goose up", Part::up},        // goose
    Mark{"-- +goose down", Part::down},    //
    Mark{"-- migrate:up", Part::up},       // dbmate
    Mark{"-- migrate:down", Part::down},   //
    Mark{"-- +migrate up", Part::up},      // sql-migrate
    Mark{"-- +migrate down", Part::down},  //
    Mark{"-- +micrate up", Part::up},      // micrate
    Mark{"-- +micrate down", Part::down},  //
    Mark{"-- up migration", Part::up},     // node-pg-migrate
    Mark{"-- down migration", Part::down}, //
    Mark{"# --- !ups", Part::up},          // Play evolutions
    Mark{"# --- !downs", Part::down},      //
    Mark{"-- !ups", Part::up},             //
    Mark{"-- !downs", Part::down},         //
    Mark{"---- create above", Part::down}, // tern
    Mark{"-- ==== up ====", Part::up},     // shmig
    Mark{"-- ==== down ====", Part::down}, //
};

// A comment line as it is compared: small letters, "--" followed by one blank, runs of blanks and of "=" made short.
std::string normal(std::string_view line) {
    std::string result;
    for (const char c : lower(line)) {
        const char plain = c == '\t' || c == '\r' ? ' ' : c;
        if (plain == ' ' && (result.empty() || result.back() == ' ')) continue;
        if (plain == '=' && result.ends_with("====")) continue;
        if (result == "--" && plain != ' ' && plain != '-') result += ' ';
        result += plain;
    }
    return result;
}

Part part_of(std::string_view line) {
    const std::string text = normal(line);
    if (!text.starts_with("--") && !text.starts_with("# ---")) return Part::none;
    for (const Mark &mark : kMarks) {
        if (text.starts_with(mark.begins)) return mark.part;
    }
    return Part::none;
}

void blank(std::string &text, size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) {
        if (text[i] != '\n' && text[i] != '\r') text[i] = ' ';
    }
}

} // namespace

std::string way_up(std::string text) {
    bool down = false;
    for (size_t at = 0; at < text.size();) {
        const size_t newline = text.find('\n', at);
        const size_t end = newline == std::string::npos ? text.size() : newline + 1;
        const Part part = part_of(std::string_view(text).substr(at, end - at));
        down = part == Part::none ? down : part == Part::down;
        if (down || part != Part::none) blank(text, at, end);
        at = end;
    }
    return text;
}

} // namespace rlsproof::cli
