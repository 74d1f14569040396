#ifndef CORE_COLLECTIVES_ADD_H_
#define CORE_COLLECTIVES_ADD_H_

#include "core/buffer.h"

namespace core {

// sum += addend, elementwise: kFloat32 or kFloat64, equal types and counts. Nothing where buffers
// are sizes only.
void Add(Buffer addend, Buffer sum);

}  // namespace core

#endif  // CORE_COLLECTIVES_ADD_H_
