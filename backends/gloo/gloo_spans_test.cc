// What the communicator records of its operations.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "backends/gloo/gloo_communicator.h"
#include "backends/rendezvous/file_store.h"
#include "core/base/temporary_folder.h"
#include "core/task.h"
#include "core/timeline.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

using core::Duration;
using core::SpanKind;

constexpr int64_t kCount = 1 << 20;

// Shows the time that somebody set.
class SetClock : public core::Clock {
 public:
  Duration Now() const override { return Duration(seconds_); }
  void Set(double seconds) { seconds_ = seconds; }

 private:
  std::atomic<double> seconds_{0};
};

struct Recorded {
  SetClock clock;
  core::Timeline timelines[2] = {{clock, true}, {clock, true}};
};

// Rank 1 is ready to receive at 0 s, and rank 0 comes to it at 5 s. Both sum up at 7 s.
core::Task ComeLate(core::Communicator& communicator, SetClock& clock) {
  std::vector<float> data(kCount);
  float ready = 0;
  if (communicator.rank() == 0) {
    co_await communicator.Receive({&ready, 1}, 1, SpanKind::kPull);
    clock.Set(5);
    co_await communicator.Send({data.data(), kCount}, 1, SpanKind::kPush);
  } else {
    core::Work received = communicator.Receive({data.data(), kCount}, 0, SpanKind::kPush);
    co_await communicator.Send({&ready, 1}, 0, SpanKind::kPull);
    co_await received;
    clock.Set(7);
  }
  co_await communicator.AllReduce({data.data(), kCount});
}

void RunRank(int rank, const std::string& folder, Recorded& recorded) {
  const auto store = OpenFileStore(folder);
  core::Timeline& timeline = recorded.timelines[rank];
  timeline.BeginSteps();
  {
    const auto communicator =
        ConnectGloo({.rank = rank, .size = 2, .store = store.get(), .timeline = &timeline});
    core::RunToEnd(ComeLate(*communicator, recorded.clock));
  }
  timeline.EndStep();
}

TEST(GlooSpansTest, SpansBeginWhenBothRanksAreThere) {
  const core::TemporaryFolder folder;
  Recorded recorded;
  std::thread first(RunRank, 0, folder.path(), std::ref(recorded));
  std::thread second(RunRank, 1, folder.path(), std::ref(recorded));
  first.join();
  second.join();

  for (const core::Timeline& timeline : recorded.timelines) {
    ASSERT_EQ(timeline.trace().size(), 3);
    int found = 0;
    for (const core::Timeline::Traced& traced : timeline.trace()) {
      const core::Span& span = traced.span;
      if (span.kind == SpanKind::kPush) {
        EXPECT_GE(span.start, Duration(5));
        EXPECT_EQ(span.bytes, 4 * kCount);
        ++found;
      } else if (span.kind == SpanKind::kAllReduce) {
        EXPECT_EQ(span.start, Duration(7));
        EXPECT_EQ(span.bytes, 4 * kCount);
        ++found;
      }
    }
    EXPECT_EQ(found, 2);
  }
}

}  // namespace
}  // namespace backends
