#ifndef CORE_BASE_FLAGS_H_
#define CORE_BASE_FLAGS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace core {

// Sets the program's ABSL_FLAGs from its command line and returns the other arguments, in order.
// Names may be written with dashes or underscores; a value follows "=" or is the next argument; a
// boolean flag stands alone or as --noNAME or has a value after "="; "--" ends the flags; of a flag
// given twice the last counts. `--help` prints `usage` and the program's flags to stdout and exits
// with 0. An error names the flag as typed, and the nearest flags there are or the value that would
// be right; the flags before it have been set by then. For main only.
//
// Unlike absl::ParseCommandLine, it never ends the program over an error and knows no flags of
// Abseil's own.
absl::StatusOr<std::vector<std::string>> ParseFlags(int argc, char** argv, std::string_view usage);

// At most three of `known` that `name` may have been meant to be, nearest first: by edit distance,
// or one part of the other. For "did you mean": flags, strategies, backends.
std::vector<std::string> NearestNames(std::string_view name, const std::vector<std::string>& known);

}  // namespace core

#endif  // CORE_BASE_FLAGS_H_
