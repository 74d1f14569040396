#ifndef CORE_STRATEGIES_STRATEGIES_H_
#define CORE_STRATEGIES_STRATEGIES_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/strategies/ddp.h"
#include "core/strategies/parameter_server.h"
#include "core/strategy.h"

namespace core {

// What flags of the programs choose; each strategy takes some of it.
struct StrategyOptions {
  BucketLimits buckets;           // --bucket-mb
  ParameterServerOptions server;  // --servers, --colocated
};

// All that programs, simulator and report know of a strategy. They take an entry and never look at
// its name but to print it; so one that is not in the table is served as well.
struct StrategyEntry {
  const char* name;                     // As --strategy has it.
  const char* title;                    // "Parameter Server"
  const char* results_file;             // That a run leaves in its output folder.
  std::vector<std::string_view> flags;  // That apply, of "bucket_mb", "servers" and "colocated".
  // One rank's strategy. An error says which options do not go together.
  absl::StatusOr<std::unique_ptr<Strategy>> (*make)(const StrategyOptions& options);
  // Whether in a step workers pull all parameters from servers that share them evenly, then
  // compute, then push all gradients, which each server sums before it updates. The first ranks
  // serve, or all do beside training. Of such a step the simulator has a closed form.
  bool pulls_then_pushes = false;

  bool Takes(std::string_view flag) const;
};

// The table. Its first is what the others are compared with.
std::span<const StrategyEntry> Strategies();

// An error lists all names.
absl::StatusOr<const StrategyEntry*> StrategyNamed(std::string_view name);

// Their names, in their order.
std::vector<std::string> StrategyNames();

// The name with what options make of it: "ddp", "parameter_server, 4 servers".
std::string Label(const StrategyEntry& strategy, const StrategyOptions& options);

// An error names a flag that was given, so that its option differs from the default, and applies to
// none of `strategies`, of which there is at least one; and says to which it does.
absl::Status CheckFlagsApply(std::span<const StrategyEntry> strategies,
                             const StrategyOptions& options);

}  // namespace core

#endif  // CORE_STRATEGIES_STRATEGIES_H_
