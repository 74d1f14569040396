// tools/bazel run //experiments:derive_profile -- --output=profile.json
// A profile of hardware that nobody here could measure, from what its maker published of it.

#include <cstdio>
#include <string>

#include "absl/flags/flag.h"
#include "absl/strings/str_format.h"
#include "core/base/error.h"
#include "core/base/user_path.h"
#include "core/records/profile.h"
#include "experiments/common/flag_checks.h"
#include "experiments/common/program.h"
#include "experiments/common/runfiles.h"
#include "experiments/profiling/profile_derivation.h"
#include "sim/cluster/units.h"

ABSL_FLAG(double, images_per_second, 2470, "of one device that trains alone, as published");
ABSL_FLAG(int, batch_size, 256, "images per step of that figure");
ABSL_FLAG(std::string, published, "NVIDIA (DeepLearningExamples, ResNet-50 v1.5 for PyTorch, AMP)",
          "who published the figure, and for what");
ABSL_FLAG(std::string, memory_bandwidth, "2TB/s",
          "of the device's memory, which bounds an update (NVIDIA A100 80 GB, data sheet: 2 TB/s)");
ABSL_FLAG(std::string, model, "ResNet-50, 224 x 224 pixels, AMP, gradients in float32",
          "what the profile says it is of");
ABSL_FLAG(std::string, hardware, "one NVIDIA A100-SXM-80GB", "what the profile says it ran on");
ABSL_FLAG(std::string, measured, "",
          "JSON profile of the same model that was measured, for sizes, proportions and a server's "
          "rate; default: ResNet-50 at 224 x 224 pixels on a CPU");
ABSL_FLAG(std::string, output, "", "file for the profile");

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

PublishedFigures FiguresFromFlags() {
  const std::string bandwidth = absl::GetFlag(FLAGS_memory_bandwidth);
  const absl::StatusOr<double> bytes_per_second = sim::ParseBandwidth(bandwidth);
  if (!bytes_per_second.ok()) {
    RefuseFlag("memory-bandwidth", bandwidth, std::string(bytes_per_second.status().message()));
  }
  return {.model = absl::GetFlag(FLAGS_model),
          .hardware = absl::GetFlag(FLAGS_hardware),
          .published = absl::GetFlag(FLAGS_published),
          .batch_size = InRange("batch-size", absl::GetFlag(FLAGS_batch_size), 1, 1 << 20),
          .images_per_second =
              InRange("images-per-second", absl::GetFlag(FLAGS_images_per_second), 1e-3, 1e9),
          .memory_bytes_per_second = *bytes_per_second};
}

void Main(int argc, char** argv) {
  ReadFlags(argc, argv, kUsage);
  const std::string output = core::UserPath(absl::GetFlag(FLAGS_output));
  if (output.empty()) throw core::Error("--output=FILE is missing");
  const std::string measured = absl::GetFlag(FLAGS_measured);
  const core::Profile profile = DeriveProfile(
      FiguresFromFlags(),
      core::ReadProfile(measured.empty() ? ShippedFile(kMeasured) : core::UserPath(measured)));
  core::ThrowIfError(core::WriteProfile(profile, output));
  core::ReadProfile(output);  // Throws if it is not one that the simulator takes.
  absl::PrintF("%s on %s: forward %.2f ms, backward %.2f ms, update %.3f ms\n%s\n", profile.model,
               profile.hardware, 1e3 * profile.forward, 1e3 * (profile.pass - profile.forward),
               1e3 * profile.update, profile.source);
}

}  // namespace
}  // namespace experiments

int main(int argc, char** argv) {
  return experiments::ReportErrors("derive_profile", [&] { experiments::Main(argc, argv); });
}
