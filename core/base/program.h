#ifndef CORE_BASE_PROGRAM_H_
#define CORE_BASE_PROGRAM_H_

#include <concepts>
#include <functional>
#include <string_view>
#include <type_traits>

namespace core {

// Runs `body` and prints what it throws to stderr, as one line that starts with `who`, if it does
// not name a rank itself. Returns the exit code: 1 if something was thrown, else what `body` does.
int ReportErrors(std::string_view who, const std::function<int()>& body);

// The same of a body whose end is success.
template <typename Body>
requires std::same_as < std::invoke_result_t<Body>,
void > int ReportErrors(std::string_view who, const Body& body) {
  return ReportErrors(who, std::function<int()>([&body] {
                        body();
                        return 0;
                      }));
}

}  // namespace core

#endif  // CORE_BASE_PROGRAM_H_
