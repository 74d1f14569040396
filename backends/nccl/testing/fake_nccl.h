#ifndef BACKENDS_NCCL_TESTING_FAKE_NCCL_H_
#define BACKENDS_NCCL_TESTING_FAKE_NCCL_H_

#include <exception>
#include <memory>
#include <string>

#include "backends/nccl/nccl_library.h"

namespace backends::testing {

// NCCL among threads of this process, on fake devices: calls take their time in the background, a
// group's operations need each other, and a stream stands still until all ranks have come to what
// it does. It shows what the communicator makes of NCCL, and nothing about NCCL or GPUs.
class FakeNccl : public NcclLibrary {
 public:
  FakeNccl();
  ~FakeNccl() override;
  std::string MakeId() override;
  std::unique_ptr<NcclHandle> Connect(const std::string& id, int rank, int size) override;

  // From now on the communicators of that rank say that they have failed.
  void Break(int rank, std::exception_ptr error);

 private:
  class Handle;
  struct World;
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace backends::testing

#endif  // BACKENDS_NCCL_TESTING_FAKE_NCCL_H_
