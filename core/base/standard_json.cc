#include "core/base/standard_json.h"

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace core {

absl::StatusOr<std::string> StandardJson(const std::string& text, int depth_max) {
  std::string plain;
  plain.reserve(text.size());
  bool in_string = false;
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\' && i + 1 < text.size()) plain += text[i++];
      in_string = c != '"';
      plain += text[i];
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth > depth_max) {
      return absl::InvalidArgumentError(absl::StrCat("byte ", i,
                                                     ": found a value nested deeper than ",
                                                     depth_max, ", expected a flatter file"));
    }
    const std::string_view rest = std::string_view(text).substr(i, 9);
    if (const std::string_view word = rest.starts_with("NaN")         ? "NaN"
                                      : rest.starts_with("Infinity")  ? "Infinity"
                                      : rest.starts_with("-Infinity") ? "-Infinity"
                                                                      : "";
        !word.empty()) {
      plain += "null";
      i += word.size() - 1;
      continue;
    }
    plain += c;
  }
  return plain;
}

}  // namespace core
