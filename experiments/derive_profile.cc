// tools/bazel run //experiments:derive_profile -- --output=profile.json
// A profile of hardware that nobody here could measure, from what its maker published of it.

#include <string>

#include "absl/strings/str_format.h"
#include "core/base/error.h"
#include "core/base/flags.h"
#include "core/base/program.h"
#include "core/records/profile.h"
#include "experiments/common/runfiles.h"
#include "experiments/profiling/profile_derivation.h"
#include "sim/cluster/units.h"

namespace experiments {
namespace {

constexpr std::string_view kUsage =
    R"(Derives a profile for //experiments:simulate from a published throughput of one device and from the
proportions of a profile that was measured. It says in its source that it is derived, and how. By default
writes experiments/profiles/resnet50_a100_amp_batch256_derived.json again.

    tools/bazel run //experiments:derive_profile -- --output=a100.json
    tools/bazel run //experiments:derive_profile -- --images-per-second=1200 --batch-size=256 \
        --hardware="one NVIDIA V100-SXM2-16GB" --memory-bandwidth=900GB/s --output=v100.json)";

constexpr char kMeasured[] = "experiments/profiles/resnet50_224px_batch16_float32.json";

void Main(int argc, char** argv) {
  PublishedFigures figures = {
      .model = "ResNet-50, 224 x 224 pixels, AMP, gradients in float32",
      .hardware = "one NVIDIA A100-SXM-80GB",
      .published = "NVIDIA (DeepLearningExamples, ResNet-50 v1.5 for PyTorch, AMP)",
      .batch_size = 256,
      .images_per_second = 2470,
      .memory_bytes_per_second = 2e12};
  std::string measured, output;
  core::FlagTable flags = {
      {"images_per_second", &figures.images_per_second, core::Range(1e-3, 1e9),
       "of one device that trains alone, as published"},
      {"batch_size", &figures.batch_size, core::Range(1, 1 << 20),
       "images per step of that figure"},
      {"published", &figures.published, "who published the figure, and for what"},
      {"memory_bandwidth", &figures.memory_bytes_per_second, sim::ParseBandwidth,
       "of the device's memory, which bounds an update (NVIDIA A100 80 GB, data sheet: 2 TB/s)",
       "2TB/s"},
      {"model", &figures.model, "what the profile says it is of"},
      {"hardware", &figures.hardware, "what the profile says it ran on"},
      {"measured", &measured, core::IsPath(),
       "JSON profile of the same model that was measured, for sizes, proportions and a server's "
       "rate",
       "ResNet-50 at 224 x 224 pixels on a CPU"},
      {"output", &output, core::IsPath(), "file for the profile"},
  };
  flags.Read(argc, argv, kUsage);
  if (output.empty()) throw core::Error("--output=FILE is missing");
  const core::Profile profile = DeriveProfile(
      figures, core::ReadProfile(measured.empty() ? ShippedFile(kMeasured) : measured));
  core::ThrowIfError(core::WriteProfile(profile, output));
  core::ReadProfile(output);  // Throws if it is not one that the simulator takes.
  absl::PrintF("%s on %s: forward %.2f ms, backward %.2f ms, update %.3f ms\n%s\n", profile.model,
               profile.hardware, 1e3 * profile.forward, 1e3 * (profile.pass - profile.forward),
               1e3 * profile.update, profile.source);
}

}  // namespace
}  // namespace experiments

int main(int argc, char** argv) {
  return core::ReportErrors("derive_profile", [&] { experiments::Main(argc, argv); });
}
