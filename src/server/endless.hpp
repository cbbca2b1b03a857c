// A helper that reads, as its caller, the table whose policy calls the helper: it calls itself until the stack is full.
// The server takes a fifth of a second to get there, and a look at everything sends thousands of statements that go by
// such a table.
#pragma once

namespace rlsproof::server {

// While one lives, a statement that is inside itself for the same reason again and again is refused as the server
// refuses it once the stack is full: with the same values, as the same user, in a state that nothing changed since, it
// cannot come to another end. What goes deeper with other values, or is caught on the way, goes as far as the stack
// does.
class EndlessRefused {
public:
    EndlessRefused();
    ~EndlessRefused();
    EndlessRefused(const EndlessRefused &) = delete;
    EndlessRefused &operator=(const EndlessRefused &) = delete;
};

} // namespace rlsproof::server
