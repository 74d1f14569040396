#ifndef CORE_COLLECTIVES_SCRATCH_H_
#define CORE_COLLECTIVES_SCRATCH_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/buffer.h"

namespace core {

// Elements that a collective works with, of its data's type; a size only where the data is one.
class Scratch {
 public:
  Scratch(Buffer data, int64_t count)
      : memory_(data.data ? static_cast<size_t>(count * SizeOf(data.type)) : 0),
        buffer_{data.data ? memory_.data() : nullptr, count, data.type} {}
  Buffer buffer() const { return buffer_; }

 private:
  std::vector<std::byte> memory_;
  const Buffer buffer_;
};

}  // namespace core

#endif  // CORE_COLLECTIVES_SCRATCH_H_
