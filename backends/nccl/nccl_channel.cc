#include "backends/nccl/nccl_channel.h"

#include <chrono>
#include <thread>
#include <utility>

namespace backends {

NcclChannel::NcclChannel(Device& device, std::unique_ptr<NcclHandle> handle, DeviceSpans* spans,
                         OnFailure on_failure)
    : device_(device),
      handle_(std::move(handle)),
      spans_(spans),
      on_failure_(std::move(on_failure)),
      stream_(device.MakeStream(/*urgent=*/true)) {
  thread_->RunAndWait([this] { device_.Enter(); });
}

NcclChannel::~NcclChannel() {
  thread_.reset();
  // Groups may outlive the watch, with those who hold operations of theirs.
  for (const auto& group : in_flight_) group->waits.clear();
}

void NcclChannel::Post(std::shared_ptr<NcclGroup> group) {
  const std::lock_guard lock(mutex_);
  in_flight_.push_back(group);
  // `started` tells how it went.
  const core::Work start = thread_->Run([this, group = std::move(group)] {
    try {
      Start(*group);
      group->starting.set_value();
    } catch (const std::exception& error) {
      on_failure_(group->names.front(), error);
      group->starting.set_exception(std::current_exception());
    }
  });
}

std::vector<std::shared_ptr<NcclGroup>> NcclChannel::InFlight() {
  const std::lock_guard lock(mutex_);
  while (!in_flight_.empty()) {
    const NcclGroup& oldest = *in_flight_.front();
    const bool started =
        oldest.started.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    if (!started || (oldest.done && !oldest.done->Passed())) break;
    in_flight_.front()->waits.clear();
    in_flight_.pop_front();
  }
  return {in_flight_.begin(), in_flight_.end()};
}

void NcclChannel::Start(NcclGroup& group) {
  if (group.after) stream_->WaitFor(*group.after);
  for (const NcclGroup::Copy& copy : group.copies_in) {
    stream_->Copy(copy.target, copy.source, copy.bytes);
  }
  group.begin = stream_->Record();
  if (!group.calls.empty()) handle_->Start(group.calls, *stream_);
  // Before NCCL has told the device, what is recorded would come too early.
  while (!handle_->Ready()) std::this_thread::yield();
  group.end = stream_->Record();
  for (const NcclGroup::Copy& copy : group.copies_out) {
    stream_->Copy(copy.target, copy.source, copy.bytes);
  }
  group.done = group.copies_out.empty() ? group.end : stream_->Record();
  if (spans_ == nullptr) return;
  for (const OperationName& name : group.names) {
    spans_->Record(name.kind, group.begin, group.end, name.bytes);
  }
}

}  // namespace backends
