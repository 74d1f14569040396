#ifndef BACKENDS_STEADY_CLOCK_H_
#define BACKENDS_STEADY_CLOCK_H_

#include <chrono>

#include "core/timeline.h"

namespace backends {

// Real time since the clock was made.
class SteadyClock : public core::Clock {
 public:
  core::Duration Now() const override { return std::chrono::steady_clock::now() - start_; }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace backends

#endif  // BACKENDS_STEADY_CLOCK_H_
