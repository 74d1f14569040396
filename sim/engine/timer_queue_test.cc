#include "sim/engine/timer_queue.h"

#include <cmath>
#include <map>
#include <random>

#include "gtest/gtest.h"

namespace sim {
namespace {

class Nobody : public TimerHandler {
 public:
  void OnTimer(uint64_t) override {}
};
Nobody nobody;

TEST(TimerQueueTest, IsEmptyAtFirst) {
  TimerQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.Next(), std::numeric_limits<double>::infinity());
}

TEST(TimerQueueTest, KeepsTheOrderOfEqualTimes) {
  TimerQueue queue;
  for (uint64_t i = 0; i < 100; ++i) queue.Push({i % 2 ? 1.0 : 2.0, &nobody, i});
  for (uint64_t i = 0; i < 50; ++i) EXPECT_EQ(queue.Pop().argument, 2 * i + 1);
  queue.Push({2.0, &nobody, 100});
  for (uint64_t i = 0; i <= 50; ++i) EXPECT_EQ(queue.Pop().argument, 2 * i);
  EXPECT_TRUE(queue.empty());
}

TEST(TimerQueueTest, TakesATimeBeforeTheLastForTheLast) {
  TimerQueue queue;
  queue.Push({2.0, &nobody, 0});
  queue.Push({3.0, &nobody, 1});
  queue.Pop();
  queue.Push({1.0, &nobody, 2});
  EXPECT_EQ(queue.Next(), 2.0);
  EXPECT_EQ(queue.Pop().argument, 2u);
  EXPECT_EQ(queue.Pop().argument, 1u);
}

// Against a sorted multimap, which keeps equal keys in the order of insertion.
TEST(TimerQueueTest, PopsRandomTimersLikeASortedList) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    TimerQueue queue;
    std::multimap<double, uint64_t> expected;
    double now = 0;
    for (uint64_t i = 0; i < 500; ++i) {
      if (random() % 3 || expected.empty()) {
        const double time = now + (random() % 2 ? random() % 4 : std::ldexp(random() % 1000, -20));
        queue.Push({time, &nobody, i});
        expected.emplace(time, i);
      } else {
        const auto first = expected.begin();
        ASSERT_EQ(queue.Next(), first->first);
        const Timer timer = queue.Pop();
        ASSERT_EQ(timer.time, first->first);
        ASSERT_EQ(timer.argument, first->second);
        now = timer.time;
        expected.erase(first);
      }
    }
  }
}

}  // namespace
}  // namespace sim
