#ifndef BACKENDS_NCCL_STAGING_H_
#define BACKENDS_NCCL_STAGING_H_

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "backends/cuda/device.h"
#include "backends/nccl/nccl_group.h"
#include "core/buffer.h"

namespace backends {

// Memory by which buffers on the host get to the device and back. It is kept for the next ones:
// allocating on a device can mean to wait for it.
class Staging {
 public:
  explicit Staging(Device& device) : device_(device) {}

  struct Place {
    core::Buffer buffer;
    std::shared_ptr<void> pinned;
    std::shared_ptr<void> device;

    NcclGroup::Copy ToDevice() const { return {device.get(), pinned.get(), buffer.bytes()}; }
    NcclGroup::Copy ToHost() const { return {pinned.get(), device.get(), buffer.bytes()}; }
    void CopyBack() const {
      std::memcpy(buffer.data, pinned.get(), static_cast<size_t>(buffer.bytes()));
    }
  };

  // With what `buffer` holds now. Free for others when all have dropped both parts.
  Place Stage(core::Buffer buffer) {
    Place place = Take(buffer.bytes());
    place.buffer = buffer;
    std::memcpy(place.pinned.get(), buffer.data, static_cast<size_t>(buffer.bytes()));
    return place;
  }

 private:
  Place Take(int64_t bytes) {
    const std::lock_guard lock(mutex_);
    auto [it, end] = places_.equal_range(bytes);
    for (; it != end; ++it) {
      if (it->second.pinned.use_count() == 1 && it->second.device.use_count() == 1) {
        return it->second;
      }
    }
    const Place made = {{}, device_.AllocatePinned(bytes), device_.Allocate(bytes)};
    return places_.emplace(bytes, made)->second;
  }

  Device& device_;
  std::mutex mutex_;
  std::multimap<int64_t, Place> places_;  // By bytes. Guarded by mutex_.
};

}  // namespace backends

#endif  // BACKENDS_NCCL_STAGING_H_
