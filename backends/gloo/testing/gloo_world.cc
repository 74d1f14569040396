#include "backends/gloo/testing/gloo_world.h"

#include <string>
#include <thread>
#include <vector>

#include "backends/gloo/gloo_communicator.h"
#include "backends/rendezvous/file_store.h"
#include "core/base/temporary_folder.h"

namespace backends {
namespace {

class GlooWorld : public core::testing::World {
 public:
  std::vector<std::exception_ptr> Run(int size, const Body& body) override {
    const core::TemporaryFolder folder;
    std::vector<std::exception_ptr> errors(size);
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size; ++rank) {
      threads.emplace_back(RunRank, rank, size, folder.path(), std::cref(body),
                           std::ref(errors[rank]));
    }
    for (std::thread& thread : threads) thread.join();
    return errors;
  }

 private:
  static void RunRank(int rank, int size, std::string folder, const Body& body,
                      std::exception_ptr& error) {
    try {
      const std::unique_ptr<Store> store = OpenFileStore(folder);
      const auto communicator = ConnectGloo({.rank = rank, .size = size, .store = store.get()});
      core::RunToEnd(body(*communicator));
    } catch (...) {
      error = std::current_exception();
    }
  }
};

}  // namespace

std::unique_ptr<core::testing::World> MakeGlooWorld() { return std::make_unique<GlooWorld>(); }

}  // namespace backends
