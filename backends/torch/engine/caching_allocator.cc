#include "backends/torch/engine/caching_allocator.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "core/base/huge_pages.h"

namespace backends {
namespace {

constexpr size_t kSmallBytes = 16 << 10;  // Below, malloc is as good.
constexpr size_t kAlignment = 4 << 10;
constexpr size_t kRegionBytes = 16 * core::kHugePage;

size_t RoundUp(size_t bytes, size_t multiple) {
  return (bytes + multiple - 1) / multiple * multiple;
}

// Best fit among blocks that are never split, joined or given back: a training step asks for the
// same sizes again and again.
class CachingAllocator final : public at::Allocator {
 public:
  at::DataPtr allocate(size_t bytes) override {
    if (bytes < kSmallBytes) return c10::GetDefaultCPUAllocator()->allocate(bytes);
    void* block = Take(RoundUp(bytes, kAlignment));
    return {block, block, &Delete, at::Device(at::kCPU)};
  }

  at::DeleterFnPtr raw_deleter() const override { return &Delete; }

  void copy_data(void* target, const void* source, size_t bytes) const override {
    default_copy_data(target, source, bytes);
  }

  static CachingAllocator& Instance() {
    static CachingAllocator& instance = *new CachingAllocator;  // Outlives all tensors.
    return instance;
  }

 private:
  static void Delete(void* block) {
    if (!Instance().GiveBack(block)) c10::GetDefaultCPUAllocator()->raw_deleter()(block);
  }

  void* Take(size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto fit = free_.lower_bound(bytes);
    // A block that is much larger is kept for what needs it.
    if (fit != free_.end() && fit->first <= bytes + bytes / 4) {
      void* block = fit->second.back();
      fit->second.pop_back();
      if (fit->second.empty()) free_.erase(fit);
      return block;
    }
    void* block = Carve(bytes);
    bytes_[block] = bytes;
    return block;
  }

  // False if the block is none of ours.
  bool GiveBack(void* block) {
    const std::lock_guard lock(mutex_);
    const auto found = bytes_.find(block);
    if (found == bytes_.end()) return false;
    free_[found->second].push_back(block);
    return true;
  }

  // New memory, from regions that are large enough for huge pages.
  void* Carve(size_t bytes) {
    if (bytes > region_left_) {
      region_left_ = std::max(kRegionBytes, RoundUp(bytes, core::kHugePage));
      region_ = core::AllocateHugePages(region_left_, /*small=*/0);
    }
    void* block = region_;
    region_ += bytes;
    region_left_ -= bytes;
    return block;
  }

  std::mutex mutex_;
  // Guarded by mutex_.
  std::map<size_t, std::vector<void*>> free_;  // By size.
  std::unordered_map<void*, size_t> bytes_;    // Of every block.
  std::byte* region_ = nullptr;                // What is left of the newest region.
  size_t region_left_ = 0;
};

}  // namespace

void InstallCachingAllocator() {
  static std::once_flag once;
  std::call_once(once, [] { c10::SetCPUAllocator(&CachingAllocator::Instance()); });
}

}  // namespace backends
