#ifndef BACKENDS_NCCL_NCCL_WATCH_H_
#define BACKENDS_NCCL_NCCL_WATCH_H_

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "backends/gloo/operation_name.h"
#include "backends/nccl/nccl_channel.h"
#include "backends/nccl/options.h"
#include "backends/nccl/roll_call.h"

namespace backends {

// Sees to it that nobody waits for ever: a thread looks at deadlines, at NCCL's own errors and at
// what other ranks tell; at the first failure it aborts what is in flight and tells the others.
class NcclWatch {
 public:
  NcclWatch(const NcclOptions& options, RollCall& roll, std::vector<NcclChannel*> channels);
  ~NcclWatch();

  // From any thread; the first counts.
  void Fail(const OperationName& name, const std::string& cause);
  // Throw core::Error, which names rank, operation and cause; the first only if there is a failure.
  void CheckFailure(const OperationName& name);
  [[noreturn]] void ThrowFailure(const OperationName& name);
  // Until `event` has passed; throws if there is a failure before.
  void AwaitOnHost(const DeviceEvent& event, const OperationName& name);

  // Lets what has been awaited come to its end, aborts the rest, and tells the others that this
  // rank is gone. Once, at the end; the channels may go then.
  void End();

 private:
  void Run();
  void Stop();
  void LookAt(NcclChannel& channel);
  // Why the group will not end, if that is known.
  std::optional<std::string> CauseOf(const NcclGroup& group);
  bool FinishAll();
  void AbortAll();

  const NcclOptions options_;
  RollCall& roll_;
  const std::vector<NcclChannel*> channels_;
  std::mutex roll_mutex_;  // Guards roll_.

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool stopping_ = false;
  std::optional<std::string> failure_;
  std::thread thread_;
};

}  // namespace backends

#endif  // BACKENDS_NCCL_NCCL_WATCH_H_
