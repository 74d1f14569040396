#ifndef BACKENDS_IMAGES_TESTING_FNV1A64_H_
#define BACKENDS_IMAGES_TESTING_FNV1A64_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_format.h"

namespace backends {

// The FNV-1a hash of `size` bytes, as 16 hexadecimal digits: how golden files name a whole image.
inline std::string Fnv1a64(const void* data, size_t size) {
  uint64_t hash = 0xCBF29CE484222325;
  for (size_t i = 0; i < size; ++i) {
    hash = (hash ^ static_cast<const uint8_t*>(data)[i]) * 0x100000001B3;
  }
  return absl::StrFormat("%016x", hash);
}

}  // namespace backends

#endif  // BACKENDS_IMAGES_TESTING_FNV1A64_H_
