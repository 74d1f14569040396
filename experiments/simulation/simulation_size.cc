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
#include "sim/cost/server_step.h"

namespace experiments {
namespace {

// Measured, in worlds of 64 to a million ranks, and rounded up by a fifth or more: see
// simulation_memory_test.
constexpr double kBaseBytes = 16e6;            // Of the process.
constexpr double kRankBytes = 900;             // Of a rank that waits.
constexpr double kParameterBytes = 6;          // Of each parameter, in a rank that has buckets.
constexpr double kCollectiveBytes = 240;       // Of a rank's collective that others wait for.
constexpr double kStrategyMessageBytes = 630;  // Of a message that a strategy sends itself.
constexpr core::DataType kType = core::DataType::kFloat32;

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

double MessagesOf(const SimulationCase& simulation, const sim::CountedCollective& collective) {
  const double all_reduce = MessagesOfAllReduce(simulation, collective.elements);
  if (collective.kind == core::SpanKind::kAllReduce) return all_reduce;
  const bool tree = collective.kind == core::SpanKind::kBroadcast &&
                    simulation.all_reduce.algorithm != core::AllReduceAlgorithm::kDirectExchange;
  return tree ? simulation.world_size : all_reduce / 2;
}

double MessagesOf(const SimulationCase& simulation,
                  const std::vector<sim::CountedCollective>& collectives) {
  double messages = 0;
  for (const sim::CountedCollective& each : collectives) messages += MessagesOf(simulation, each);
  return messages;
}

// Messages of these direct exchanges that one rank has with one other at a time: what fits into one
// hop does not wait, of the rest a few segments are under way.
double ExchangesUnderWay(const SimulationCase& simulation,
                         const std::vector<sim::CountedCollective>& collectives) {
  int64_t one_hop = 0, segments = 0;
  for (const sim::CountedCollective& each : collectives) {
    const core::ExchangePlan cut = ExchangeOf(simulation, each.elements);
    (cut.one_hop ? one_hop : segments) += cut.segments;
  }
  return static_cast<double>(one_hop +
                             2 * std::min(segments, core::DirectExchange::kSegmentsAhead));
}

// Of a rank's part in collectives that are messages. Where there are none in a step there is what
// the start has: a broadcast, which is a tree but for direct exchanges.
double CollectiveRankBytes(const SimulationCase& simulation, const sim::StrategyCalls& calls) {
  constexpr double kOwnBytes = 1000;
  constexpr double kMessageBytes = 450;
  constexpr double kTreeBytes = 10'000, kTreeSegmentBytes = 150;
  const double few = kOwnBytes + 4 * kMessageBytes;
  const auto& collectives =
      calls.step.collectives.empty() ? calls.start.collectives : calls.step.collectives;
  if (collectives.empty()) return 0;
  switch (simulation.all_reduce.algorithm) {
    case core::AllReduceAlgorithm::kHalvingDoubling:
      return few + kMessageBytes * std::bit_width(static_cast<unsigned>(simulation.world_size));
    case core::AllReduceAlgorithm::kDoubleTree: {
      if (calls.step.collectives.empty()) return few;
      int64_t largest = 0;
      for (const auto& each : collectives) largest = std::max(largest, each.elements);
      return kOwnBytes + kTreeBytes + kTreeSegmentBytes * TreeSegments(largest);
    }
    case core::AllReduceAlgorithm::kDirectExchange:
      return kOwnBytes +
             kMessageBytes * simulation.world_size * ExchangesUnderWay(simulation, collectives);
    default:
      return few;
  }
}

SimulationSize SizeOf(const SimulationCase& simulation, SimulationMethod method,
                      const sim::StrategyCalls& calls) {
  const size_t collectives = calls.step.collectives.size();
  const double cost = static_cast<double>(std::max<size_t>(10, collectives)) * calls.roles.size();
  if (method == SimulationMethod::kClosedForm) return {0, kBaseBytes, cost};
  double rank_bytes = kRankBytes + kCollectiveBytes * static_cast<double>(collectives);
  if (calls.step.overlaps) {
    rank_bytes += kParameterBytes * static_cast<double>(simulation.profile.gradients.size());
  }
  double start = calls.start.messages, step = calls.step.messages;
  // A server starts all messages of a step at once.
  const double at_once = std::max(start, step);
  if (method != SimulationMethod::kFormula) {
    start += MessagesOf(simulation, calls.start.collectives);
    step += MessagesOf(simulation, calls.step.collectives);
    rank_bytes += CollectiveRankBytes(simulation, calls);
  }
  return {.messages = start + step * simulation.steps,
          .memory_bytes =
              kBaseBytes + kStrategyMessageBytes * at_once + rank_bytes * calls.roles.size(),
          .cost = cost};
}

}  // namespace

SimulationSize SizeOf(const SimulationCase& simulation, SimulationMethod method) {
  return SizeOf(simulation, method, CallsOf(simulation));
}

SimulationMethod MethodFor(const SimulationCase& simulation, double messages_max) {
  if (simulation.method != SimulationMethod::kAutomatic) return simulation.method;
  const sim::StrategyCalls calls = CallsOf(simulation);
  const double messages = SizeOf(simulation, SimulationMethod::kMessages, calls).messages;
  for (SimulationMethod method : {SimulationMethod::kMessages, SimulationMethod::kFormula}) {
    if (SizeOf(simulation, method, calls).messages <= messages_max) return method;
  }
  const std::string reason = simulation.strategy->pulls_then_pushes
                                 ? sim::WhyNoClosedForm(simulation.cluster)
                                 : "there is none of it";
  if (reason.empty()) return SimulationMethod::kClosedForm;
  throw core::Error(absl::StrFormat(
      "%s at --world-size=%d: a run of %d steps has %.2g messages, more than the %.2g that are "
      "simulated one by one, and the closed form does not serve (%s): take fewer steps or servers, "
      "or --collectives=messages",
      Label(simulation), simulation.world_size, simulation.steps, messages, messages_max, reason));
}

}  // namespace experiments
