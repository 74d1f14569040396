// What one training step of ResNet-50 costs on this machine, in one process, without communication.
//
//   tools/bazel run //backends/torch:step_benchmark -- --image-size=64 --batch-size=16 --threads=1
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "backends/cuda/accelerator.h"
#include "backends/cuda/cuda_device.h"
#include "backends/images/synthetic_source.h"
#include "backends/steady_clock.h"
#include "backends/torch/engine/torch_replica.h"
#include "core/base/flags.h"
#include "core/base/memory.h"
#include "core/base/processor_time.h"
#include "core/base/program.h"
#include "core/base/statistics.h"
#include "core/base/table.h"
#include "core/task.h"
#include "core/timeline.h"

namespace {

core::Task Step(core::Replica& replica) {
  core::Gradients& gradients = replica.Backward();
  while (co_await gradients.Next()) {
  }
  core::Work update = replica.Update(replica.gradients(), 1);
  co_await update;
}

double Milliseconds(core::Duration duration) { return 1e3 * duration.count(); }

struct Moment {
  core::Duration wall;
  core::Duration processor;  // Of all threads: other processes disturb it less.
};

Moment Now(const core::Clock& clock) {
  return {clock.Now(), core::Duration(core::ProcessorSeconds())};
}

void AddRow(const std::string& name, const std::vector<double>& values, core::Table& table) {
  const auto cell = [&](double share) {
    return absl::StrFormat("%.1f", core::Quantile(values, share));
  };
  table.AddRow({name, cell(0.5), cell(0), cell(1)});
}

// `processor`: milliseconds by step.
void PrintSteps(core::Timeline& timeline, double batch_size, const std::vector<double>& processor) {
  std::vector<double> steps, idle;  // A GPU's own, which the host runs ahead of.
  double all_steps = 0;
  for (const core::Breakdown& step : timeline.TakeSteps()) {
    steps.push_back(Milliseconds(step.total));
    idle.push_back(Milliseconds(step.total - step.computation));
    all_steps += steps.back();
  }
  std::map<core::SpanKind, std::vector<double>> parts;
  for (const auto& [step, span] : timeline.trace()) {
    if (step >= 0) parts[span.kind].push_back(Milliseconds(span.end - span.start));
  }

  core::Table table({{"", "", core::Table::Align::kLeft, 12},
                     {"median", "ms", core::Table::Align::kRight, 8},
                     {"min", "ms"},
                     {"max", "ms"}});
  for (const auto& [kind, values] : parts) AddRow(std::string(core::Name(kind)), values, table);
  AddRow("idle", idle, table);
  AddRow("step", steps, table);
  AddRow("processor", processor, table);
  std::fputs(table.ToString(0).c_str(), stdout);
  std::printf("images/s     %9.1f\n", 1e3 * batch_size / core::Quantile(steps, 0.5));
  std::printf("mean         %9.1f images/s\n",
              1e3 * batch_size * static_cast<double>(steps.size()) / all_steps);
}

struct Options {
  int image_size = 64, batch_size = 16, threads = 1, steps = 10, warmup_steps = 2;
  bool bfloat16 = false, cuda = false, cuda_graph = false;
};

Options ReadOptions(int argc, char** argv) {
  Options asked;
  core::FlagTable flags = {
      {"image_size", &asked.image_size, core::Range(32, 4096),
       "height and width of the images, pixels"},
      {"batch_size", &asked.batch_size, core::Range(1, 65536), "images per step"},
      {"threads", &asked.threads, core::Range(1, 1024), "intra-op threads"},
      {"steps", &asked.steps, core::Range(1, 100'000), "steps that are measured"},
      {"warmup_steps", &asked.warmup_steps, core::Range(1, 100'000), "steps before these"},
      {"bfloat16", &asked.bfloat16, "autocast to bfloat16"},
      {"cuda", &asked.cuda, "on the first GPU"},
      {"cuda_graph", &asked.cuda_graph, "on the GPU, forward and backward as one graph"},
  };
  flags.Read(argc, argv, "Measures one training step of ResNet-50 in one process.");
  return asked;
}

void Measure(const Options& asked) {
  const backends::SteadyClock clock;
  core::Timeline timeline(clock, /*tracing=*/true);
  backends::SyntheticSource source(asked.batch_size, asked.image_size, 0,
                                   /*bytes=*/asked.cuda);
  backends::TorchReplica::Options options;
  options.threads = asked.threads;
  options.learning_rate = 0.01;
  if (asked.bfloat16) options.precision = backends::Precision::kBfloat16;
  const Moment start = Now(clock);
  std::unique_ptr<backends::Accelerator> accelerator;
  if (asked.cuda) {
    accelerator = std::make_unique<backends::Accelerator>(backends::OpenCudaDevice(0), clock);
    timeline.Defer(&accelerator->spans);
    options.accelerator = accelerator.get();
    options.cuda_graph = asked.cuda_graph;
  }
  const auto replica = backends::MakeTorchReplica(options, &source, nullptr, &timeline);
  const Moment built = Now(clock);
  core::RunToEnd(Step(*replica));
  const Moment first_step = Now(clock);
  for (int i = 1; i < asked.warmup_steps; ++i) core::RunToEnd(Step(*replica));

  timeline.BeginSteps();
  std::vector<double> processor;
  for (int i = 0; i < asked.steps; ++i) {
    const Moment begin = Now(clock);
    core::RunToEnd(Step(*replica));
    processor.push_back(Milliseconds(Now(clock).processor - begin.processor));
    timeline.EndStep();
  }
  std::printf("ResNet-50, %dx%d, batch %d, %s, threads %d, %zu steps\n", asked.image_size,
              asked.image_size, asked.batch_size, asked.bfloat16 ? "bfloat16" : "float32",
              asked.threads, processor.size());
  if (asked.cuda) std::printf("on %s\n", accelerator->device->name().c_str());
  PrintSteps(timeline, asked.batch_size, processor);
  const auto print_once = [](const char* name, const Moment& from, const Moment& to) {
    std::printf("%-12s %9.1f ms, processor %.1f ms\n", name, Milliseconds(to.wall - from.wall),
                Milliseconds(to.processor - from.processor));
  };
  print_once("build", start, built);
  print_once("first step", built, first_step);
  std::printf("peak memory  %9.0f MB\nlosses      ",
              1e-6 * static_cast<double>(core::PeakMemoryBytes()));
  for (const core::StepMetrics& metrics : replica->TakeTraining())
    std::printf(" %.6f", metrics.loss);
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  return core::ReportErrors("step_benchmark", [&] { Measure(ReadOptions(argc, argv)); });
}
