#ifndef CORE_TRAINING_AGREEMENT_H_
#define CORE_TRAINING_AGREEMENT_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "core/communicator.h"
#include "core/task.h"
#include "core/timeline.h"

namespace core {

// Lets every rank know, at the same step, whether one of them wants to stop; and lets those that
// have nothing to do hear from the others now and then, so that they wait for no message longer
// than the communicator bears. One small all-reduce about twice a second.
//
// All ranks call it alike. It outlives the communicator, which may write to it until then.
class Agreement {
 public:
  explicit Agreement(const Timeline& timeline) : timeline_(timeline) {}

  // Another kind of work begins, whose pieces may last longer.
  void Begin();
  // How many pieces of work, at least one, are to be done before the next Tick.
  int64_t pieces() const { return pieces_; }
  // `pieces` have been done. From some later Tick on, the same on all ranks, agreed() holds if one
  // rank passed `stop`.
  Task Tick(Communicator& communicator, int64_t pieces, bool stop);
  bool agreed() const { return agreed_; }
  // Waits for what is under way, on all ranks alike.
  Task Read(int size);

 private:
  const Timeline& timeline_;
  int64_t pieces_ = 1;
  int64_t done_ = 0;  // Pieces since the last all-reduce was begun.
  Duration begun_{};
  bool agreed_ = false;
  std::vector<double> sums_{0.0, 0.0};  // Ranks that want to stop; seconds a piece.
  std::optional<Work> running_;
};

}  // namespace core

#endif  // CORE_TRAINING_AGREEMENT_H_
