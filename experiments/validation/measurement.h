#ifndef EXPERIMENTS_VALIDATION_MEASUREMENT_H_
#define EXPERIMENTS_VALIDATION_MEASUREMENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/strategies/strategies.h"
#include "nlohmann/json.hpp"

// As JSON, all of this goes from one program to another of the same build, and is no file for
// people.
namespace core {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(BucketLimits, first_bytes, bytes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ParameterServerOptions, servers, colocated)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StrategyOptions, buckets, server)

}  // namespace core

namespace experiments {

// What the ranks of one group of hosts are to measure.
struct Measurement {
  enum class Kind {
    kPingPong,    // Ranks 0 and 1 send each other a message in turn; one round.
    kStream,      // Rank 0 sends rank 1 many messages at once, which answers when it has all.
    kFanIn,       // All others send rank 0 a message together.
    kAccumulate,  // Rank 0 alone adds a vector to another.
    kUpdate,      // Rank 0 alone updates parameters.
    kStrategy,    // Steps of a strategy with a replayed profile.
  };
  Kind kind = Kind::kPingPong;
  int64_t bytes = 0;     // Of a message or vector.
  int count = 1;         // Repetitions or steps.
  int64_t messages = 1;  // Of a stream.
  // Of kStrategy.
  std::string strategy;
  core::StrategyOptions options;
  std::string profile;  // A file.
};

// What was measured.
struct Measured {
  // Seconds of each repetition; of each step of a strategy, from when the last rank had ended the
  // step before to when the last one had ended this one.
  std::vector<double> seconds;
  std::vector<double> exposed;  // Of a strategy, by step, the mean over its training ranks.
  std::string trace;            // A whole Chrome trace.
  // By rank: processor seconds of its process, per repetition or step.
  std::vector<double> processor_seconds;
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Measurement, kind, bytes, count, messages, strategy, options,
                                   profile)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Measured, seconds, exposed, trace, processor_seconds)

}  // namespace experiments

#endif  // EXPERIMENTS_VALIDATION_MEASUREMENT_H_
