#ifndef BACKENDS_IMAGES_DECODE_FILE_CONTENTS_H_
#define BACKENDS_IMAGES_DECODE_FILE_CONTENTS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace backends {

// The contents of one file at a time, in memory that is used again.
class FileContents {
 public:
  // Valid until the next call. Throws core::Error, without the file's name.
  std::span<const uint8_t> Read(const std::string& path);

 private:
  std::vector<uint8_t> storage_;
};

}  // namespace backends

#endif  // BACKENDS_IMAGES_DECODE_FILE_CONTENTS_H_
