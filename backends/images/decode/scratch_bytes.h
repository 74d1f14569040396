#ifndef BACKENDS_IMAGES_DECODE_SCRATCH_BYTES_H_
#define BACKENDS_IMAGES_DECODE_SCRATCH_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace backends {

// Memory that is used again for the next image. What a rare huge one took is given back with the
// next that is not.
class ScratchBytes {
 public:
  // At least so many bytes, whose content nobody knows; what was handed out before is gone.
  uint8_t* Fit(size_t bytes) {
    constexpr size_t kKeptMax = size_t{32} << 20;
    const bool keeps_too_much = bytes_.size() > kKeptMax && bytes <= kKeptMax;
    if (bytes > bytes_.size() || keeps_too_much) {
      bytes_ = {};  // First, so that both are never there at a time.
      bytes_.resize(bytes);
    }
    return bytes_.data();
  }
  size_t size() const { return bytes_.size(); }

 private:
  std::vector<uint8_t> bytes_;
};

}  // namespace backends

#endif  // BACKENDS_IMAGES_DECODE_SCRATCH_BYTES_H_
