#ifndef CORE_STRATEGIES_STRATEGIES_H_
#define CORE_STRATEGIES_STRATEGIES_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/strategies/ddp.h"
#include "core/strategy.h"

namespace core {

struct StrategyOptions {
  BucketLimits buckets;  // ddp
};

// All there are, as the flag --strategy names them.
const std::vector<std::string>& StrategyNames();

// One rank's strategy. An unknown name is an error that lists all.
absl::StatusOr<std::unique_ptr<Strategy>> MakeStrategy(std::string_view name,
                                                       const StrategyOptions& options);

}  // namespace core

#endif  // CORE_STRATEGIES_STRATEGIES_H_
