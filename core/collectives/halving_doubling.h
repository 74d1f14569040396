#ifndef CORE_COLLECTIVES_HALVING_DOUBLING_H_
#define CORE_COLLECTIVES_HALVING_DOUBLING_H_

#include <bit>

#include "core/communicator.h"
#include "core/task.h"

namespace core {

// The ranks that halve and double: a power of two. The first 2 · extra ranks are pairs, of which
// the even one stands for both.
class HalvingMembers {
 public:
  explicit HalvingMembers(int size)
      : count_(static_cast<int>(std::bit_floor(static_cast<unsigned>(size)))),
        extra_(size - count_) {}

  int count() const { return count_; }
  bool IsPaired(int rank) const { return rank < 2 * extra_; }
  bool Halves(int rank) const { return !IsPaired(rank) || rank % 2 == 0; }
  // Of a rank that halves.
  int MemberOf(int rank) const { return IsPaired(rank) ? rank / 2 : rank - extra_; }
  int RankOf(int member) const { return member < extra_ ? 2 * member : member + extra_; }

 private:
  const int count_;
  const int extra_;
};

// Leaves the sum over ranks in `data` of all, the same bits: recursive halving, then recursive
// doubling (Thakur, Rabenseifner, Gropp: Optimization of collective communication operations in
// MPICH, 2005). With n ranks, a power of two, and m bytes: 2 log₂ n rounds, 2(n − 1)/n · m bytes.
// With other numbers the first ranks first join in pairs, which costs two rounds of m bytes more.
Task HalvingDoublingAllReduce(Communicator& communicator, Buffer data);

}  // namespace core

#endif  // CORE_COLLECTIVES_HALVING_DOUBLING_H_
