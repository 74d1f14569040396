#ifndef SIM_CLUSTER_UNITS_H_
#define SIM_CLUSTER_UNITS_H_

#include <string_view>

#include "absl/status/statusor.h"

namespace sim {

// Figures with units, as people write them. Prefixes are decimal (k, M, G, T), binary ones of bytes
// have an i (KiB, MiB, GiB). What could mean two things ("25Gb", "100mb", "10G", a bare number) is
// an error that says what would be right.

// "25Gbps" (bits), or "3GB/s" (bytes): bytes per second, from one bit to 10¹⁸ bytes.
absl::StatusOr<double> ParseBandwidth(std::string_view text);
// "50us", "1.5ms", "2s", "800ns": seconds, from 0 to 10⁹.
absl::StatusOr<double> ParseDuration(std::string_view text);
// "100MB", "8KiB", "0B": bytes, from 0 to 2⁵³.
absl::StatusOr<double> ParseSize(std::string_view text);

}  // namespace sim

#endif  // SIM_CLUSTER_UNITS_H_
