#ifndef CORE_BASE_MEMORY_H_
#define CORE_BASE_MEMORY_H_

#include <cstdint>
#include <optional>

namespace core {

// Peak resident set of this process, bytes.
int64_t PeakMemoryBytes();

// Bytes that could still be used on this machine; empty if the system does not say.
std::optional<double> AvailableMemoryBytes();

}  // namespace core

#endif  // CORE_BASE_MEMORY_H_
