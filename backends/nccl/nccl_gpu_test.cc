// The conformance suites over NCCL on this machine's GPUs. Ranks are processes; where there are
// fewer GPUs than ranks, several share one, each on what NCCL takes for a host of its own, over
// sockets: whether that works is what is tested, how fast means nothing.
//
//   bazel-bin/backends/nccl/nccl_gpu_conformance
//
// Without a GPU it says so in one line and ends with 77.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "backends/cuda/cuda_device.h"
#include "backends/cuda/cuda_probe.h"
#include "backends/nccl/nccl_communicator.h"
#include "backends/rendezvous/file_store.h"
#include "core/base/error.h"
#include "core/base/temporary_folder.h"
#include "core/testing/communicator_conformance.h"
#include "core/testing/strategy_conformance.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

constexpr int kSkipped = 77;
constexpr int kExpectationFailed = 3;

void ShareDevice(int rank) {
  setenv("NCCL_HOSTID", ("lockstep-rank-" + std::to_string(rank)).c_str(), 1);
  setenv("NCCL_NET", "Socket", 1);
  setenv("NCCL_SOCKET_IFNAME", "lo", 1);
  setenv("NCCL_P2P_DISABLE", "1", 1);
  setenv("NCCL_SHM_DISABLE", "1", 1);
}

class ProcessWorld : public core::testing::World {
 public:
  explicit ProcessWorld(int devices) : devices_(devices) {}

  std::vector<std::exception_ptr> Run(int size, const Body& body) override {
    const core::TemporaryFolder folder;
    std::vector<Child> children;
    for (int rank = 0; rank < size; ++rank) {
      children.push_back(Start(rank, size, folder.path(), body));
    }
    std::vector<std::exception_ptr> errors;
    for (const Child& child : children) errors.push_back(Await(child));
    return errors;
  }

 private:
  struct Child {
    pid_t process;
    int errors;  // What it says when it throws.
  };

  Child Start(int rank, int size, const std::string& folder, const Body& body) {
    int pipes[2];
    if (pipe(pipes) != 0) throw core::Error("no pipe could be made");
    std::fflush(nullptr);
    const pid_t process = fork();
    if (process == 0) {
      const std::string error = RunRank(rank, size, folder, body);
      if (write(pipes[1], error.data(), error.size()) < 0) _exit(1);
      std::fflush(nullptr);
      _exit(::testing::Test::HasFailure() ? kExpectationFailed : 0);
    }
    close(pipes[1]);
    return {process, pipes[0]};
  }

  std::string RunRank(int rank, int size, const std::string& folder, const Body& body) {
    try {
      if (size > devices_) ShareDevice(rank);
      const std::unique_ptr<Store> store = OpenFileStore(folder);
      const std::unique_ptr<Device> device = OpenCudaDevice(rank % devices_);
      const auto communicator = ConnectNccl({.rank = rank,
                                             .size = size,
                                             .store = store.get(),
                                             .timeout = std::chrono::seconds(60),
                                             .device = device.get()});
      core::RunToEnd(body(*communicator));
      return "";
    } catch (const std::exception& error) {
      return error.what();
    }
  }

  std::exception_ptr Await(const Child& child) {
    std::string error;
    char buffer[4096];
    for (ssize_t length; (length = read(child.errors, buffer, sizeof(buffer))) > 0;) {
      error.append(buffer, static_cast<size_t>(length));
    }
    close(child.errors);
    int status = 0;
    waitpid(child.process, &status, 0);
    if (!error.empty()) return std::make_exception_ptr(core::Error(error));
    if (WIFEXITED(status) && WEXITSTATUS(status) == kExpectationFailed) {
      ADD_FAILURE() << "an expectation of a rank failed, see above";
    } else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      return std::make_exception_ptr(core::Error("a rank died"));
    }
    return nullptr;
  }

  const int devices_;
};

int device_count = 0;

std::unique_ptr<core::testing::World> MakeNcclWorld() {
  return std::make_unique<ProcessWorld>(device_count);
}

}  // namespace
}  // namespace backends

namespace core::testing {

INSTANTIATE_TEST_SUITE_P(Nccl, CommunicatorConformance, ::testing::Values(backends::MakeNcclWorld));
INSTANTIATE_TEST_SUITE_P(Nccl, StrategyConformance, EveryStrategyIn(backends::MakeNcclWorld),
                         StrategyName);

}  // namespace core::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const backends::CudaDevices devices = backends::ProbeCudaDevices();
  backends::device_count = devices.count;
  if (devices.count == 0) {
    std::printf("NOT RUN: conformance over NCCL: %s\n", devices.problem.c_str());
    return backends::kSkipped;
  }
  return RUN_ALL_TESTS();
}
