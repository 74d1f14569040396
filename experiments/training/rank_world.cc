#include "experiments/training/rank_world.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "backends/cuda/cuda_device.h"
#include "backends/cuda/staged_communicator.h"
#include "backends/gloo/gloo_communicator.h"
#include "backends/membership/membership.h"
#include "backends/nccl/nccl_communicator.h"
#include "backends/rendezvous/sealed_store.h"
#include "backends/rendezvous/tcp_store.h"
#include "core/base/error.h"

namespace experiments {
namespace {

constexpr std::chrono::seconds kTellTime(5);

bool Serves(const RankEnvironment& environment) {
  return environment.rank == 0 && !environment.agent_store;
}

}  // namespace

std::unique_ptr<backends::Store> OpenStore(const RunOptions& options,
                                           const RankEnvironment& environment) {
  const std::string prefix = absl::StrCat("lockstep/", environment.restart_count);
  std::unique_ptr<backends::Store> store =
      backends::ConnectTcpStore({.host = environment.master_address,
                                 .port = environment.master_port,
                                 .serve = Serves(environment),
                                 .prefix = prefix,
                                 .timeout = options.timeout});
  if (environment.secret.empty()) return store;
  return backends::SealStore(std::move(store), environment.secret, prefix);
}

void TellWhyNot(RunOptions options, const RankEnvironment& environment, Arrival arrival,
                std::unique_ptr<backends::Store> store, const std::string& cause) {
  if (arrival == Arrival::kConnected) return;
  options.timeout = std::min<std::chrono::milliseconds>(options.timeout, kTellTime);
  try {
    if (!store) store = OpenStore(options, environment);
    if (arrival == Arrival::kAlone) backends::TellFailure(*store, environment.rank, cause);
    if (Serves(environment)) std::this_thread::sleep_for(kTellTime);
  } catch (const core::Error&) {  // Nobody is there who could be told.
  }
}

std::unique_ptr<backends::Accelerator> OpenAccelerator(const RunOptions& options,
                                                       const RankEnvironment& environment,
                                                       const core::Clock& clock) {
  if (options.device == "cpu") return nullptr;
  const int count = std::max(1, backends::FindCudaDevices().count);
  return std::make_unique<backends::Accelerator>(
      backends::OpenCudaDevice(environment.local_rank % count), clock);
}

std::unique_ptr<core::Communicator> Connect(const RunOptions& options,
                                            const RankEnvironment& environment,
                                            backends::Store& store, core::Timeline& timeline,
                                            backends::Accelerator* accelerator) {
  if (options.backend == "nccl") {
    return backends::ConnectNccl({.rank = environment.rank,
                                  .size = environment.world_size,
                                  .store = &store,
                                  .timeout = options.timeout,
                                  .device = accelerator->device.get(),
                                  .order = &accelerator->order,
                                  .spans = &accelerator->spans});
  }
  std::unique_ptr<core::Communicator> gloo = backends::ConnectGloo({.rank = environment.rank,
                                                                    .size = environment.world_size,
                                                                    .store = &store,
                                                                    .timeout = options.timeout,
                                                                    .interface = options.interface,
                                                                    .timeline = &timeline});
  if (accelerator == nullptr) return gloo;
  return backends::MakeStagedCommunicator(std::move(gloo), *accelerator->device,
                                          &accelerator->order);
}

}  // namespace experiments
