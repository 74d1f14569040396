#ifndef SIM_TESTING_RANDOM_SEEDS_H_
#define SIM_TESTING_RANDOM_SEEDS_H_

#include <cstdint>
#include <cstdlib>

namespace sim::testing {

// From how many seeds a test draws its worlds: as many as the environment's RANDOM_WORLDS says, or
// else `otherwise`. Sanitizers take fewer.
inline uint64_t RandomSeeds(uint64_t otherwise) {
  const char* const chosen = std::getenv("RANDOM_WORLDS");
  return chosen ? std::strtoull(chosen, nullptr, 10) : otherwise;
}

}  // namespace sim::testing

#endif  // SIM_TESTING_RANDOM_SEEDS_H_
