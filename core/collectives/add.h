#ifndef CORE_COLLECTIVES_ADD_H_
#define CORE_COLLECTIVES_ADD_H_

#include <vector>

#include "core/buffer.h"

namespace core {

// Both take kFloat32 or kFloat64, and do nothing where buffers are sizes only.

// sum += addend, elementwise: equal types and counts.
void Add(Buffer addend, Buffer sum);

// sum = addends[0] + addends[1] + …, elementwise and in this order, which decides the bits. Each of
// the addends, one at least, has the sum's type and count; the sum may lie where one of them does.
void SumInRankOrder(const std::vector<const void*>& addends, Buffer sum);

}  // namespace core

#endif  // CORE_COLLECTIVES_ADD_H_
