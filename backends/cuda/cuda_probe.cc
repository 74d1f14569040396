#include "backends/cuda/cuda_probe.h"

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/process.h"

namespace backends {

CudaDevices ProbeCudaDevices() {
  core::Process child = core::ValueOrThrow(core::Process::Call([] {
    const CudaDevices found = FindCudaDevices();
    return absl::StrCat(found.count, "\n", found.problem);
  }));
  const bool looked = child.Wait().code == 0;
  const std::string& text = child.text();
  const size_t end = text.find('\n');
  CudaDevices devices;
  if (looked && end != text.npos && absl::SimpleAtoi(text.substr(0, end), &devices.count)) {
    devices.problem = text.substr(end + 1);
  } else {
    devices.problem =
        absl::StrCat("looking for GPUs ", child.Wait().ToString(), text.empty() ? "" : ": ", text);
  }
  return devices;
}

}  // namespace backends
