#ifndef EXPERIMENTS_COMMON_FLAG_CHECKS_H_
#define EXPERIMENTS_COMMON_FLAG_CHECKS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"

namespace experiments {

// Throws core::Error: the flag, with dashes, what it was given, and what would be right.
[[noreturn]] void RefuseFlag(std::string_view flag, const std::string& found,
                             const std::string& wanted);

// The flag's value, if it is one of a range; refuses any other, not-a-number too.
template <class Number>
Number InRange(std::string_view flag, Number value, Number least, Number most) {
  if (value >= least && value <= most) return value;
  RefuseFlag(flag, absl::StrCat(value), absl::StrCat("must be from ", least, " to ", most));
}

// Refuses a name that is not known, and says which are, the nearest first.
void CheckName(std::string_view flag, const std::string& name,
               const std::vector<std::string>& known);

}  // namespace experiments

#endif  // EXPERIMENTS_COMMON_FLAG_CHECKS_H_
