#ifndef SIM_ENGINE_RANK_CLOCK_H_
#define SIM_ENGINE_RANK_CLOCK_H_

#include <algorithm>

#include "core/timeline.h"
#include "sim/engine/engine.h"

namespace sim {

// The time that one rank has reached.
//
// A rank that computes for a known time need not sleep until it is over: nothing reaches it
// meanwhile but what it awaits. Its clock runs ahead of the engine's instead, and what it starts
// starts at its own time. Where others are concerned, in the network and in collectives, things
// happen when the engine's clock has come there.
class RankClock : public core::Clock {
 public:
  explicit RankClock(const Engine& engine) : engine_(engine) {}

  double seconds() const { return std::max(engine_.now(), ahead_); }
  core::Duration Now() const override { return core::Duration(seconds()); }
  void AdvanceTo(double seconds) { ahead_ = std::max(ahead_, seconds); }

 private:
  const Engine& engine_;
  double ahead_ = 0;
};

// What a rank's communicator and replica share.
struct RankState {
  RankState(const Engine& engine, int rank) : clock(engine), rank(rank) {}

  RankClock clock;
  core::Timeline* timeline = nullptr;  // Where spans go; null if nobody looks.
  const int rank;
};

}  // namespace sim

#endif  // SIM_ENGINE_RANK_CLOCK_H_
