#ifndef CORE_BASE_PROGRAM_H_
#define CORE_BASE_PROGRAM_H_

#include <functional>
#include <string_view>

namespace core {

// Runs `body` and prints what it throws to stderr, as one line that starts with `who`, if it does
// not name a rank itself. Returns the exit code.
int ReportErrors(std::string_view who, const std::function<void()>& body);

}  // namespace core

#endif  // CORE_BASE_PROGRAM_H_
