#ifndef SIM_TESTING_RANKS_H_
#define SIM_TESTING_RANKS_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/task.h"
#include "gtest/gtest.h"
#include "sim/collectives/sim_communicator.h"
#include "sim/engine/rank_clock.h"
#include "sim/network/network.h"

namespace sim::testing {

inline constexpr double kBandwidth = 1.25e9;  // 10 Gbit/s.
inline constexpr double kLatency = 100e-6;    // Of a path.

inline core::Buffer Floats(int64_t count) { return {nullptr, count, core::DataType::kFloat32}; }

inline Cluster Star() { return {.nic = {kBandwidth, kLatency / 2}}; }

// A world with one communicator a rank.
class Ranks {
 public:
  Ranks(const Cluster& cluster, int count) : cluster_(cluster), network_(engine_, cluster_, count) {
    for (int rank = 0; rank < count; ++rank) {
      states_.push_back(std::make_unique<RankState>(engine_, rank));
      communicators_.push_back(
          std::make_unique<SimCommunicator>(network_, nullptr, *states_.back()));
    }
  }

  SimCommunicator& operator[](int rank) { return *communicators_[static_cast<size_t>(rank)]; }
  RankClock& clock(int rank) { return states_[static_cast<size_t>(rank)]->clock; }
  Network& network() { return network_; }

  // Adds a rank's coroutine.
  void Add(core::Task task) { tasks_.push_back(std::move(task)); }
  // Returns the virtual time at which all have ended.
  double Run() {
    for (core::Task& task : tasks_) task.Start();
    engine_.Run();
    double end = 0;
    for (const core::Task& task : tasks_) {
      EXPECT_TRUE(task.done());
      task.Rethrow();
    }
    for (const auto& state : states_) end = std::max(end, state->clock.seconds());
    return end;
  }

 private:
  Engine engine_;
  const Cluster cluster_;
  Network network_;
  std::vector<std::unique_ptr<RankState>> states_;
  std::vector<std::unique_ptr<SimCommunicator>> communicators_;
  std::vector<core::Task> tasks_;
};

inline core::Task SendAll(SimCommunicator& communicator, int to, std::vector<int64_t> counts) {
  std::vector<core::Work> works;
  for (int64_t count : counts) {
    works.push_back(communicator.Send(Floats(count), to, core::SpanKind::kPush));
  }
  for (core::Work& work : works) co_await work;
}

inline core::Task ReceiveAll(SimCommunicator& communicator, int from, std::vector<int64_t> counts) {
  std::vector<core::Work> works;
  for (int64_t count : counts) {
    works.push_back(communicator.Receive(Floats(count), from, core::SpanKind::kPush));
  }
  for (core::Work& work : works) co_await work;
}

}  // namespace sim::testing

#endif  // SIM_TESTING_RANKS_H_
