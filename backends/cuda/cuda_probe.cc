#include "backends/cuda/cuda_probe.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "core/base/error.h"

namespace backends {

CudaDevices ProbeCudaDevices() {
  int ends[2];
  if (pipe(ends) != 0) throw core::Error("no pipe could be made to look for GPUs");
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) throw core::Error("no process could be made to look for GPUs");
  if (child == 0) {
    const CudaDevices found = FindCudaDevices();
    const ssize_t written = write(ends[1], found.problem.data(), found.problem.size());
    _exit(written < 0 ? 0 : found.count);
  }
  close(ends[1]);
  CudaDevices devices;
  char text[512];
  for (ssize_t length; (length = read(ends[0], text, sizeof(text))) > 0;) {
    devices.problem.append(text, static_cast<size_t>(length));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) devices.count = WEXITSTATUS(status);
  if (devices.count == 0 && devices.problem.empty()) devices.problem = "looking for GPUs failed";
  return devices;
}

}  // namespace backends
