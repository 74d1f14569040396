#ifndef BACKENDS_MEMBERSHIP_OPERATION_NAME_H_
#define BACKENDS_MEMBERSHIP_OPERATION_NAME_H_

#include <cstdint>
#include <string>

#include "core/span.h"

namespace backends {

// What an error says about the operation that failed.
struct OperationName {
  core::SpanKind kind = core::SpanKind::kAllReduce;
  int64_t bytes = 0;
  int to = -1;    // Of a message, or −1.
  int from = -1;  // Of a message, or the root of a broadcast, or −1.

  std::string Describe() const {
    std::string text(core::Name(kind));
    text += " of " + std::to_string(bytes) + " bytes";
    if (to >= 0) text += " to rank " + std::to_string(to);
    if (from >= 0) text += " from rank " + std::to_string(from);
    return text;
  }
};

}  // namespace backends

#endif  // BACKENDS_MEMBERSHIP_OPERATION_NAME_H_
