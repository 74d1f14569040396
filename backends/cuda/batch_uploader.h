#ifndef BACKENDS_CUDA_BATCH_UPLOADER_H_
#define BACKENDS_CUDA_BATCH_UPLOADER_H_

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "backends/cuda/device.h"
#include "backends/images/batch.h"

namespace backends {

// A minibatch on a device.
struct DeviceBatch {
  int64_t count = 0;
  int64_t size = 0;
  bool bytes = false;  // Else float32, normalized.
  void* pixels = nullptr;
  int64_t* labels = nullptr;
  std::shared_ptr<DeviceEvent> arrived;  // Only then it is all there.
  size_t slot = 0;
};

// Copies a source's minibatches to a device, ahead of their use, on a stream of its own.
class BatchUploader {
 public:
  // Both outlive it. Nothing is taken from the source before the first call.
  BatchUploader(Device& device, BatchSource& source);
  // Waits for the source's batch that is being taken, if there is one.
  ~BatchUploader();

  // Starts the source's epoch; what was taken ahead is forgotten.
  void BeginEpoch(int epoch);
  // Null after the last. Blocks until the copy has been started. Throws what the source throws.
  std::unique_ptr<DeviceBatch> Next();
  // `batch` may be overwritten when `event` has passed.
  void Release(const DeviceBatch& batch, std::shared_ptr<DeviceEvent> event);

 private:
  // Memory on the device, and pinned memory from which it is filled.
  struct Memory {
    int64_t bytes = 0;
    std::shared_ptr<void> device, pinned;
  };
  struct Slot {
    bool free = true;
    std::shared_ptr<DeviceEvent> read;  // By who released it.
    std::shared_ptr<DeviceEvent> written;
    Memory pixels, labels;
  };

  void Run();
  // Needs the mutex; the slot that comes next, if it is free.
  Slot* NextSlot();
  // Null after the source's last.
  std::unique_ptr<DeviceBatch> Fill(Slot& slot);
  template <typename T>
  void Upload(const std::vector<T>& values, const Slot& slot, Memory& memory);

  Device& device_;
  BatchSource& source_;
  const std::unique_ptr<DeviceStream> stream_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool running_ = false;  // Takes batches, or will as soon as there is room.
  bool busy_ = false;     // With one.
  bool stopping_ = false;
  std::vector<Slot> slots_;
  size_t next_slot_ = 0;
  std::deque<std::unique_ptr<DeviceBatch>> ready_;
  bool ended_ = false;
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace backends

#endif  // BACKENDS_CUDA_BATCH_UPLOADER_H_
