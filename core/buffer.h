#ifndef CORE_BUFFER_H_
#define CORE_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace core {

enum class DataType { kByte, kFloat32, kFloat64 };

constexpr int64_t SizeOf(DataType type) {
  switch (type) {
    case DataType::kByte:
      return 1;
    case DataType::kFloat32:
      return 4;
    case DataType::kFloat64:
      return 8;
  }
  return 0;
}

// A view of `count` elements. `data` is null where only the size matters (large simulations).
struct Buffer {
  void* data = nullptr;
  int64_t count = 0;
  DataType type = DataType::kFloat32;

  int64_t bytes() const { return count * SizeOf(type); }
  // The `length` elements from `offset` on.
  Buffer Slice(int64_t offset, int64_t length) const {
    std::byte* start = static_cast<std::byte*>(data);
    return {start ? start + offset * SizeOf(type) : nullptr, length, type};
  }
};

template <class T>
inline constexpr DataType kDataTypeOf = DataType::kByte;
template <>
inline constexpr DataType kDataTypeOf<float> = DataType::kFloat32;
template <>
inline constexpr DataType kDataTypeOf<double> = DataType::kFloat64;

// All elements of `values`, which outlive the view: float, double, or bytes.
template <class T>
Buffer View(std::vector<T>& values) {
  static_assert(kDataTypeOf<T> != DataType::kByte || sizeof(T) == 1);
  return {values.data(), static_cast<int64_t>(values.size()), kDataTypeOf<T>};
}

}  // namespace core

#endif  // CORE_BUFFER_H_
