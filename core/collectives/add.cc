#include "core/collectives/add.h"

namespace core {
namespace {

template <typename T>
void AddElements(const void* addend, void* sum, int64_t count) {
  const T* from = static_cast<const T*>(addend);
  T* to = static_cast<T*>(sum);
  for (int64_t i = 0; i < count; ++i) to[i] += from[i];
}

}  // namespace

void Add(Buffer addend, Buffer sum) {
  if (sum.data == nullptr) return;
  if (sum.type == DataType::kFloat64) {
    AddElements<double>(addend.data, sum.data, sum.count);
  } else {
    AddElements<float>(addend.data, sum.data, sum.count);
  }
}

}  // namespace core
