#ifndef CORE_STRATEGIES_STRATEGIES_H_
#define CORE_STRATEGIES_STRATEGIES_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/strategies/ddp.h"
#include "core/strategies/parameter_server.h"
#include "core/strategy.h"

namespace core {

struct StrategyOptions {
  BucketLimits buckets;           // ddp, parameter_server_overlapped
  ParameterServerOptions server;  // parameter_server
};

// All there are, as the flag --strategy names them.
const std::vector<std::string>& StrategyNames();

// One rank's strategy. An error lists all names, or says which options do not go together.
absl::StatusOr<std::unique_ptr<Strategy>> MakeStrategy(std::string_view name,
                                                       const StrategyOptions& options);

}  // namespace core

#endif  // CORE_STRATEGIES_STRATEGIES_H_
