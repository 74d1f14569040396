#include "core/collectives/add.h"

#include <algorithm>
#include <cstddef>

namespace core {
namespace {

// Few enough for the first-level cache.
constexpr int64_t kBlock = 2048;

// The sum may lie where an addend does, but no elements overlap otherwise: ivdep says so.
template <typename T>
void AddInBlock(const T* first, const T* second, T* sum, int64_t count) {
#pragma GCC ivdep
  for (int64_t i = 0; i < count; ++i) sum[i] = first[i] + second[i];
}

template <typename T>
void SumBlocks(const std::vector<const void*>& addends, T* sum, int64_t count) {
  const size_t last = addends.size() - 1;
  if (last == 0) return;
  const auto addend = [&](size_t i) { return static_cast<const T*>(addends[i]); };
  T block[kBlock];
  for (int64_t offset = 0; offset < count; offset += kBlock) {
    const int64_t length = std::min(kBlock, count - offset);
    const T* partial = addend(0) + offset;
    for (size_t i = 1; i < last; ++i) {
      AddInBlock(partial, addend(i) + offset, block, length);
      partial = block;
    }
    AddInBlock(partial, addend(last) + offset, sum + offset, length);
  }
}

}  // namespace

void Add(Buffer addend, Buffer sum) {
  if (sum.data) SumInRankOrder({sum.data, addend.data}, sum);
}

void SumInRankOrder(const std::vector<const void*>& addends, Buffer sum) {
  if (sum.data == nullptr) return;
  if (sum.type == DataType::kFloat64) {
    SumBlocks(addends, static_cast<double*>(sum.data), sum.count);
  } else {
    SumBlocks(addends, static_cast<float*>(sum.data), sum.count);
  }
}

}  // namespace core
