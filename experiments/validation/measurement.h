#ifndef EXPERIMENTS_VALIDATION_MEASUREMENT_H_
#define EXPERIMENTS_VALIDATION_MEASUREMENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/strategies/strategies.h"
#include "nlohmann/json.hpp"

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
  // Of a strategy, by step, means over its training ranks.
  std::vector<double> computation;
  std::vector<double> communication;
  std::vector<double> exposed;
  std::string trace;  // A whole Chrome trace.
  // By rank: processor seconds of its process, per repetition or step.
  std::vector<double> processor_seconds;
};

nlohmann::ordered_json ToJson(const Measurement& measurement);
Measurement MeasurementFrom(const nlohmann::ordered_json& json);
nlohmann::ordered_json ToJson(const Measured& measured);
Measured MeasuredFrom(const nlohmann::ordered_json& json);

}  // namespace experiments

#endif  // EXPERIMENTS_VALIDATION_MEASUREMENT_H_
