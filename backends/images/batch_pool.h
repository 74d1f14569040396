#ifndef BACKENDS_IMAGES_BATCH_POOL_H_
#define BACKENDS_IMAGES_BATCH_POOL_H_

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "backends/images/batch.h"

namespace backends {

// Batches that are used again, so that a step allocates none. Held by a std::shared_ptr: batches
// that are out keep it alive. For any thread.
class BatchPool : public std::enable_shared_from_this<BatchPool> {
 public:
  // One that was handed back, with what it held then, or a new one.
  std::unique_ptr<Batch> Take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return std::make_unique<Batch>();
    std::unique_ptr<Batch> batch = std::move(free_.back());
    free_.pop_back();
    return batch;
  }

  // `batch` for others to read; it is handed back when the last of them drops it.
  std::shared_ptr<const Batch> Share(std::unique_ptr<Batch> batch) {
    return {batch.release(), [pool = shared_from_this()](const Batch* shared) {
              pool->Return(std::unique_ptr<Batch>(const_cast<Batch*>(shared)));
            }};
  }

  void Return(std::unique_ptr<Batch> batch) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(batch));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Batch>> free_;  // Guarded by mutex_.
};

}  // namespace backends

#endif  // BACKENDS_IMAGES_BATCH_POOL_H_
