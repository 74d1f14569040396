#include "experiments/simulation/simulation_run.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json_object.h"
#include "core/base/memory.h"
#include "core/records/fields.h"
#include "core/records/trace.h"
#include "experiments/common/job_pool.h"
#include "sim/cost/server_step.h"
#include "sim/simulate.h"

namespace experiments {
namespace {

double ImagesPerSecond(const SimulationCase& simulation, const core::Roles& roles, double step) {
  return static_cast<double>(roles.workers) * simulation.profile.batch_size / step;
}

// "host 0's " of "host 0's up-link".
std::string OwnerOf(const std::string& link) { return link.substr(0, link.rfind(' ') + 1); }

void AddLink(const SimulationCase& simulation, const sim::Simulation& result,
             core::SimulationRow& row) {
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

core::SimulationRow ClosedFormRow(const SimulationCase& simulation) {
  const core::Roles roles = RolesOf(simulation);
  const sim::ServerStep step = sim::ClosedForm(simulation.cluster, simulation.profile, roles);
  core::SimulationRow row;
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

// That programs can still have.
double FreeMemoryBytes() {
  if (const std::optional<double> available = core::AvailableMemoryBytes()) return *available;
  throw core::Error("/proc/meminfo does not say how much memory is available");
}

void WriteTrace(const sim::Simulation& result, const std::string& path) {
  std::vector<std::string> events;
  for (const sim::RankTrace& rank : result.traces) {
    events.push_back(core::TraceEvents(rank.rank, absl::StrCat("rank ", rank.rank), rank.spans));
  }
  core::ThrowIfError(core::WriteFile(path, core::TraceFile(events)));
}

core::SimulationRow SimulatedRow(const SimulationCase& simulation, SimulationMethod method) {
  const sim::Simulation result = sim::Simulate(
      simulation.cluster, simulation.profile, [&](int) { return MakeStrategy(simulation); },
      {.world_size = simulation.world_size,
       .steps = simulation.steps,
       .collectives = method == SimulationMethod::kFormula ? sim::CollectiveMode::kFormula
                                                           : sim::CollectiveMode::kMessages,
       .all_reduce = simulation.all_reduce,
       .trace = !simulation.trace.empty()});
  core::SimulationRow row;
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
  if (!simulation.trace.empty()) WriteTrace(result, simulation.trace);
  return row;
}

core::SimulationRow ReadRow(const std::string& text, const std::string& name) {
  core::SimulationRow row;
  core::JsonObject json = core::JsonObject::Parse(text, name);
  core::FieldReader::ReadRecord(json, row);
  return row;
}

}  // namespace

core::SimulationRow RunSimulation(const SimulationCase& simulation, double messages_max) {
  const auto start = std::chrono::steady_clock::now();
  const core::Roles roles = RolesOf(simulation);
  const SimulationMethod method = MethodFor(simulation, messages_max);
  core::SimulationRow row = method == SimulationMethod::kClosedForm
                                ? ClosedFormRow(simulation)
                                : SimulatedRow(simulation, method);
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

std::vector<core::SimulationRow> RunSimulations(const std::vector<SimulationCase>& cases,
                                                double messages_max, int processes,
                                                FinishedParts* parts) {
  std::vector<SimulationSize> sizes;
  for (const SimulationCase& each : cases) sizes.push_back(CheckMemory(each, messages_max));
  // What takes long comes first, so that no process is left with it at the end.
  std::vector<core::SimulationRow> rows(cases.size());
  std::vector<size_t> order;
  for (size_t i = 0; i < cases.size(); ++i) {
    const nlohmann::json* done = parts ? parts->Find(absl::StrCat(i)) : nullptr;
    if (done == nullptr) {
      order.push_back(i);
    } else {
      rows[i] = ReadRow(done->dump(), Label(cases[i]));
    }
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return sizes[a].cost > sizes[b].cost; });
  std::vector<Job> jobs;
  for (size_t i : order) {
    const SimulationCase& each = cases[i];
    jobs.push_back({.name = absl::StrCat(Label(each), ", ", each.world_size, " ranks"),
                    .run =
                        [&each, messages_max] {
                          const core::SimulationRow row = RunSimulation(each, messages_max);
                          return core::FieldWriter::ToJson(row).dump();
                        },
                    .memory_bytes = static_cast<int64_t>(sizes[i].memory_bytes)});
  }
  const bool terminal = isatty(STDERR_FILENO) == 1;
  size_t done = 0;
  RunJobs(jobs, {.processes = processes, .memory_bytes = static_cast<int64_t>(FreeMemoryBytes())},
          [&](size_t job, const std::string& result) {
            rows[order[job]] = ReadRow(result, jobs[job].name);
            if (parts) parts->Add(absl::StrCat(order[job]), nlohmann::json::parse(result));
            ++done;
            if (terminal) {
              absl::FPrintF(stderr, "\r[%d/%d] %s\033[K", done, jobs.size(), jobs[job].name);
            }
          });
  if (terminal) std::fputs("\r\033[K", stderr);
  return rows;
}

SimulationSize CheckMemory(const SimulationCase& simulation, double messages_max) {
  const SimulationMethod method = MethodFor(simulation, messages_max);
  const SimulationSize size = SizeOf(simulation, method);
  const double free = FreeMemoryBytes();
  if (size.memory_bytes <= free) return size;
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
      Label(simulation), simulation.world_size, Name(method), size.memory_bytes / 1e9, free / 1e9,
      others));
}

}  // namespace experiments
