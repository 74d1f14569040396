#include "sim/simulate.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/processor_time.h"
#include "core/task.h"
#include "sim/collectives/sim_communicator.h"
#include "sim/engine/chunked_vector.h"
#include "sim/engine/rank_clock.h"
#include "sim/network/network.h"
#include "sim/sim_replica.h"

namespace sim {
namespace {

constexpr size_t kBusiestMax = 8;
constexpr int kServerPeersMax = 100'000;

class Run;

// What a rank waits for when nothing moves any more; `kind` is the same for waits that differ in
// rank and peer only.
struct Wait {
  int rank;
  std::string kind;
  int peer;
};

// By rank. Throws what a collective failed of, if one did.
std::vector<Wait> AllWaits(const Network& network, const Collectives& collectives) {
  std::vector<Wait> waits;
  for (const Network::Waiting& half : network.Unmatched()) {
    const bool sends = half.side == Network::Side::kSend;
    waits.push_back({half.rank,
                     std::string(sends ? "sends" : "receives") + " (" +
                         std::string(core::Name(half.kind)) + ") " + std::to_string(half.bytes) +
                         " bytes " + (sends ? "to" : "from"),
                     half.peer});
  }
  for (const Collectives::Missing& call : collectives.Unfinished()) {
    waits.push_back({call.rank,
                     "is in " + std::string(core::Name(call.kind)) + " of " +
                         std::to_string(call.bytes) + " bytes without",
                     call.missing});
  }
  std::stable_sort(waits.begin(), waits.end(),
                   [](const Wait& a, const Wait& b) { return a.rank < b.rank; });
  return waits;
}

// All that one rank is. Its steps are started one by one, not awaited by a coroutine, which would
// be one more frame a rank.
struct Rank final : public core::Task::Observer {
  Rank(Run& run, Network& network, Collectives& collectives, const ReplicaModel& model, int rank)
      : run(run),
        state(network.engine(), rank),
        communicator(network, &collectives, state),
        replica(model, state),
        worker{communicator, replica} {}

  void OnEnd() override;

  Run& run;
  [[no_unique_address]] RankState state;
  int step = -1;  // −1: in Start.
  SimCommunicator communicator;
  SimReplica replica;
  core::Worker worker;
  std::unique_ptr<core::Strategy> strategy;
  core::Task task;  // Start or the step; none when all is done.
};

class Run {
 public:
  Run(const Cluster& cluster, const core::Profile& profile, const StrategyFactory& strategy,
      const SimulationOptions& options)
      : options_(options),
        network_(engine_, cluster, options.world_size),
        collectives_(MakeCollectives(options.collectives, options.all_reduce, network_,
                                     cluster.AddRate(profile.accumulate_bytes_per_second))),
        model_(profile, cluster) {
    for (int i = 0; i < options.world_size; ++i) AddRank(i, strategy(i));
  }

  Simulation Go() {
    for (size_t i = 0; i < ranks_.size(); ++i) {
      Rank& rank = ranks_[i];
      rank.task = rank.strategy->Start(rank.worker);
      if (rank.task.Start(rank)) GoOn(rank);
    }
    engine_.Run();
    for (size_t i = 0; i < ranks_.size(); ++i) {
      if (ranks_[i].task && ranks_[i].task.done()) ranks_[i].task.Rethrow();
    }
    CheckAllDone();
    return Collect();
  }

  // A rank's task has ended: starts the next one, and more if they end at once. A failed one stays.
  void GoOn(Rank& rank) {
    do {
      if (rank.task.failed()) return;
      if (rank.step < 0) {
        BeginSteps(rank);
      } else {
        EndStep(rank);
      }
      rank.task = core::Task();
      if (rank.step == options_.steps) return;
      rank.task = rank.strategy->Step(rank.worker);
    } while (rank.task.Start(rank));
  }

 private:
  // Of each role the first, and then every so many. A server of very many workers has too many
  // spans.
  bool IsRecorded(int rank) const {
    const int every = (options_.world_size - 1) / options_.recorded_ranks_max + 1;
    if (roles_.trains(rank)) return roles_.shard(rank) % every == 0;
    return int64_t{rank + 1} * options_.world_size <= kServerPeersMax;
  }

  void AddRank(int rank, std::unique_ptr<core::Strategy> strategy) {
    if (rank == 0) roles_ = strategy->roles(options_.world_size);
    Rank& added = ranks_.emplace_back(*this, network_, *collectives_, model_, rank);
    added.strategy = std::move(strategy);
    if (!IsRecorded(rank)) return;
    timelines_.push_back(std::make_unique<core::Timeline>(added.state.clock, options_.trace));
    added.state.timeline = timelines_.back().get();
  }

  void EndStep(Rank& rank) {
    ++rank.step;
    if (rank.state.timeline) rank.state.timeline->EndStep();
  }

  void BeginSteps(Rank& rank) {
    rank.step = 0;
    if (rank.state.timeline) rank.state.timeline->BeginSteps();
    start_ = std::max(start_, rank.state.clock.seconds());
    if (++begun_ == options_.world_size) network_.sharing().ResetBytes();
  }

  void CheckAllDone() const {
    int waiting = 0;
    for (size_t i = 0; i < ranks_.size(); ++i) waiting += ranks_[i].task ? 1 : 0;
    if (waiting == 0) return;
    throw core::Error("the simulation stopped at " + std::to_string(engine_.now()) + " s with " +
                      std::to_string(waiting) + " of " + std::to_string(ranks_.size()) +
                      " ranks waiting for ever: " + ReportWaiting());
  }

  // Each kind of wait with its first rank, that rank's step, the operation and the peer, and how
  // many more ranks wait likewise.
  std::string ReportWaiting() const {
    std::vector<std::pair<std::string, int>> lines;  // First of its kind, and how many more.
    std::map<std::string, size_t> line_of;
    for (const Wait& wait : AllWaits(network_, *collectives_)) {
      const int step = ranks_[static_cast<size_t>(wait.rank)].step;
      const std::string when = step < 0 ? "before the first step" : "step " + std::to_string(step);
      const auto [found, added] = line_of.emplace(wait.kind + when, lines.size());
      if (added) {
        lines.push_back({"rank " + std::to_string(wait.rank) + " (" + when + ") " + wait.kind +
                             " rank " + std::to_string(wait.peer),
                         0});
      } else {
        ++lines[found->second].second;
      }
    }
    std::string report;
    for (const auto& [line, more] : lines) {
      report += (report.empty() ? "" : "; ") + line;
      if (more > 0) report += " and " + std::to_string(more) + " more likewise";
    }
    return report;
  }

  Simulation Collect() {
    Simulation result;
    result.roles = roles_;
    result.start = start_;
    for (size_t i = 0; i < ranks_.size(); ++i) {
      result.end = std::max(result.end, ranks_[i].state.clock.seconds());
    }
    result.step_seconds = (result.end - result.start) / options_.steps;
    result.worker_steps = MeanSteps(roles_.first_worker(), roles_.size());
    result.server_steps = MeanSteps(0, roles_.servers);
    result.busiest = Busiest(result.end - result.start);
    for (size_t i = 0; options_.trace && i < ranks_.size(); ++i) {
      const core::Timeline* timeline = ranks_[i].state.timeline;
      if (timeline) result.traces.push_back({static_cast<int>(i), timeline->trace()});
    }
    result.messages = network_.message_count();
    result.events = engine_.event_count() + network_.message_count();
    result.memory_bytes = core::PeakMemoryBytes();
    return result;
  }

  // Over the recorded ones of the ranks from `first` to before `end`.
  std::vector<core::Breakdown> MeanSteps(int first, int end) {
    std::vector<core::Breakdown> sums;
    int count = 0;
    for (int rank = first; rank < end; ++rank) {
      core::Timeline* const timeline = ranks_[static_cast<size_t>(rank)].state.timeline;
      if (!timeline) continue;
      const std::vector<core::Breakdown> steps = timeline->TakeSteps();
      sums.resize(steps.size());
      for (size_t step = 0; step < steps.size(); ++step) sums[step] += steps[step];
      ++count;
    }
    for (core::Breakdown& sum : sums) sum /= count;
    return sums;
  }

  std::vector<LinkReport> Busiest(double seconds) {
    const FairSharing& sharing = network_.sharing();
    std::vector<std::pair<double, uint32_t>> links;  // The busiest so far, by −utilization.
    for (uint32_t link = 0; link < sharing.link_count(); ++link) {
      const double utilization = sharing.bytes(link) / (sharing.capacity(link) * seconds);
      const std::pair<double, uint32_t> entry(-utilization, link);
      if (links.size() == kBusiestMax && links.back() < entry) continue;
      if (links.size() == kBusiestMax) links.pop_back();
      links.insert(std::upper_bound(links.begin(), links.end(), entry), entry);
    }
    std::vector<LinkReport> reports;
    for (const auto& [less_utilization, link] : links) {
      reports.push_back(
          {network_.topology().LinkName(link), sharing.bytes(link), -less_utilization});
    }
    return reports;
  }

  const SimulationOptions options_;
  Engine engine_;
  Network network_;
  const std::unique_ptr<Collectives> collectives_;
  const ReplicaModel model_;
  std::vector<std::unique_ptr<core::Timeline>> timelines_;  // Of recorded ranks.
  ChunkedVector<Rank> ranks_;
  core::Roles roles_;
  int begun_ = 0;     // Ranks that are done with Start.
  double start_ = 0;  // When the last of them was.
};

void Rank::OnEnd() { run.GoOn(*this); }

}  // namespace

Simulation Simulate(const Cluster& cluster, const core::Profile& profile,
                    const StrategyFactory& strategy, const SimulationOptions& options) {
  const double cpu_start = core::ProcessorSeconds();
  Simulation result = Run(cluster, profile, strategy, options).Go();
  result.cpu_seconds = core::ProcessorSeconds() - cpu_start;
  return result;
}

}  // namespace sim
