#ifndef CORE_BASE_STANDARD_JSON_H_
#define CORE_BASE_STANDARD_JSON_H_

#include <string>

#include "absl/status/statusor.h"

namespace core {

// The JSON that Python writes as the standard knows it: NaN, Infinity and -Infinity become null.
// Refuses values nested deeper than `depth_max` lists and objects, before a parser gets to see
// them. Of text that is no JSON the result is none either.
absl::StatusOr<std::string> StandardJson(const std::string& text, int depth_max);

}  // namespace core

#endif  // CORE_BASE_STANDARD_JSON_H_
