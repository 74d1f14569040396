#ifndef EXPERIMENTS_COMMON_PROGRAM_H_
#define EXPERIMENTS_COMMON_PROGRAM_H_

#include <functional>
#include <string_view>

namespace experiments {

// Sets the program's flags from its command line, as core::ParseFlags does; there are no other
// arguments. Throws core::Error.
void ReadFlags(int argc, char** argv, std::string_view usage);

// Runs `body` and prints what it throws as one line that starts with `who`, if it does not name a
// rank itself. Returns the exit code.
int ReportErrors(std::string_view who, const std::function<void()>& body);

}  // namespace experiments

#endif  // EXPERIMENTS_COMMON_PROGRAM_H_
