#include "experiments/simulation/simulation_size.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/error.h"
#include "core/collectives/direct_exchange.h"
#include "core/collectives/double_tree.h"
#include "core/collectives/segmented_ring.h"
#include "core/strategies/ddp.h"
#include "experiments/simulation/simulation_closed_form.h"

namespace experiments {
namespace {

// Measured, in worlds of 64 to a million ranks, and rounded up by a fifth or more: see
// simulation_memory_test.
constexpr double kBaseBytes = 16e6;          // Of the process.
constexpr double kRankBytes = 900;           // Of a rank that waits.
constexpr double kParameterBytes = 6;        // Of each parameter, in a rank that has buckets.
constexpr double kCollectiveBytes = 240;     // Of a rank's collective that others wait for.
constexpr double kServerMessageBytes = 630;  // Of a message to or from a server.
constexpr core::DataType kType = core::DataType::kFloat32;

bool HasBuckets(const SimulationCase& simulation) {
  return simulation.strategy == "ddp" || simulation.strategy == "parameter_server_overlapped";
}

std::vector<core::Bucket> BucketsOf(const SimulationCase& simulation) {
  return core::MakeBuckets(core::ExtentsOf(simulation.profile), simulation.options.buckets);
}

// Elements of the all-reduces of a step.
std::vector<int64_t> AllReduces(const SimulationCase& simulation) {
  std::vector<int64_t> counts;
  if (simulation.strategy == "all_reduce") {
    for (const core::ProfiledGradient& gradient : simulation.profile.gradients) {
      counts.push_back(gradient.elements);
    }
  }
  if (simulation.strategy == "ddp") {
    for (const core::Bucket& bucket : BucketsOf(simulation)) counts.push_back(bucket.extent.count);
  }
  return counts;
}

core::ExchangePlan ExchangeOf(const SimulationCase& simulation, int64_t count) {
  return core::PlanExchange(core::SpanKind::kAllReduce, count, kType, simulation.world_size);
}

// Of both trees together.
double TreeSegments(int64_t count) {
  const int64_t half = (count + 1) / 2;
  const int64_t length = core::DoubleTreeSegmentLength(half, kType);
  return std::ceil(static_cast<double>(half) / static_cast<double>(length)) +
         std::ceil(static_cast<double>(count - half) / static_cast<double>(length));
}

double MessagesOfAllReduce(const SimulationCase& simulation, int64_t count) {
  const double size = simulation.world_size;
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
      return 2 * (size - 1) * TreeSegments(count);
    case core::AllReduceAlgorithm::kDirectExchange: {
      const core::ExchangePlan cut = ExchangeOf(simulation, count);
      return (cut.one_hop ? 1 : 2) * (size - 1) * size * static_cast<double>(cut.segments);
    }
  }
  return 0;
}

// Messages of direct exchanges of so many elements that one rank has with one other at a time: what
// fits into one hop does not wait, of the rest a few segments are under way.
double ExchangesUnderWay(const SimulationCase& simulation, const std::vector<int64_t>& counts) {
  int64_t one_hop = 0, segments = 0;
  for (int64_t count : counts) {
    const core::ExchangePlan cut = ExchangeOf(simulation, count);
    (cut.one_hop ? one_hop : segments) += cut.segments;
  }
  return static_cast<double>(one_hop +
                             2 * std::min(segments, core::DirectExchange::kSegmentsAhead));
}

// Of a rank's part in collectives that are messages. With no all-reduces there is the broadcast of
// the start alone, which is a tree but for direct exchanges.
double CollectiveRankBytes(const SimulationCase& simulation, const std::vector<int64_t>& counts) {
  constexpr double kOwnBytes = 1000;
  constexpr double kMessageBytes = 450;
  constexpr double kTreeBytes = 10'000, kTreeSegmentBytes = 150;
  const double few = kOwnBytes + 4 * kMessageBytes;
  switch (simulation.all_reduce.algorithm) {
    case core::AllReduceAlgorithm::kHalvingDoubling:
      return few + kMessageBytes * std::bit_width(static_cast<unsigned>(simulation.world_size));
    case core::AllReduceAlgorithm::kDoubleTree: {
      if (counts.empty()) return few;
      const int64_t largest = *std::max_element(counts.begin(), counts.end());
      return kOwnBytes + kTreeBytes + kTreeSegmentBytes * TreeSegments(largest);
    }
    case core::AllReduceAlgorithm::kDirectExchange: {
      const std::vector<int64_t> broadcast = {simulation.profile.parameters};
      return kOwnBytes + kMessageBytes * simulation.world_size *
                             ExchangesUnderWay(simulation, counts.empty() ? broadcast : counts);
    }
    default:
      return few;
  }
}

// Messages between workers and servers in a step, all of which a server starts at once.
double ServerMessages(const SimulationCase& simulation) {
  const double size = simulation.world_size;
  if (simulation.options.server.colocated) return 2 * size * (size - 1);
  const RankCounts ranks = CountRanks(simulation);
  const double parts =
      HasBuckets(simulation) ? static_cast<double>(BucketsOf(simulation).size()) : 1;
  return 2.0 * ranks.workers * ranks.servers * parts;
}

// Of the broadcast with which all but the plain parameter server start.
double BroadcastMessages(const SimulationCase& simulation) {
  const core::ParameterServerOptions& server = simulation.options.server;
  if (simulation.strategy == "parameter_server" && !server.colocated && server.servers == 1) {
    return 0;
  }
  if (simulation.all_reduce.algorithm != core::AllReduceAlgorithm::kDirectExchange) {
    return simulation.world_size;
  }
  return MessagesOfAllReduce(simulation, simulation.profile.parameters) / 2;
}

}  // namespace

SimulationSize SizeOf(const SimulationCase& simulation, SimulationMethod method) {
  if (method == SimulationMethod::kClosedForm) return {0, kBaseBytes};
  const double size = simulation.world_size;
  const std::vector<int64_t> counts = AllReduces(simulation);
  double rank_bytes = kRankBytes + kCollectiveBytes * static_cast<double>(counts.size());
  if (HasBuckets(simulation)) {
    rank_bytes += kParameterBytes * static_cast<double>(simulation.profile.gradients.size());
  }
  SimulationSize result;
  if (HasServers(simulation)) result.messages = ServerMessages(simulation);
  result.memory_bytes = kBaseBytes + kServerMessageBytes * result.messages;
  const double broadcast = BroadcastMessages(simulation);
  if (method != SimulationMethod::kFormula && broadcast > 0) {
    for (int64_t count : counts) result.messages += MessagesOfAllReduce(simulation, count);
    rank_bytes += CollectiveRankBytes(simulation, counts);
  }
  result.messages = result.messages * simulation.steps + broadcast;
  result.memory_bytes += rank_bytes * size;
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
