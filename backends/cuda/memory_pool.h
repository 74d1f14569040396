#ifndef BACKENDS_CUDA_MEMORY_POOL_H_
#define BACKENDS_CUDA_MEMORY_POOL_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace backends {

// Memory of a device, or pinned, that is used again as soon as all others have dropped it: making
// it is slow, and can mean to wait for the device. For any thread.
class MemoryPool {
 public:
  using Allocate = std::function<std::shared_ptr<void>(int64_t bytes)>;

  explicit MemoryPool(Allocate allocate) : allocate_(std::move(allocate)) {}

  std::shared_ptr<void> Take(int64_t bytes) {
    const std::lock_guard lock(mutex_);
    auto [it, end] = memory_.equal_range(bytes);
    for (; it != end; ++it) {
      if (it->second.use_count() == 1) return it->second;
    }
    return memory_.emplace(bytes, allocate_(bytes))->second;
  }

 private:
  const Allocate allocate_;
  std::mutex mutex_;
  std::multimap<int64_t, std::shared_ptr<void>> memory_;  // By bytes. Guarded by mutex_.
};

}  // namespace backends

#endif  // BACKENDS_CUDA_MEMORY_POOL_H_
