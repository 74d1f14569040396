#ifndef BACKENDS_CUDA_TESTING_FAKE_DEVICE_H_
#define BACKENDS_CUDA_TESTING_FAKE_DEVICE_H_

#include <functional>
#include <memory>
#include <string>

#include "backends/cuda/device.h"

namespace backends::testing {

// A device whose streams are threads of this process and whose memory is the host's. It shows that
// what is built on a Device orders its work rightly, and nothing about GPUs.
// With `holds_all`, every address counts as its memory.
std::unique_ptr<Device> MakeFakeDevice(const std::string& identity, bool holds_all = false);

// Adds `work` to a stream of a fake device.
void Enqueue(DeviceStream& stream, std::function<void()> work);

}  // namespace backends::testing

#endif  // BACKENDS_CUDA_TESTING_FAKE_DEVICE_H_
