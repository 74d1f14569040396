#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/records/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto file = core::ParseSafetensors(bytes);
  if (!file.ok()) return 0;
  size_t total = 0;
  for (const core::HostTensor& tensor : file->tensors) total += tensor.bytes.size();
  if (total > size) std::abort();
  return 0;
}
