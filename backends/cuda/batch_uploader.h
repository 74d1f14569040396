#ifndef BACKENDS_CUDA_BATCH_UPLOADER_H_
#define BACKENDS_CUDA_BATCH_UPLOADER_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "backends/cuda/device.h"
#include "backends/images/batch.h"
#include "backends/worker_thread.h"
#include "core/work.h"

namespace backends {

// A minibatch on a device: count × size × size × 3 (row-major), and `count` labels.
struct DeviceBatch {
  int64_t count = 0;
  int64_t size = 0;    // Pixels: width and height.
  bool bytes = false;  // Else float32, normalized.
  void* pixels = nullptr;
  int64_t* labels = nullptr;
  std::shared_ptr<DeviceEvent> arrived;  // Only then it is all there.
  size_t slot = 0;                       // The uploader's.
};

// Copies a source's minibatches to a device, ahead of their use, on a stream of its own. One call
// at a time.
class BatchUploader {
 public:
  // Both outlive it. Nothing is taken from the source before the first call.
  BatchUploader(Device& device, BatchSource& source);
  // Waits for the source's batch that is being taken, if there is one.
  ~BatchUploader();

  // As the source's; what was taken ahead is forgotten.
  void BeginEpoch(int epoch, int64_t batch);
  // Empty after the last. Blocks until the copy has been started. Throws what the source throws.
  std::optional<DeviceBatch> Next();
  // `batch` may be overwritten when `event` has passed. At most three are not released.
  void Release(const DeviceBatch& batch, std::shared_ptr<DeviceEvent> event);

 private:
  // Memory on the device, and pinned memory from which it is filled.
  struct Memory {
    int64_t bytes = 0;
    std::shared_ptr<void> device, pinned;
  };
  struct Slot {
    std::optional<core::Work> filled;   // Fails as the source does.
    std::optional<DeviceBatch> batch;   // Empty after the source's last.
    std::shared_ptr<DeviceEvent> read;  // By who released it.
    Memory pixels, labels;
  };

  // Fills all free slots, one after the other.
  void Refill();
  // On the thread.
  void Fill(Slot& slot);
  template <typename T>
  void Upload(const std::vector<T>& values, const Slot& slot, Memory& memory);

  Device& device_;
  BatchSource& source_;
  const std::unique_ptr<DeviceStream> stream_;
  std::array<Slot, 3> slots_;             // One is used, one is there, one is on its way.
  std::deque<Slot*> free_;                // The longest free first.
  std::deque<Slot*> ahead_;               // Filled, or to be filled, in the source's order.
  bool ended_ = false;                    // Of the thread: the source has ended, or failed.
  std::atomic<bool> forgetting_ = false;  // What is still to be filled is not wanted.
  std::optional<WorkerThread> thread_{std::in_place};
};

}  // namespace backends

#endif  // BACKENDS_CUDA_BATCH_UPLOADER_H_
