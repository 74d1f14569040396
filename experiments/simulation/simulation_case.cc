#include "experiments/simulation/simulation_case.h"

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace experiments {

std::string Name(SimulationMethod method) {
  switch (method) {
    case SimulationMethod::kAutomatic:
      return "auto";
    case SimulationMethod::kMessages:
      return "messages";
    case SimulationMethod::kFormula:
      return "formula";
    case SimulationMethod::kClosedForm:
      return "closed form";
  }
  return "";
}

bool HasServers(const SimulationCase& simulation) {
  return simulation.strategy.starts_with("parameter_server");
}

bool HasDedicatedServers(const SimulationCase& simulation) {
  return HasServers(simulation) && !simulation.options.server.colocated;
}

bool CanShareModel(const SimulationCase& simulation) {
  return simulation.strategy == "parameter_server" && !simulation.options.server.colocated;
}

RankCounts CountRanks(const SimulationCase& simulation) {
  const auto strategy =
      core::ValueOrThrow(core::MakeStrategy(simulation.strategy, simulation.options));
  RankCounts ranks;
  for (int rank = 0; rank < simulation.world_size; ++rank) {
    const bool serves = strategy->role(rank, simulation.world_size) == core::Role::kServer;
    ++(serves ? ranks.servers : ranks.workers);
  }
  if (ranks.workers == 0) {
    throw core::Error(absl::StrCat("--world-size=", simulation.world_size, ": ", Label(simulation),
                                   " needs at least ", ranks.servers + 1,
                                   " ranks, one of which trains"));
  }
  return ranks;
}

std::string Label(const SimulationCase& simulation) {
  if (simulation.strategy != "parameter_server") return simulation.strategy;
  if (simulation.options.server.colocated) return simulation.strategy + ", colocated";
  const int servers = simulation.options.server.servers;
  return absl::StrCat(simulation.strategy, ", ", servers, servers == 1 ? " server" : " servers");
}

}  // namespace experiments
