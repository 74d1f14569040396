#include "sim/cluster/units.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <span>
#include <string>

#include "absl/status/status.h"

namespace sim {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr Unit kBandwidths[] = {
    {"bps", 1.0 / 8}, {"kbps", 1e3 / 8}, {"Mbps", 1e6 / 8}, {"Gbps", 1e9 / 8}, {"Tbps", 1e12 / 8},
    {"B/s", 1},       {"kB/s", 1e3},     {"KB/s", 1e3},     {"MB/s", 1e6},     {"GB/s", 1e9},
    {"TB/s", 1e12},   {"KiB/s", 1024},   {"MiB/s", 0x1p20}, {"GiB/s", 0x1p30}};
constexpr Unit kDurations[] = {{"ns", 1e-9}, {"us", 1e-6}, {"µs", 1e-6}, {"ms", 1e-3}, {"s", 1}};
constexpr Unit kSizes[] = {{"B", 1},      {"kB", 1e3},     {"KB", 1e3},
                           {"MB", 1e6},   {"GB", 1e9},     {"TB", 1e12},
                           {"KiB", 1024}, {"MiB", 0x1p20}, {"GiB", 0x1p30}};

// `most` of the unit whose factor is 1.
absl::StatusOr<double> Parse(std::string_view text, std::span<const Unit> units, double most,
                             std::string_view right) {
  const std::string terminated(text);
  const auto fail = [&](const std::string& what) {
    return absl::InvalidArgumentError("'" + terminated.substr(0, 60) + "' " + what + ": write " +
                                      std::string(right));
  };
  const bool begins = !text.empty() && ((text[0] >= '0' && text[0] <= '9') || text[0] == '.');
  if (!begins) return fail("does not begin with a number that is not negative");
  const size_t end = std::min(text.find_first_not_of("0123456789.eE+-"), text.size());
  char* parsed = nullptr;
  const double number = std::strtod(terminated.c_str(), &parsed);
  // "1e" of "1exabyte" is no number: strtod stops before it.
  const size_t used = static_cast<size_t>(parsed - terminated.c_str());
  if (used > end || !std::isfinite(number)) return fail("is no number");
  std::string_view unit = text.substr(used);
  if (!unit.empty() && unit[0] == ' ') unit.remove_prefix(1);
  if (unit.empty()) return fail("has no unit");
  for (const Unit& known : units) {
    if (unit != known.name) continue;
    const double value = number * known.factor;
    if (value > most) return fail("is too large to be meant");
    return value;
  }
  return fail("has no unit that means one thing only");
}

}  // namespace

absl::StatusOr<double> ParseBandwidth(std::string_view text) {
  constexpr std::string_view kRight = "25Gbps (bits) or 3.125GB/s (bytes)";
  absl::StatusOr<double> bandwidth = Parse(text, kBandwidths, 1e18, kRight);
  if (bandwidth.ok() && *bandwidth < kBandwidths[0].factor) {
    return absl::InvalidArgumentError("'" + std::string(text) + "' is no bandwidth: write " +
                                      std::string(kRight));
  }
  return bandwidth;
}

absl::StatusOr<double> ParseDuration(std::string_view text) {
  return Parse(text, kDurations, 1e9, "50us, 1.5ms or 2s");
}

absl::StatusOr<double> ParseSize(std::string_view text) {
  return Parse(text, kSizes, 0x1p53, "100MB, 8KiB or 0B");
}

}  // namespace sim
