#include "backends/cuda/cuda_device.h"

#include <cuda_runtime_api.h>

#include "core/base/error.h"

namespace backends {
namespace {

void Check(cudaError_t result, const char* what) {
  if (result == cudaSuccess) return;
  std::string message = std::string("CUDA: ") + what + ": " + cudaGetErrorString(result);
  if (result == cudaErrorMemoryAllocation) message += ": use smaller batches or images";
  throw core::Error(message);
}

class CudaEvent final : public DeviceEvent {
 public:
  explicit CudaEvent(cudaStream_t stream) {
    Check(cudaEventCreate(&event_), "an event could not be made");
    const cudaError_t recorded = cudaEventRecord(event_, stream);
    if (recorded != cudaSuccess) cudaEventDestroy(event_);
    Check(recorded, "an event could not be recorded");
  }
  ~CudaEvent() override { cudaEventDestroy(event_); }

  bool Passed() const override {
    const cudaError_t result = cudaEventQuery(event_);
    if (result == cudaErrorNotReady) {
      cudaGetLastError();  // Forgets it: others would take it for a failure of theirs.
      return false;
    }
    Check(result, "what the device was told failed");
    return true;
  }

  void Wait() const override {
    Check(cudaEventSynchronize(event_), "what the device was told failed");
  }

  double SecondsSince(const DeviceEvent& earlier) const override {
    float milliseconds = 0;
    Check(
        cudaEventElapsedTime(&milliseconds, static_cast<const CudaEvent&>(earlier).event_, event_),
        "the time between two events is unknown");
    return 1e-3 * static_cast<double>(milliseconds);
  }

  cudaEvent_t handle() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

class CudaStream final : public DeviceStream {
 public:
  explicit CudaStream(cudaStream_t stream) : stream_(stream) {}
  ~CudaStream() override { cudaStreamDestroy(stream_); }

  std::shared_ptr<DeviceEvent> Record() override { return std::make_shared<CudaEvent>(stream_); }

  void WaitFor(const DeviceEvent& event) override {
    Check(cudaStreamWaitEvent(stream_, static_cast<const CudaEvent&>(event).handle(), 0),
          "a stream could not wait for another");
  }

  void Copy(void* target, const void* source, int64_t bytes) override {
    if (bytes == 0) return;
    Check(cudaMemcpyAsync(target, source, static_cast<size_t>(bytes), cudaMemcpyDefault, stream_),
          "a copy failed");
  }

  void* handle() const override { return stream_; }

 private:
  const cudaStream_t stream_;
};

class CudaDevice final : public Device {
 public:
  explicit CudaDevice(int index) : index_(index) {
    Enter();
    cudaDeviceProp properties;
    Check(cudaGetDeviceProperties(&properties, index), "the device cannot be asked");
    name_ = properties.name;
    char bus[32] = {};
    Check(cudaDeviceGetPCIBusId(bus, sizeof(bus), index), "the device cannot be asked");
    identity_ = bus;
  }

  void Enter() override { Check(cudaSetDevice(index_), "the device cannot be used"); }

  std::unique_ptr<DeviceStream> MakeStream(bool urgent) override {
    int least = 0, greatest = 0;
    Check(cudaDeviceGetStreamPriorityRange(&least, &greatest), "the device cannot be asked");
    cudaStream_t stream = nullptr;
    Check(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, urgent ? greatest : least),
          "a stream could not be made");
    return std::make_unique<CudaStream>(stream);
  }

  bool Holds(const void* data) const override {
    cudaPointerAttributes attributes;
    Check(cudaPointerGetAttributes(&attributes, data), "an address cannot be asked about");
    return attributes.type == cudaMemoryTypeDevice || attributes.type == cudaMemoryTypeManaged;
  }

  std::shared_ptr<void> Allocate(int64_t bytes) override {
    void* memory = nullptr;
    Check(cudaMalloc(&memory, static_cast<size_t>(bytes)), "no memory on the device");
    return {memory, cudaFree};
  }

  std::shared_ptr<void> AllocatePinned(int64_t bytes) override {
    void* memory = nullptr;
    Check(cudaMallocHost(&memory, static_cast<size_t>(bytes)), "no pinned memory");
    return {memory, cudaFreeHost};
  }

  int index() const override { return index_; }
  std::string identity() const override { return identity_; }
  std::string name() const override { return name_; }

 private:
  const int index_;
  std::string name_;
  std::string identity_;
};

}  // namespace

CudaDevices FindCudaDevices() {
  int count = 0;
  const cudaError_t result = cudaGetDeviceCount(&count);
  if (result == cudaSuccess && count > 0) return {.count = count};
  cudaGetLastError();  // Forgets it.
  const std::string cause = result == cudaSuccess ? "no device" : cudaGetErrorString(result);
  return {.problem = "CUDA finds no GPU here (" + cause +
                     "): a machine with an NVIDIA GPU and its driver for CUDA 13 is needed"};
}

std::unique_ptr<Device> OpenCudaDevice(int index) {
  const CudaDevices devices = FindCudaDevices();
  if (!devices.problem.empty()) throw core::Error(devices.problem);
  if (index < 0 || index >= devices.count) {
    throw core::Error("GPU " + std::to_string(index) + " is wanted, but there are " +
                      std::to_string(devices.count) + ", numbered from 0: start as many ranks");
  }
  return std::make_unique<CudaDevice>(index);
}

}  // namespace backends
