// One rank of a validation: does the measurements of a plan together with the other hosts' ranks.
// Started by validate_simulator, on every test host.
#include <chrono>
#include <string>

#include "absl/strings/str_cat.h"
#include "backends/gloo/gloo_communicator.h"
#include "backends/rendezvous/file_store.h"
#include "backends/steady_clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/flags.h"
#include "core/base/program.h"
#include "experiments/training/rank_environment.h"
#include "experiments/validation/measure.h"

namespace experiments {
namespace {

constexpr int64_t kPlanBytesMax = 1 << 20;

std::vector<Measurement> ReadPlan(const std::string& folder) {
  return nlohmann::json::parse(
      core::ValueOrThrow(core::ReadFile(absl::StrCat(folder, "/plan.json"), kPlanBytesMax)));
}

// Every measurement has connections of its own, so none starts with what another left in them.
Measured RunOne(const RankEnvironment& environment, const std::string& folder,
                const Measurement& measurement) {
  const std::unique_ptr<backends::Store> store = backends::OpenFileStore(folder);
  const backends::SteadyClock clock;
  core::Timeline timeline(clock, true);
  return Measure(backends::ConnectGloo({.rank = environment.rank,
                                        .size = environment.world_size,
                                        .store = store.get(),
                                        .timeout = std::chrono::seconds(60),
                                        .interface = "eth0",
                                        .timeline = &timeline}),
                 timeline, measurement);
}

void Main(int argc, char** argv) {
  std::string folder;
  core::FlagTable flags = {
      {"folder", &folder,
       "holds plan.json, a list of measurements; rank 0 writes measured.json there"},
  };
  flags.Read(argc, argv, "One rank of a validation; validate_simulator starts it.");
  const std::optional<RankEnvironment> environment = ReadRankEnvironment();
  if (!environment) throw core::Error("RANK is missing: start validate_simulator");
  const std::vector<Measurement> plan = ReadPlan(folder);
  std::vector<Measured> results;
  for (size_t i = 0; i < plan.size(); ++i) {
    results.push_back(RunOne(*environment, absl::StrCat(folder, "/", i), plan[i]));
  }
  if (environment->rank != 0) return;
  core::ThrowIfError(
      core::WriteFile(absl::StrCat(folder, "/measured.json"), nlohmann::json(results).dump()));
}

}  // namespace
}  // namespace experiments

int main(int argc, char** argv) {
  return core::ReportErrors("validation_rank", [&] { experiments::Main(argc, argv); });
}
