#ifndef BACKENDS_NCCL_STAGING_H_
#define BACKENDS_NCCL_STAGING_H_

#include <cstring>
#include <memory>

#include "backends/cuda/device.h"
#include "backends/cuda/memory_pool.h"
#include "backends/nccl/nccl_group.h"
#include "core/buffer.h"

namespace backends {

// Memory by which buffers on the host get to the device and back.
class Staging {
 public:
  explicit Staging(Device& device)
      : pinned_([&device](int64_t bytes) { return device.AllocatePinned(bytes); }),
        device_([&device](int64_t bytes) { return device.Allocate(bytes); }) {}

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
    Place place{buffer, pinned_.Take(buffer.bytes()), device_.Take(buffer.bytes())};
    std::memcpy(place.pinned.get(), buffer.data, static_cast<size_t>(buffer.bytes()));
    return place;
  }

 private:
  MemoryPool pinned_;
  MemoryPool device_;
};

}  // namespace backends

#endif  // BACKENDS_NCCL_STAGING_H_
