// tools/bazel run //experiments:measure_profile -- --image-size=64 --output=profile.json
// Measures what a training step costs on this machine, as a profile for the simulator.

#include <time.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "backends/cuda/accelerator.h"
#include "backends/cuda/cuda_device.h"
#include "backends/images/synthetic_source.h"
#include "backends/steady_clock.h"
#include "backends/torch/engine/torch_replica.h"
#include "backends/torch/version.h"
#include "core/base/error.h"
#include "core/base/flags.h"
#include "core/base/program.h"
#include "core/records/profile.h"
#include "experiments/common/commit.h"
#include "experiments/common/host_info.h"
#include "experiments/common/shared_flags.h"
#include "experiments/profiling/profile_measurement.h"

namespace experiments {
namespace {

constexpr std::string_view kUsage =
    R"(Measures one training step of ResNet-50 on this machine, alone and without communication: when each
gradient is ready, what an update takes and at what rate a server can add gradients. Medians over the steps.
Writes a profile for //experiments:simulate and prints what is in it.

    tools/bazel run //experiments:measure_profile -- --image-size=64 --batch-size=16 --output=profile.json)";

// What all threads of this process have computed.
class ProcessorClock : public core::Clock {
 public:
  core::Duration Now() const override {
    timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
};

// Of the last minute: what else the machine was asked to do.
double LoadAverage() {
  double load = 0;
  return getloadavg(&load, 1) == 1 ? load : std::nan("");
}

struct Options : Workload {
  int steps = 20;
  int warmup_steps = 3;
  bool processor_time = false;
  std::string output;
};

Options ReadOptions(int argc, char** argv) {
  Options options;
  core::FlagTable flags = {
      {"steps", &options.steps, core::Range(1, 100'000), "steps that are measured"},
      {"warmup_steps", &options.warmup_steps, core::Range(1, 100'000), "steps before these"},
      {"processor_time", &options.processor_time,
       "measure in processor time, on a machine that does other things, too (--threads=1)"},
      {"output", &options.output, core::IsPath(), "file for the profile"},
  };
  flags.Add(WorkloadFlags(options));
  flags.Read(argc, argv, kUsage);
  if (options.device == "cuda" && options.processor_time) {
    throw core::Error("--processor-time: a GPU's time is its own; leave it out");
  }
  if (options.processor_time && options.threads > 1) {
    throw core::Error("--processor-time: needs --threads=1, as it adds up all threads");
  }
  if (options.output.empty()) throw core::Error("--output=FILE is missing");
  return options;
}

std::vector<StepTimes> Measure(const Options& options, core::Replica& replica,
                               core::Timeline& timeline, const InstantTaker& taker) {
  const int all = options.warmup_steps + options.steps;
  const bool terminal = isatty(STDERR_FILENO) == 1;
  const std::vector<StepTimes> steps =
      MeasureSteps(replica, timeline, taker, options.warmup_steps, options.steps, [&](int done) {
        if (terminal) absl::FPrintF(stderr, "\r%d of %d steps\033[K", done, all);
      });
  if (terminal) std::fputs("\r\033[K", stderr);
  return steps;
}

// By events on the stream that computes.
InstantTaker ByEvents(backends::Accelerator& accelerator) {
  const auto instant_of = [&accelerator](std::shared_ptr<backends::DeviceEvent> event) -> Instant {
    return [&accelerator, event = std::move(event)] {
      event->Wait();
      return accelerator.spans.TimeOf(*event);
    };
  };
  return {
      .now = [&accelerator, instant_of] { return instant_of(accelerator.compute->Record()); },
      .awaited = [&accelerator, instant_of] { return instant_of(accelerator.order.awaited()); }};
}

void Print(const core::Profile& profile) {
  absl::PrintF(
      "%s, batch %d: forward %.1f ms, backward %.1f ms, update %.1f ms, adding %.2f GB/s; "
      "%.2f images/s without communication\n",
      profile.model, profile.batch_size, 1e3 * profile.forward,
      1e3 * (profile.pass - profile.forward), 1e3 * profile.update,
      1e-9 * profile.accumulate_bytes_per_second,
      profile.batch_size / (profile.pass + profile.update));
}

void Main(int argc, char** argv) {
  const Options options = ReadOptions(argc, argv);
  const bool cuda = options.device == "cuda";
  backends::SyntheticSource source(options.batch_size, options.image_size, 0, /*bytes=*/cuda);
  const backends::SteadyClock steady;
  const ProcessorClock processor;
  const core::Clock& clock =
      options.processor_time ? static_cast<const core::Clock&>(processor) : steady;
  core::Timeline timeline(clock, /*tracing=*/true);
  std::unique_ptr<backends::Accelerator> accelerator;
  if (cuda) {
    accelerator = std::make_unique<backends::Accelerator>(backends::OpenCudaDevice(0), clock);
    timeline.Defer(&accelerator->spans);
  }
  const auto replica = backends::MakeTorchReplica(
      {.precision = options.precision == "bf16" ? backends::Precision::kBfloat16
                                                : backends::Precision::kFloat32,
       .threads = options.threads,
       .learning_rate = 0.01,
       .accelerator = accelerator.get()},
      &source, nullptr, &timeline);

  const std::vector<StepTimes> steps =
      Measure(options, *replica, timeline, cuda ? ByEvents(*accelerator) : ByClock(timeline));
  core::Profile profile = ProfileOf(steps, replica->extents());
  profile.model = absl::StrFormat("ResNet-50, %d x %d pixels, %s", options.image_size,
                                  options.image_size, options.precision);
  profile.batch_size = options.batch_size;
  profile.hardware = cuda ? accelerator->device->name()
                          : absl::StrFormat("%s, %d of %d cores", ProcessorName(), options.threads,
                                            std::thread::hardware_concurrency());
  profile.source =
      absl::StrFormat("measured: medians of %d steps%s, load average %.1f", options.steps,
                      options.processor_time ? " in processor time" : "", LoadAverage());
  profile.versions = {{"lockstep", Commit()}, {"torch", backends::TorchVersion()}};
  core::ThrowIfError(core::WriteProfile(profile, options.output));
  core::ReadProfile(options.output);  // Throws if it is not one that the simulator takes.
  Print(profile);
}

}  // namespace
}  // namespace experiments

int main(int argc, char** argv) {
  return core::ReportErrors("measure_profile", [&] { experiments::Main(argc, argv); });
}
