#include "experiments/profiling/profile_measurement.h"

#include <algorithm>
#include <optional>

#include "core/base/statistics.h"
#include "core/task.h"

namespace experiments {
namespace {

struct Marks {
  Instant start;
  Instant end;                 // Of the pass.
  std::vector<Instant> ready;  // By parameter.
};

core::Task Step(core::Replica& replica, const InstantTaker& taker, core::Buffer scratch,
                Marks& marks) {
  marks.start = taker.now();
  core::Gradients& gradients = replica.Backward();
  while (std::optional<core::Gradient> gradient = co_await gradients.Next()) {
    marks.ready[static_cast<size_t>(gradient->parameter)] = taker.awaited();
  }
  marks.end = taker.awaited();
  core::Work accumulated = replica.Accumulate(replica.gradients(), scratch);
  co_await accumulated;
  core::Work updated = replica.Update(replica.gradients(), 1);
  co_await updated;
}

StepTimes TimesOf(const Marks& marks, std::span<const core::Timeline::Traced> spans) {
  StepTimes times;
  const core::Duration start = marks.start();
  times.pass = (marks.end() - start).count();
  for (const Instant& ready : marks.ready) times.ready.push_back((ready() - start).count());
  for (const auto& [step, span] : spans) {
    const double seconds = (span.end - span.start).count();
    if (span.kind == core::SpanKind::kForward) times.forward = (span.end - start).count();
    if (span.kind == core::SpanKind::kUpdate) times.update += seconds;
    if (span.kind == core::SpanKind::kAccumulate) times.accumulate += seconds;
  }
  return times;
}

std::vector<double> AllOf(const std::vector<StepTimes>& steps, double StepTimes::*time) {
  std::vector<double> values;
  for (const StepTimes& step : steps) values.push_back(step.*time);
  return values;
}

double Median(const std::vector<StepTimes>& steps, double StepTimes::*time) {
  return core::Median(AllOf(steps, time));
}

}  // namespace

InstantTaker ByClock(const core::Timeline& timeline) {
  const auto take = [&timeline]() -> Instant { return [now = timeline.Now()] { return now; }; };
  return {take, take};
}

std::vector<StepTimes> MeasureSteps(core::Replica& replica, core::Timeline& timeline,
                                    const InstantTaker& taker, int warmup_steps, int steps,
                                    const std::function<void(int done)>& on_step) {
  const core::Buffer scratch = replica.Allocate(replica.gradients().count);
  Marks marks{.ready = std::vector<Instant>(replica.extents().size())};
  std::vector<StepTimes> times;
  for (int i = 0; i < warmup_steps + steps; ++i) {
    const size_t traced = timeline.trace().size();
    core::RunToEnd(Step(replica, taker, scratch, marks));
    timeline.EndStep();
    timeline.EndSteps();
    if (i >= warmup_steps) {
      times.push_back(TimesOf(marks, std::span(timeline.trace()).subspan(traced)));
    }
    on_step(i + 1);
  }
  return times;
}

core::Profile ProfileOf(const std::vector<StepTimes>& steps,
                        std::span<const core::Extent> extents) {
  core::Profile profile;
  profile.forward = Median(steps, &StepTimes::forward);
  profile.update = Median(steps, &StepTimes::update);
  for (size_t i = 0; i < extents.size(); ++i) {
    std::vector<double> ready;
    for (const StepTimes& step : steps) ready.push_back(step.ready[i]);
    profile.gradients.push_back({.parameter = static_cast<int>(i),
                                 .elements = extents[i].count,
                                 .ready = std::max(profile.forward, core::Median(ready)),
                                 .spread = core::InterquartileRange(ready)});
    profile.parameters += extents[i].count;
  }
  std::stable_sort(profile.gradients.begin(), profile.gradients.end(),
                   [](const auto& a, const auto& b) { return a.ready < b.ready; });
  profile.pass = std::max(Median(steps, &StepTimes::pass), profile.gradients.back().ready);
  profile.pass_spread = core::InterquartileRange(AllOf(steps, &StepTimes::pass));
  profile.accumulate_bytes_per_second =
      4.0 * static_cast<double>(profile.parameters) / Median(steps, &StepTimes::accumulate);
  return profile;
}

}  // namespace experiments
