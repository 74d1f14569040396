#ifndef SIM_CLUSTER_COUNTER_RANDOM_H_
#define SIM_CLUSTER_COUNTER_RANDOM_H_

#include <cmath>
#include <cstdint>
#include <numbers>

namespace sim {

// What a random number is drawn for.
enum class Draw : uint64_t { kSlowLink, kStraggler, kJitter };

// Random numbers that are a function of seed, purpose, index and step, whatever is drawn before: no
// rank has a generator to keep, and one rank's draws do not move another's.
class CounterRandom {
 public:
  CounterRandom(uint64_t seed, Draw draw, int64_t index, int64_t step = 0) : state_(seed) {
    for (uint64_t part :
         {static_cast<uint64_t>(draw), static_cast<uint64_t>(index), static_cast<uint64_t>(step)}) {
      state_ = Next() ^ part;
    }
  }

  // In [0, 1).
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

  // Mean 0, variance 1 (Box and Muller 1958).
  double Normal() {
    const double radius = std::sqrt(-2 * std::log(1 - Uniform()));
    return radius * std::cos(2 * std::numbers::pi * Uniform());
  }

 private:
  // SplitMix64 (Steele, Lea, Flood 2014).
  uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

  uint64_t state_;
};

}  // namespace sim

#endif  // SIM_CLUSTER_COUNTER_RANDOM_H_
