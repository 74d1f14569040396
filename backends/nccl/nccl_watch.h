#ifndef BACKENDS_NCCL_NCCL_WATCH_H_
#define BACKENDS_NCCL_NCCL_WATCH_H_

#include <exception>
#include <mutex>
#include <string>
#include <vector>

#include "backends/cuda/device.h"
#include "backends/membership/failure_watch.h"
#include "backends/membership/membership.h"
#include "backends/membership/operation_name.h"
#include "backends/nccl/nccl_channel.h"
#include "backends/nccl/nccl_group.h"
#include "backends/nccl/options.h"

namespace backends {

// FailureWatch over the rendezvous' store, as ranks have no connections but NCCL's. It looks at
// NCCL's own errors besides, and aborts what is in flight when this rank fails.
class NcclWatch final : private FailureWatch::Carrier {
 public:
  // `membership` outlives it.
  NcclWatch(const NcclOptions& options, Membership& membership);

  // From here on looks at these, too.
  void Add(std::vector<NcclChannel*> channels);
  // Before the group is posted: from here on its operations are waited for.
  void Expect(NcclGroup& group);

  // From any thread; the first counts.
  void Fail(const std::string& operation, const std::exception& error);
  // Throws core::Error, which names rank, operation and cause, if there is a failure.
  void CheckFailure(const OperationName& name);
  bool gives_up() const { return watch_.gives_up(); }
  core::Error FailureOf(const std::string& operation) { return watch_.FailureOf(operation); }
  // Until `event` has passed; throws if there is a failure before.
  void AwaitOnHost(const DeviceEvent& event, const OperationName& name);

  // Lets what has been awaited come to its end, aborts the rest, and tells the others that this
  // rank is gone. Once, at the end; the channels may go then.
  void End();

 private:
  void Tell(const Report& report, FailureWatch::Clock::time_point) override;
  void Look() override;
  void OnVerdict() override;

  std::vector<NcclChannel*> channels();
  void LookAt(NcclChannel& channel);
  bool FinishAll();

  const NcclOptions options_;
  Membership& membership_;
  std::mutex mutex_;
  std::vector<NcclChannel*> channels_;  // Guarded by mutex_.
  FailureWatch watch_;
};

}  // namespace backends

#endif  // BACKENDS_NCCL_NCCL_WATCH_H_
