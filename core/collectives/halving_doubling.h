#ifndef CORE_COLLECTIVES_HALVING_DOUBLING_H_
#define CORE_COLLECTIVES_HALVING_DOUBLING_H_

#include "core/communicator.h"
#include "core/task.h"

namespace core {

// Leaves the sum over ranks in `data` of all, the same bits: recursive halving, then recursive
// doubling (Thakur, Rabenseifner, Gropp: Optimization of collective communication operations in
// MPICH, 2005). With n ranks, a power of two, and m bytes: 2 log₂ n rounds, 2(n − 1)/n · m bytes.
// With other numbers the first ranks first join in pairs, which costs two rounds of m bytes more.
Task HalvingDoublingAllReduce(Communicator& communicator, Buffer data);

}  // namespace core

#endif  // CORE_COLLECTIVES_HALVING_DOUBLING_H_
