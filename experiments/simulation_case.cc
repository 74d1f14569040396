#include "experiments/simulation_case.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/algorithms/direct_exchange.h"
#include "core/algorithms/segmented_ring.h"
#include "core/error.h"
#include "core/strategies/ddp.h"
#include "experiments/simulation_closed_form.h"

namespace experiments {
namespace {

constexpr double kBaseBytes = 16e6;          // Of the process.
constexpr double kRankBytes = 2000;          // Of a rank that waits.
constexpr double kConnectionBytes = 450;     // Between two ranks, with a message under way.
constexpr double kBucketParameterBytes = 6;  // Of each parameter in a rank of ddp.

// Elements of the all-reduces of a step.
std::vector<int64_t> AllReduces(const SimulationCase& simulation) {
  std::vector<int64_t> counts;
  std::vector<core::Extent> extents(simulation.profile.gradients.size());
  for (const core::ProfiledGradient& gradient : simulation.profile.gradients) {
    extents[static_cast<size_t>(gradient.parameter)].count = gradient.elements;
    if (simulation.strategy == "all_reduce") counts.push_back(gradient.elements);
  }
  if (simulation.strategy != "ddp") return counts;
  for (const core::Bucket& bucket : core::MakeBuckets(extents, simulation.options.buckets)) {
    int64_t count = 0;
    for (int i = bucket.first; i <= bucket.last; ++i) {
      count += extents[static_cast<size_t>(i)].count;
    }
    counts.push_back(count);
  }
  return counts;
}

double MessagesOfAllReduce(const SimulationCase& simulation, int64_t count) {
  const double size = simulation.world_size;
  constexpr core::DataType kType = core::DataType::kFloat32;
  constexpr double kTreeSegmentBytes = 512 << 10;
  switch (simulation.all_reduce.algorithm) {
    case core::AllReduceAlgorithm::kRing:
      return 2 * (size - 1) * size;
    case core::AllReduceAlgorithm::kSegmentedRing: {
      const core::Segments segments = core::CutIntoSegments(count, kType, simulation.world_size);
      return 2 * (size - 1) * size * static_cast<double>(segments.per_rank);
    }
    case core::AllReduceAlgorithm::kHalvingDoubling:
      return 2 * size * std::ceil(std::log2(size));
    case core::AllReduceAlgorithm::kDoubleTree:
      return 2 * size * (2 + std::ceil(4.0 * static_cast<double>(count) / kTreeSegmentBytes));
    case core::AllReduceAlgorithm::kDirectExchange: {
      const core::Exchange cut =
          core::CutForExchange(core::SpanKind::kAllReduce, count, kType, simulation.world_size);
      return (cut.one_hop ? 1 : 2) * (size - 1) * size * static_cast<double>(cut.segments);
    }
  }
  return 0;
}

// Peers that a rank exchanges messages with in an all-reduce, about.
double PeersOf(const SimulationCase& simulation) {
  switch (simulation.all_reduce.algorithm) {
    case core::AllReduceAlgorithm::kHalvingDoubling:
      return std::bit_width(static_cast<unsigned>(simulation.world_size));
    case core::AllReduceAlgorithm::kDirectExchange:
      return 2.0 * simulation.world_size;  // Once for pieces, once for sums.
    default:
      return 4;
  }
}

double ServerConnections(const SimulationCase& simulation) {
  const double size = simulation.world_size;
  if (simulation.options.server.colocated) return 2 * size * (size - 1);
  const RankCounts ranks = CountRanks(simulation);
  return 2.0 * ranks.workers * ranks.servers;
}

}  // namespace

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
  const auto strategy = core::MakeStrategy(simulation.strategy, simulation.options);
  if (!strategy.ok()) throw core::Error(std::string(strategy.status().message()));
  RankCounts ranks;
  for (int rank = 0; rank < simulation.world_size; ++rank) {
    const bool serves = (*strategy)->role(rank, simulation.world_size) == core::Role::kServer;
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

SimulationSize SizeOf(const SimulationCase& simulation, SimulationMethod method) {
  if (method == SimulationMethod::kClosedForm) return {0, kBaseBytes};
  const double size = simulation.world_size;
  SimulationSize result{0, kBaseBytes + kRankBytes * size};
  if (simulation.strategy == "ddp") {
    const double parameters = static_cast<double>(simulation.profile.gradients.size());
    result.memory_bytes += kBucketParameterBytes * parameters * size;
  }
  double connections = 0;
  if (HasServers(simulation)) {
    connections = ServerConnections(simulation);
    result.messages = connections;
  } else if (method != SimulationMethod::kFormula) {
    for (int64_t count : AllReduces(simulation)) {
      result.messages += MessagesOfAllReduce(simulation, count);
    }
    connections = PeersOf(simulation) * size;
  }
  result.messages *= simulation.steps;
  result.memory_bytes += kConnectionBytes * connections;
  return result;
}

SimulationMethod MethodFor(const SimulationCase& simulation, double messages_max) {
  if (simulation.method != SimulationMethod::kAutomatic) return simulation.method;
  const double messages = SizeOf(simulation, SimulationMethod::kMessages).messages;
  if (messages <= messages_max) return SimulationMethod::kMessages;
  if (!HasServers(simulation)) return SimulationMethod::kFormula;
  const std::string reason = WhyNoClosedForm(simulation);
  if (reason.empty()) return SimulationMethod::kClosedForm;
  throw core::Error(absl::StrFormat(
      "%s at --world-size=%d: a run of %d steps has %.2g messages, more than the %.2g that are "
      "simulated one by one, and the closed form does not serve (%s): take fewer steps or servers, "
      "or --collectives=messages",
      Label(simulation), simulation.world_size, simulation.steps, messages, messages_max, reason));
}

}  // namespace experiments
