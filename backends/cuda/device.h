#ifndef BACKENDS_CUDA_DEVICE_H_
#define BACKENDS_CUDA_DEVICE_H_

#include <cstdint>
#include <memory>
#include <string>

namespace backends {

// What is used of a GPU's runtime, behind interfaces, so that the code which decides about order,
// copies and failures can be tested without a GPU. Everything may be called from any thread;
// failures are thrown as core::Error.

// A point in a stream's work. It has passed when all work before it is done.
class DeviceEvent {
 public:
  virtual ~DeviceEvent() = default;
  virtual bool Passed() const = 0;
  // Blocks the caller until it has passed.
  virtual void Wait() const = 0;
  // By the device's clock; both have passed.
  virtual double SecondsSince(const DeviceEvent& earlier) const = 0;
};

// Work that a device does in the order in which it was launched. Launching does not block.
class DeviceStream {
 public:
  virtual ~DeviceStream() = default;
  // An event that passes when all that was launched on the stream so far is done.
  virtual std::shared_ptr<DeviceEvent> Record() = 0;
  // What is launched on the stream from now on begins after `event` has passed.
  virtual void WaitFor(const DeviceEvent& event) = 0;
  // Between memory of the device and pinned memory, or within either.
  virtual void Copy(void* target, const void* source, int64_t bytes) = 0;
  // cudaStream_t.
  virtual void* handle() const = 0;
};

class Device {
 public:
  virtual ~Device() = default;
  // Makes it the calling thread's device: first thing in every thread.
  virtual void Enter() = 0;
  // The device prefers the work of an urgent stream to that of others.
  virtual std::unique_ptr<DeviceStream> MakeStream(bool urgent) = 0;
  // Whether `data` lies in its memory.
  virtual bool Holds(const void* data) const = 0;
  // Memory of the device, freed with its last owner.
  virtual std::shared_ptr<void> Allocate(int64_t bytes) = 0;
  // Memory of the host that stays in place, so that it is copied while host and device go on.
  virtual std::shared_ptr<void> AllocatePinned(int64_t bytes) = 0;
  virtual int index() const = 0;
  // The same for the same piece of hardware, whatever its number in a process is.
  virtual std::string identity() const = 0;
  virtual std::string name() const = 0;
};

}  // namespace backends

#endif  // BACKENDS_CUDA_DEVICE_H_
