#include "cli/output.hpp"

#include <cstdio>

#include "base/error.hpp"

namespace rlsproof::cli {

void write_out(const std::string &text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
        throw Error(Code::permission, "cannot write the report to standard output");
}

} // namespace rlsproof::cli
