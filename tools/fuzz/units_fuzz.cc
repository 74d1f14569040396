#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sim/cluster/units.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const double bandwidth = sim::ParseBandwidth(text).value_or(1);
  const double duration = sim::ParseDuration(text).value_or(0);
  const double bytes = sim::ParseSize(text).value_or(0);
  const bool right = bandwidth > 0 && bandwidth <= 1e18 && duration >= 0 && duration <= 1e9 &&
                     bytes >= 0 && bytes <= 0x1p53;
  if (!right) std::abort();
  return 0;
}
