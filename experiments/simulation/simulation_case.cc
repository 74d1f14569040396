#include "experiments/simulation/simulation_case.h"

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace experiments {

std::string Name(SimulationMethod method) {
  static constexpr const char* kNames[] = {"auto", "messages", "formula", "closed form"};
  return kNames[static_cast<size_t>(method)];
}

std::unique_ptr<core::Strategy> MakeStrategy(const SimulationCase& simulation) {
  return core::ValueOrThrow(simulation.strategy->make(simulation.options));
}

core::Roles RolesOf(const SimulationCase& simulation) {
  const std::unique_ptr<core::Strategy> strategy = MakeStrategy(simulation);
  const core::Roles roles = strategy->roles(simulation.world_size);
  if (roles.workers > 0) return roles;
  throw core::Error(absl::StrCat("--world-size=", simulation.world_size, ": ", Label(simulation),
                                 " needs at least ", strategy->servers() + 1,
                                 " ranks, one of which trains"));
}

sim::StrategyCalls CallsOf(const SimulationCase& simulation) {
  RolesOf(simulation);
  return sim::CountCalls([&] { return MakeStrategy(simulation); }, simulation.profile,
                         simulation.world_size);
}

std::string Label(const SimulationCase& simulation) {
  return core::Label(*simulation.strategy, simulation.options);
}

}  // namespace experiments
