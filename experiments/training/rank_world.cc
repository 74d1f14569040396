#include "experiments/training/rank_world.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "backends/cuda/cuda_device.h"
#include "backends/cuda/staged_communicator.h"
#include "backends/gloo/gloo_communicator.h"
#include "backends/nccl/nccl_communicator.h"
#include "backends/rendezvous/file_store.h"
#include "backends/rendezvous/tcp_store.h"

namespace experiments {

std::unique_ptr<backends::Store> OpenStore(const RunOptions& options,
                                           const RankEnvironment& environment,
                                           const std::string& meeting_folder) {
  if (!meeting_folder.empty()) return backends::OpenFileStore(meeting_folder);
  return backends::ConnectTcpStore({.host = environment.master_address,
                                    .port = environment.master_port,
                                    .serve = environment.rank == 0 && !environment.agent_store,
                                    .prefix = absl::StrCat("lockstep/", environment.restart_count),
                                    .timeout = options.timeout});
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
