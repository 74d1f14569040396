#ifndef SIM_ENGINE_INSTANT_H_
#define SIM_ENGINE_INSTANT_H_

namespace sim {

// The last time, in seconds, that counts as the same instant as `now`. Rounding would else part
// what the model says happens together.
constexpr double Horizon(double now) { return now + now * 1e-12; }

}  // namespace sim

#endif  // SIM_ENGINE_INSTANT_H_
