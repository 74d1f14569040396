#include "backends/cuda/batch_uploader.h"

#include <cstring>
#include <utility>

#include "core/base/error.h"

namespace backends {
namespace {

// One is used, one is there, one is on its way.
constexpr size_t kSlots = 3;

}  // namespace

BatchUploader::BatchUploader(Device& device, BatchSource& source)
    : device_(device),
      source_(source),
      stream_(device.MakeStream(/*urgent=*/true)),
      slots_(kSlots),
      thread_([this] { Run(); }) {}

BatchUploader::~BatchUploader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
  try {
    stream_->Record()->Wait();    // Before what is copied to and from goes.
  } catch (const core::Error&) {  // The device has failed: nothing is copied any more.
  }
}

void BatchUploader::BeginEpoch(int epoch) {
  std::unique_lock lock(mutex_);
  running_ = false;
  changed_.wait(lock, [this] { return !busy_; });
  for (const auto& batch : ready_) slots_[batch->slot].free = true;
  ready_.clear();
  ended_ = false;
  error_ = nullptr;
  source_.BeginEpoch(epoch);
  running_ = true;
  changed_.notify_all();
}

std::unique_ptr<DeviceBatch> BatchUploader::Next() {
  std::unique_lock lock(mutex_);
  running_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return ended_ || !ready_.empty(); });
  if (!ready_.empty()) {
    std::unique_ptr<DeviceBatch> batch = std::move(ready_.front());
    ready_.pop_front();
    return batch;
  }
  if (error_) std::rethrow_exception(error_);
  return nullptr;
}

void BatchUploader::Release(const DeviceBatch& batch, std::shared_ptr<DeviceEvent> event) {
  {
    const std::lock_guard lock(mutex_);
    slots_[batch.slot].read = std::move(event);
    slots_[batch.slot].free = true;
  }
  changed_.notify_all();
}

BatchUploader::Slot* BatchUploader::NextSlot() {
  if (!running_ || ended_) return nullptr;
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[(next_slot_ + i) % slots_.size()];
    if (slot.free) return &slot;
  }
  return nullptr;
}

void BatchUploader::Run() {
  device_.Enter();
  std::unique_lock lock(mutex_);
  while (true) {
    Slot* slot = nullptr;
    changed_.wait(lock, [&] { return stopping_ || (slot = NextSlot()) != nullptr; });
    if (stopping_) return;
    busy_ = true;
    slot->free = false;
    next_slot_ = static_cast<size_t>(slot - slots_.data()) + 1;
    lock.unlock();
    std::unique_ptr<DeviceBatch> batch;
    std::exception_ptr error;
    try {
      batch = Fill(*slot);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    busy_ = false;
    if (batch) {
      ready_.push_back(std::move(batch));
    } else {
      slot->free = true;
      ended_ = true;
      error_ = error;
    }
    changed_.notify_all();
  }
}

std::unique_ptr<DeviceBatch> BatchUploader::Fill(Slot& slot) {
  if (slot.written) slot.written->Wait();  // Long ago, if the device keeps up.
  const std::shared_ptr<const Batch> batch = source_.Next();
  if (!batch) return nullptr;
  const bool bytes = !batch->bytes.empty();
  if (slot.read) stream_->WaitFor(*slot.read);
  bytes ? Upload(batch->bytes, slot, slot.pixels) : Upload(batch->pixels, slot, slot.pixels);
  Upload(batch->labels, slot, slot.labels);
  slot.written = stream_->Record();
  return std::make_unique<DeviceBatch>(
      DeviceBatch{batch->count, batch->size, bytes, slot.pixels.device.get(),
                  static_cast<int64_t*>(slot.labels.device.get()), slot.written,
                  static_cast<size_t>(&slot - slots_.data())});
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
