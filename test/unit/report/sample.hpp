// Reports the writer tests share: one as a reader would meet it, one that is hostile, one that is large.
#pragma once

#include "report/report.hpp"

namespace rlsproof::report::sample {

Report marketplace();
Report hostile();
Report large(size_t findings);

} // namespace rlsproof::report::sample
