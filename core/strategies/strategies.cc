#include "core/strategies/strategies.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/strategies/all_reduce.h"
#include "core/strategies/overlapped_parameter_server.h"

namespace core {

const std::vector<std::string>& StrategyNames() {
  static const auto* names = new std::vector<std::string>{"ddp", "all_reduce", "parameter_server",
                                                          "parameter_server_overlapped"};
  return *names;
}

absl::StatusOr<std::unique_ptr<Strategy>> MakeStrategy(std::string_view name,
                                                       const StrategyOptions& options) {
  if (name == "ddp") return std::make_unique<DistributedDataParallel>(options.buckets);
  if (name == "all_reduce") return std::make_unique<ManualAllReduce>();
  if (name == "parameter_server_overlapped") {
    return std::make_unique<OverlappedParameterServer>(options.buckets);
  }
  if (name == "parameter_server") {
    if (options.server.servers < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("--servers=", options.server.servers, ": at least 1 is needed"));
    }
    if (options.server.colocated && options.server.servers != 1) {
      return absl::InvalidArgumentError(
          "--servers and --colocated: every rank serves with the latter, so leave one out");
    }
    return std::make_unique<ParameterServer>(options.server);
  }
  return absl::InvalidArgumentError(absl::StrCat("unknown strategy \"", std::string(name),
                                                 "\": one of ",
                                                 absl::StrJoin(StrategyNames(), ", ")));
}

}  // namespace core
