#include "backends/cuda/batch_uploader.h"

#include <cstring>
#include <utility>

namespace backends {
namespace {

// One is used, one is there, one is on its way.
constexpr size_t kSlots = 3;
// Sources use few batches again and again; of one that does not, not all are worth it.
constexpr size_t kPinnedMax = 16;

int64_t BytesOf(const auto& values) {
  return static_cast<int64_t>(values.size() * sizeof(values[0]));
}

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
  stream_->Record()->Wait();  // Before what is copied to and from goes.
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
    std::exception_ptr error;
    try {
      Fill(*slot);
    } catch (...) {
      slot->batch = nullptr;
      error = std::current_exception();
    }
    lock.lock();
    busy_ = false;
    if (slot->batch) {
      const Batch& batch = *slot->batch;
      ready_.push_back(std::make_unique<DeviceBatch>(
          DeviceBatch{batch.count, batch.size, !batch.bytes.empty(), slot->pixels.get(),
                      static_cast<int64_t*>(slot->labels.get()), slot->written,
                      static_cast<size_t>(slot - slots_.data())}));
    } else {
      slot->free = true;
      ended_ = true;
      error_ = error;
    }
    changed_.notify_all();
  }
}

void BatchUploader::Fill(Slot& slot) {
  if (slot.written) slot.written->Wait();  // Long ago, if the device keeps up.
  slot.batch = source_.Next();
  if (!slot.batch) return;
  const Batch& batch = *slot.batch;
  const bool bytes = !batch.bytes.empty();
  const void* pixels = bytes ? static_cast<const void*>(batch.bytes.data()) : batch.pixels.data();
  const int64_t pixel_bytes = bytes ? BytesOf(batch.bytes) : BytesOf(batch.pixels);
  const int64_t label_bytes = BytesOf(batch.labels);
  if (slot.pixel_bytes < pixel_bytes) {
    if (slot.read) slot.read->Wait();
    slot.pixels = device_.Allocate(pixel_bytes);
    slot.pixel_bytes = pixel_bytes;
  }
  if (slot.label_bytes < label_bytes) {
    if (slot.read) slot.read->Wait();
    slot.labels = device_.Allocate(label_bytes);
    slot.pinned_labels = device_.AllocatePinned(label_bytes);
    slot.label_bytes = label_bytes;
  }
  Pin(pixels, pixel_bytes);
  std::memcpy(slot.pinned_labels.get(), batch.labels.data(), static_cast<size_t>(label_bytes));
  if (slot.read) stream_->WaitFor(*slot.read);
  stream_->Copy(slot.pixels.get(), pixels, pixel_bytes);
  stream_->Copy(slot.labels.get(), slot.pinned_labels.get(), label_bytes);
  slot.written = stream_->Record();
}

void BatchUploader::Pin(const void* data, int64_t bytes) {
  if (pinned_.contains(data) || pinned_.size() >= kPinnedMax) return;
  pinned_[data] = device_.Pin(data, bytes);
}

}  // namespace backends
