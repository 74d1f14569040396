#include "backends/testing/local_world.h"

#include <thread>
#include <utility>
#include <vector>

#include "backends/testing/local_communicator.h"

namespace backends {
namespace {

class LocalWorld : public core::testing::World {
 public:
  explicit LocalWorld(WrapCommunicator wrap) : wrap_(std::move(wrap)) {}

  std::vector<std::exception_ptr> Run(int size, const Body& body) override {
    auto communicators = MakeLocalCommunicators(size);
    std::vector<std::exception_ptr> errors(size);
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size; ++rank) {
      threads.emplace_back(RunRank, wrap_(std::move(communicators[rank])), std::cref(body),
                           std::ref(errors[rank]));
    }
    for (std::thread& thread : threads) thread.join();
    return errors;
  }

 private:
  static void RunRank(std::unique_ptr<core::Communicator> communicator, const Body& body,
                      std::exception_ptr& error) {
    try {
      core::RunToEnd(body(*communicator));
    } catch (...) {
      error = std::current_exception();
    }
    communicator.reset();
  }

  const WrapCommunicator wrap_;
};

}  // namespace

std::unique_ptr<core::testing::World> MakeLocalWorld() {
  return MakeLocalWorldOf(
      [](std::unique_ptr<core::Communicator> communicator) { return communicator; });
}

std::unique_ptr<core::testing::World> MakeLocalWorldOf(WrapCommunicator wrap) {
  return std::make_unique<LocalWorld>(std::move(wrap));
}

}  // namespace backends
