#include "core/records/results.h"
#include "tools/fuzz/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tools::WithInputFile(
      data, size, [](const std::string& path) { core::ValueOrThrow(core::ReadResults(path)); });
  return 0;
}
