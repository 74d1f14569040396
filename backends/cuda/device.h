#ifndef BACKENDS_CUDA_DEVICE_H_
#define BACKENDS_CUDA_DEVICE_H_

#include <cstdint>
#include <memory>
#include <string>

namespace backends {

// What is used of a GPU's runtime, so that what decides about order, copies and failures runs
// without one, too. Failures are thrown as core::Error. For any thread.

// A point in a stream's work.
class DeviceEvent {
 public:
  virtual ~DeviceEvent() = default;
  virtual bool Passed() const = 0;
  // Blocks the caller until then.
  virtual void Wait() const = 0;
  // Of the device's clock; both have passed.
  virtual double SecondsSince(const DeviceEvent& earlier) const = 0;
};

// Work of a device that is done in its order. Nothing here blocks.
class DeviceStream {
 public:
  virtual ~DeviceStream() = default;
  // The point that is reached when all that the stream was told so far is done.
  virtual std::shared_ptr<DeviceEvent> Record() = 0;
  // What the stream is told from now on comes after `event`.
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
  // What an urgent stream has to do comes before what others have.
  virtual std::unique_ptr<DeviceStream> MakeStream(bool urgent) = 0;
  // Whether it can work on `data` where it lies.
  virtual bool Holds(const void* data) const = 0;
  virtual std::shared_ptr<void> Allocate(int64_t bytes) = 0;
  // Memory of the host that copies reach while both go on.
  virtual std::shared_ptr<void> AllocatePinned(int64_t bytes) = 0;
  virtual int index() const = 0;
  // The same for the same piece of hardware, whatever its number in a process is.
  virtual std::string identity() const = 0;
  virtual std::string name() const = 0;
};

}  // namespace backends

#endif  // BACKENDS_CUDA_DEVICE_H_
