#include "experiments/simulation/simulation_run.h"

#include <chrono>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/records/trace.h"
#include "experiments/simulation/simulation_size.h"
#include "sim/cost/server_step.h"
#include "sim/simulate.h"

namespace experiments {
namespace {

double ImagesPerSecond(const SimulationCase& simulation, const core::Roles& roles, double step) {
  return static_cast<double>(roles.workers) * simulation.profile.batch_size / step;
}

// "host 0's " of "host 0's up-link".
std::string OwnerOf(const std::string& link) { return link.substr(0, link.rfind(' ') + 1); }

void AddLink(const SimulationCase& simulation, const sim::Simulation& result, SimulationRow& row) {
  if (result.busiest.empty()) return;
  const sim::LinkReport& link = result.busiest[0];
  row.busiest_link = link.name;
  row.link_bytes = link.bytes / simulation.steps;
  double busy = link.utilization;
  if (simulation.strategy->pulls_then_pushes) {
    // It pulls over one direction, then pushes over the other.
    for (const sim::LinkReport& other : result.busiest) {
      if (other.name != link.name && OwnerOf(other.name) == OwnerOf(link.name)) {
        busy += other.utilization;
      }
    }
  }
  row.link_busy = busy;
}

SimulationRow ClosedFormRow(const SimulationCase& simulation) {
  const core::Roles roles = RolesOf(simulation);
  const sim::ServerStep step = sim::ClosedForm(simulation.cluster, simulation.profile, roles);
  SimulationRow row;
  row.step = {.total = core::Duration(step.total()),
              // Workers that serve add and update themselves.
              .computation = core::Duration(step.compute + (roles.servers > 0 ? 0 : step.serve)),
              .communication = core::Duration(step.pull + step.push),
              .exposed = core::Duration(step.pull + step.push),
              .pull = core::Duration(step.pull),
              .push = core::Duration(step.push)};
  row.serve_seconds = step.serve;
  row.images_per_second = ImagesPerSecond(simulation, roles, step.total());
  return row;
}

void WriteTrace(const sim::Simulation& result, const std::string& path) {
  std::vector<std::string> events;
  for (const sim::RankTrace& rank : result.traces) {
    events.push_back(core::TraceEvents(rank.rank, absl::StrCat("rank ", rank.rank), rank.spans));
  }
  core::ThrowIfError(core::WriteFile(path, core::TraceFile(events)));
}

SimulationRow SimulatedRow(const SimulationCase& simulation, SimulationMethod method,
                           const std::string& trace) {
  const sim::Simulation result = sim::Simulate(
      simulation.cluster, simulation.profile, [&](int) { return MakeStrategy(simulation); },
      {.world_size = simulation.world_size,
       .steps = simulation.steps,
       .collectives = method == SimulationMethod::kFormula ? sim::CollectiveMode::kFormula
                                                           : sim::CollectiveMode::kMessages,
       .all_reduce = simulation.all_reduce,
       .trace = !trace.empty()});
  SimulationRow row;
  row.step = core::Mean(result.worker_steps);
  row.step.total = core::Duration(result.step_seconds);
  if (!result.server_steps.empty()) {
    row.serve_seconds = core::Mean(result.server_steps).computation.count();
  }
  row.images_per_second = ImagesPerSecond(simulation, result.roles, result.step_seconds);
  AddLink(simulation, result, row);
  row.events = static_cast<double>(result.events);
  row.messages = static_cast<double>(result.messages);
  row.memory_bytes = static_cast<double>(result.memory_bytes);
  if (!trace.empty()) WriteTrace(result, trace);
  return row;
}

}  // namespace

SimulationRow RunSimulation(const SimulationCase& simulation, double messages_max,
                            const std::string& trace) {
  const auto start = std::chrono::steady_clock::now();
  const core::Roles roles = RolesOf(simulation);
  const SimulationMethod method = MethodFor(simulation, messages_max);
  SimulationRow row = method == SimulationMethod::kClosedForm
                          ? ClosedFormRow(simulation)
                          : SimulatedRow(simulation, method, trace);
  row.strategy = Label(simulation);
  row.world_size = simulation.world_size;
  row.workers = roles.workers;
  row.servers = roles.servers;
  row.method = Name(method);
  const core::Profile& profile = simulation.profile;
  row.efficiency = (profile.pass + profile.update) / row.step.total.count();
  row.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return row;
}

Job SimulationJob(const SimulationCase& simulation, double messages_max, const std::string& trace) {
  const SimulationSize size = SizeOf(simulation, MethodFor(simulation, messages_max));
  return {.name = absl::StrCat(Label(simulation), ", ", simulation.world_size, " ranks"),
          .run = [simulation, messages_max,
                  trace] { return ToJson(RunSimulation(simulation, messages_max, trace)).dump(); },
          .memory_bytes = static_cast<int64_t>(size.memory_bytes)};
}

double FreeMemoryBytes() {
  if (const std::optional<double> available = core::AvailableMemoryBytes()) return *available;
  throw core::Error("/proc/meminfo does not say how much memory is available");
}

void CheckMemory(const SimulationCase& simulation, double messages_max) {
  const SimulationMethod method = MethodFor(simulation, messages_max);
  const double needed = SizeOf(simulation, method).memory_bytes;
  const double free = FreeMemoryBytes();
  if (needed <= free) return;
  std::string others;
  const sim::StrategyCalls calls = CallsOf(simulation);
  if (simulation.strategy->Takes("servers") && calls.roles.servers > 1) {
    absl::StrAppend(&others, " or fewer servers");
  }
  if (method == SimulationMethod::kMessages && !calls.step.collectives.empty()) {
    absl::StrAppend(&others, " or --collectives=formula");
  }
  throw core::Error(absl::StrFormat(
      "%s at --world-size=%d, simulated by %s, needs about %.1f GB of memory, and %.1f GB are "
      "free: take a smaller world%s",
      Label(simulation), simulation.world_size, Name(method), needed / 1e9, free / 1e9, others));
}

}  // namespace experiments
