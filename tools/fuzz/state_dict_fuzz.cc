// The parts of torch.save's files that are read before there is a tensor.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "backends/torch/state_dict/pickle.h"
#include "backends/torch/state_dict/zip_archive.h"
#include "core/base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    std::string_view pickle = bytes;
    if (bytes.substr(0, 2) == "PK") {
      const backends::ZipArchive archive(bytes);
      pickle = archive.Record("data.pkl");
      archive.Record("data/0");
    }
    backends::PickleReader reader;
    reader.Read(pickle)->Find("state_dict");
  } catch (const core::Error&) {
  }
  return 0;
}
