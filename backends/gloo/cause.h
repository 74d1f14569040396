#ifndef BACKENDS_GLOO_CAUSE_H_
#define BACKENDS_GLOO_CAUSE_H_

#include <exception>
#include <string>

namespace backends {

// What a Gloo exception says, without the source file and line that it begins with.
inline std::string CauseOf(const std::exception& error) {
  const std::string text = error.what();
  const size_t end = text.find("] ");
  return text.starts_with("[") && end != std::string::npos ? text.substr(end + 2) : text;
}

}  // namespace backends

#endif  // BACKENDS_GLOO_CAUSE_H_
