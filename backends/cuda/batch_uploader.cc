#include "backends/cuda/batch_uploader.h"

#include <cstring>
#include <stdexcept>
#include <utility>

#include "core/base/error.h"

namespace backends {

BatchUploader::BatchUploader(Device& device, BatchSource& source)
    : device_(device), source_(source), stream_(device.MakeStream(/*urgent=*/true)) {
  for (Slot& slot : slots_) free_.push_back(&slot);
  thread_->RunAndWait([this] { device_.Enter(); });
}

BatchUploader::~BatchUploader() {
  forgetting_ = true;
  thread_.reset();
  try {
    stream_->Record()->Wait();    // Before what is copied to and from goes.
  } catch (const core::Error&) {  // The device has failed: nothing is copied any more.
  }
}

void BatchUploader::BeginEpoch(int epoch, int64_t batch) {
  forgetting_ = true;
  thread_->RunAndWait([this, epoch, batch] {  // After what is being filled.
    source_.BeginEpoch(epoch, batch);
    ended_ = false;
  });
  forgetting_ = false;
  free_.insert(free_.end(), ahead_.begin(), ahead_.end());
  ahead_.clear();
  Refill();
}

void BatchUploader::Refill() {
  for (; !free_.empty(); free_.pop_front()) {
    Slot& slot = *free_.front();
    slot.filled = thread_->Run([this, &slot] { Fill(slot); });
    ahead_.push_back(&slot);
  }
}

std::optional<DeviceBatch> BatchUploader::Next() {
  Refill();
  if (ahead_.empty()) throw std::logic_error("a batch has to be released before the next");
  const Slot& slot = *ahead_.front();
  slot.filled->Await(nullptr);
  if (slot.batch) ahead_.pop_front();
  return slot.batch;
}

void BatchUploader::Release(const DeviceBatch& batch, std::shared_ptr<DeviceEvent> event) {
  slots_[batch.slot].read = std::move(event);
  free_.push_back(&slots_[batch.slot]);
  Refill();
}

void BatchUploader::Fill(Slot& slot) {
  if (slot.batch) slot.batch->arrived->Wait();  // Long ago, if the device keeps up.
  slot.batch.reset();
  if (ended_ || forgetting_) return;
  ended_ = true;  // Also if something is thrown.
  const std::shared_ptr<const Batch> batch = source_.Next();
  if (!batch) return;
  const bool bytes = !batch->bytes.empty();
  if (slot.read) stream_->WaitFor(*slot.read);
  bytes ? Upload(batch->bytes, slot, slot.pixels) : Upload(batch->pixels, slot, slot.pixels);
  Upload(batch->labels, slot, slot.labels);
  slot.batch = DeviceBatch{.count = batch->count,
                           .size = batch->size,
                           .bytes = bytes,
                           .pixels = slot.pixels.device.get(),
                           .labels = static_cast<int64_t*>(slot.labels.device.get()),
                           .arrived = stream_->Record(),
                           .slot = static_cast<size_t>(&slot - slots_.data())};
  ended_ = false;
}

template <typename T>
void BatchUploader::Upload(const std::vector<T>& values, const Slot& slot, Memory& memory) {
  const auto bytes = static_cast<int64_t>(values.size() * sizeof(T));
  if (memory.bytes < bytes) {
    if (slot.read) slot.read->Wait();
    memory = {bytes, device_.Allocate(bytes), device_.AllocatePinned(bytes)};
  }
  // By memory of our own: the source may free or move its own, which pinned memory does not bear.
  std::memcpy(memory.pinned.get(), values.data(), static_cast<size_t>(bytes));
  stream_->Copy(memory.device.get(), memory.pinned.get(), bytes);
}

}  // namespace backends
