#include "backends/local/local_world.h"

#include <thread>
#include <utility>
#include <vector>

#include "backends/local/local_communicator.h"

namespace backends {
namespace {

class LocalWorld : public core::testing::World {
 public:
  std::vector<std::exception_ptr> Run(int size, const Body& body) override {
    auto communicators = MakeLocalCommunicators(size);
    std::vector<std::exception_ptr> errors(size);
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size; ++rank) {
      threads.emplace_back(RunRank, std::move(communicators[rank]), std::cref(body),
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
};

}  // namespace

std::unique_ptr<core::testing::World> MakeLocalWorld() { return std::make_unique<LocalWorld>(); }

}  // namespace backends
