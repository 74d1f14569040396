#include "experiments/validation/measure.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "backends/replay/replay_replica.h"
#include "core/base/error.h"
#include "core/base/processor_time.h"
#include "core/records/profile.h"
#include "core/records/trace.h"
#include "core/task.h"
#include "experiments/training/gather_text.h"

namespace experiments {
namespace {

constexpr core::SpanKind kKind = core::SpanKind::kPush;

core::Task Barrier(core::Communicator& communicator) {
  double nothing = 0;
  core::Work work = communicator.AllReduce({&nothing, 1, core::DataType::kFloat64});
  co_await work;
}

core::Task PingPong(core::Communicator& communicator, core::Buffer data) {
  if (communicator.rank() > 1) co_return;
  const int peer = 1 - communicator.rank();
  for (int turn = 0; turn < 2; ++turn) {
    core::Work work = communicator.rank() == turn ? communicator.Send(data, peer, kKind)
                                                  : communicator.Receive(data, peer, kKind);
    co_await work;
  }
}

core::Task Stream(core::Communicator& communicator, core::Buffer data, int64_t messages) {
  if (communicator.rank() > 1) co_return;
  const int peer = 1 - communicator.rank();
  const bool sends = communicator.rank() == 0;
  std::vector<core::Work> works;
  for (int64_t i = 0; i < messages; ++i) {
    works.push_back(sends ? communicator.Send(data, peer, kKind)
                          : communicator.Receive(data, peer, kKind));
  }
  for (core::Work& work : works) co_await work;
  core::Work answer =
      sends ? communicator.Receive(data, peer, kKind) : communicator.Send(data, peer, kKind);
  co_await answer;
}

core::Task FanIn(core::Communicator& communicator, std::vector<std::vector<float>>& vectors) {
  std::vector<core::Work> works;
  if (communicator.rank() > 0) {
    works.push_back(communicator.Send(core::View(vectors[0]), 0, kKind));
  }
  for (int peer = 1; communicator.rank() == 0 && peer < communicator.size(); ++peer) {
    works.push_back(
        communicator.Receive(core::View(vectors[static_cast<size_t>(peer - 1)]), peer, kKind));
  }
  for (core::Work& work : works) co_await work;
}

// One repetition, on every rank.
using Repetition = std::function<core::Task()>;

core::Task Repeat(core::Communicator& communicator, core::Timeline& timeline, int count,
                  const Repetition& repetition, std::vector<double>& seconds) {
  for (int i = 0; i < count; ++i) {
    co_await Barrier(communicator);
    const core::Duration start = timeline.Now();
    co_await repetition();
    seconds.push_back((timeline.Now() - start).count());
  }
}

// Vectors of `elements` elements each, with memory behind them.
std::vector<std::vector<float>> Vectors(int count, int64_t elements) {
  return std::vector<std::vector<float>>(static_cast<size_t>(count),
                                         std::vector<float>(static_cast<size_t>(elements), 1.0f));
}

// A profile of one gradient, to compute on.
core::Profile ProfileOfSize(int64_t elements) {
  return {.batch_size = 1,
          .parameters = elements,
          .gradients = {{.parameter = 0, .elements = elements}}};
}

core::Task Compute(core::Replica& replica, Measurement::Kind kind, core::Buffer addend) {
  core::Work work = kind == Measurement::Kind::kUpdate
                        ? replica.Update(replica.gradients(), 1.0f)
                        : replica.Accumulate(addend, replica.gradients());
  co_await work;
}

core::Task AllGather(core::Communicator& communicator, std::vector<double>& all) {
  core::Work gathered = communicator.AllGather(core::View(all));
  co_await gathered;
}

// Brings `values`, as many on every rank, together: rank after rank.
std::vector<double> Gather(core::Communicator& communicator, const std::vector<double>& values) {
  const size_t count = values.size();
  std::vector<double> all(count * static_cast<size_t>(communicator.size()));
  std::copy(values.begin(), values.end(),
            all.begin() + static_cast<ptrdiff_t>(count) * communicator.rank());
  core::RunToEnd(AllGather(communicator, all));
  return all;
}

// Of each rank since its `start`, by repetition.
std::vector<double> ProcessorSecondsSince(double start, core::Communicator& communicator,
                                          int count) {
  return Gather(communicator, {(core::ProcessorSeconds() - start) / count});
}

// Owns the communicator: should it fail, it goes before the memory that it may still write into.
using Owned = std::unique_ptr<core::Communicator>;

Measured MeasurePart(Owned given, core::Timeline& timeline, const Measurement& measurement) {
  const int64_t elements = measurement.bytes / core::SizeOf(core::DataType::kFloat32);
  auto vectors = Vectors(std::max(1, given->size() - 1), elements);
  const core::Profile profile = ProfileOfSize(elements);
  backends::ReplayReplica replica(profile, timeline);
  const Owned owned = std::move(given);
  core::Communicator& communicator = *owned;
  const double start = core::ProcessorSeconds();
  const core::Buffer addend = replica.Allocate(elements);
  const auto repetition = [&]() -> core::Task {
    switch (measurement.kind) {
      case Measurement::Kind::kPingPong:
        return PingPong(communicator, core::View(vectors[0]));
      case Measurement::Kind::kStream:
        return Stream(communicator, core::View(vectors[0]), measurement.messages);
      case Measurement::Kind::kFanIn:
        return FanIn(communicator, vectors);
      default:
        return Compute(replica, measurement.kind, addend);
    }
  };
  Measured measured;
  core::RunToEnd(Repeat(communicator, timeline, measurement.count, repetition, measured.seconds));
  measured.processor_seconds = ProcessorSecondsSince(start, communicator, measurement.count);
  return measured;
}

// `ends`: when each step ended, in seconds since all ranks began.
core::Task Steps(core::Worker& worker, core::Strategy& strategy, core::Timeline& timeline,
                 int steps, std::vector<double>& ends) {
  co_await strategy.Start(worker);
  co_await Barrier(worker.communicator);
  const core::Duration start = timeline.Now();
  timeline.BeginSteps();
  for (int step = 0; step < steps; ++step) {
    co_await strategy.Step(worker);
    timeline.EndStep();
    ends.push_back((timeline.Now() - start).count());
  }
}

// From when each rank ended its steps to how long the steps took for all of them together.
std::vector<double> StepSeconds(const std::vector<double>& ends, size_t steps) {
  std::vector<double> seconds;
  double last = 0;
  for (size_t step = 0; step < steps; ++step) {
    double end = 0;
    for (size_t i = step; i < ends.size(); i += steps) end = std::max(end, ends[i]);
    seconds.push_back(end - last);
    last = end;
  }
  return seconds;
}

// Exposed communication by step, the mean over the ranks that train.
std::vector<double> MeanExposed(core::Communicator& communicator, const core::Strategy& strategy,
                                const std::vector<core::Breakdown>& steps) {
  std::vector<double> own;
  for (const core::Breakdown& step : steps) own.push_back(step.exposed.count());
  const std::vector<double> all = Gather(communicator, own);
  std::vector<double> means(steps.size(), 0.0);
  const core::Roles roles = strategy.roles(communicator.size());
  for (int rank = roles.first_worker(); rank < roles.size(); ++rank) {
    for (size_t i = 0; i < means.size(); ++i) {
      means[i] += all[static_cast<size_t>(rank) * means.size() + i];
    }
  }
  for (double& mean : means) mean /= roles.workers;
  return means;
}

Measured MeasureStrategy(Owned given, core::Timeline& timeline, const Measurement& measurement) {
  const core::Profile profile = core::ReadProfile(measurement.profile);
  const std::unique_ptr<core::Strategy> strategy = core::ValueOrThrow(
      core::ValueOrThrow(core::StrategyNamed(measurement.strategy))->make(measurement.options));
  backends::ReplayReplica replica(profile, timeline);
  TextGathering traces;
  const Owned owned = std::move(given);
  core::Communicator& communicator = *owned;
  const double start = core::ProcessorSeconds();
  core::Worker worker{communicator, replica};
  std::vector<double> ends;
  core::RunToEnd(Steps(worker, *strategy, timeline, measurement.count, ends));

  const std::vector<core::Breakdown> steps = timeline.TakeSteps();
  Measured measured;
  measured.processor_seconds = ProcessorSecondsSince(start, communicator, measurement.count);
  measured.seconds = StepSeconds(Gather(communicator, ends), steps.size());
  measured.exposed = MeanExposed(communicator, *strategy, steps);
  const int rank = communicator.rank();
  core::RunToEnd(
      traces.Run(communicator, core::TraceEvents(rank, absl::StrCat("rank ", rank), timeline)));
  if (rank == 0) measured.trace = core::TraceFile(traces.texts());
  return measured;
}

}  // namespace

Measured Measure(std::unique_ptr<core::Communicator> communicator, core::Timeline& timeline,
                 const Measurement& measurement) {
  return measurement.kind == Measurement::Kind::kStrategy
             ? MeasureStrategy(std::move(communicator), timeline, measurement)
             : MeasurePart(std::move(communicator), timeline, measurement);
}

}  // namespace experiments
