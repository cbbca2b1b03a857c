#include "cli/progress.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/text.hpp"

namespace rlsproof::cli {

namespace {

std::atomic<bool> line_on_screen{false};

// What cannot be written there (a closed standard error) is no reason to stop.
void write_error(const std::string &text) {
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
}

bool is_set(const char *variable) {
    const char *value = std::getenv(variable);
    return value != nullptr && *value != '\0';
}

bool dumb_terminal() {
    const char *term = std::getenv("TERM");
    return term == nullptr || *term == '\0' || std::strcmp(term, "dumb") == 0;
}

std::string bar(size_t done, size_t total, size_t cells) {
    const size_t full = std::min(done, total) * cells / total;
    return std::string(full, '=') + (full < cells ? ">" : "") + std::string(cells - full - (full < cells ? 1 : 0), ' ');
}

} // namespace

bool can_redraw(int fd) {
    return isatty(fd) != 0 && !dumb_terminal();
}
bool wants_colour(int fd) {
    return can_redraw(fd) && !is_set("NO_COLOR");
}

int width_of(int fd) {
    winsize size{};
    constexpr int kElsewhere = 100;
    return isatty(fd) != 0 && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kElsewhere;
}

Progress::Progress(bool quiet) : quiet_(quiet), redraws_(can_redraw(STDERR_FILENO)) {}

bool Progress::draws() {
    return line_on_screen.load(std::memory_order_relaxed);
}

void Progress::phase(std::string text) {
    clear();
    text_ = std::move(text);
    began_ = std::chrono::steady_clock::now();
    drawn_at_ = {};
    if (quiet_) return;
    if (redraws_)
        draw(0, 0, {});
    else
        write_error("rlsproof: " + text_ + "\n");
}

void Progress::step(size_t done, size_t total, const std::string &what) {
    constexpr auto kBetweenDrawings = std::chrono::milliseconds(50);
    if (quiet_ || !redraws_ || std::chrono::steady_clock::now() - drawn_at_ < kBetweenDrawings) return;
    draw(done, total, what);
}

void Progress::draw(size_t done, size_t total, const std::string &what) {
    const size_t width = static_cast<size_t>(std::max(width_of(STDERR_FILENO) - 1, 0));
    drawn_at_ = std::chrono::steady_clock::now();
    std::string line;
    if (total > 0) {
        const size_t cells = std::clamp<size_t>(width / 4, 8, 30);
        line = fmt::format("[{}] {:3}% {}{}{}", bar(done, total, cells), std::min(done, total) * 100 / total, text_,
                           what.empty() ? "" : ": ", what);
    } else {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(drawn_at_ - began_).count();
        line = seconds < 2 ? text_ : fmt::format("{} ({} s)", text_, seconds);
    }
    line_on_screen = true;
    drawn_ = true;
    write_error("\r" + text::cut(text::visible(line), width) + "\x1b[K");
}

void Progress::say(const std::string &line) {
    clear();
    if (!quiet_) write_error("rlsproof: " + text::visible(line) + "\n");
}

void Progress::clear() {
    if (!drawn_) return;
    drawn_ = false;
    write_error("\r\x1b[K");
    line_on_screen = false;
}

} // namespace rlsproof::cli
