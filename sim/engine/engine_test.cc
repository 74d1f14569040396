#include "sim/engine/engine.h"

#include <coroutine>
#include <memory>
#include <utility>
#include <vector>

#include "core/task.h"
#include "core/work.h"
#include "gtest/gtest.h"
#include "sim/engine/completion.h"

namespace sim {
namespace {

class Recorder : public TimerHandler {
 public:
  explicit Recorder(Engine& engine) : engine_(engine) {}
  void OnTimer(uint64_t argument) override { seen.push_back({engine_.now(), argument}); }
  std::vector<std::pair<double, uint64_t>> seen;

 private:
  Engine& engine_;
};

TEST(EngineTest, FiresTimersInOrderOfTimeThenOfScheduling) {
  Engine engine;
  Recorder recorder(engine);
  engine.At(2, recorder, 0);
  engine.At(1, recorder, 1);
  engine.At(2, recorder, 2);

  engine.Run();

  EXPECT_EQ(recorder.seen, (std::vector<std::pair<double, uint64_t>>{{1, 1}, {2, 0}, {2, 2}}));
  EXPECT_EQ(engine.now(), 2);
  EXPECT_EQ(engine.event_count(), 3u);
}

TEST(EngineTest, TakesTimesThatDifferByRoundingForOneInstant) {
  Engine engine;
  Recorder recorder(engine);
  engine.At(0.1 + 0.2, recorder, 0);  // One rounding above 0.3.
  engine.At(0.3, recorder, 1);
  engine.At(0.3 * (1 + 1e-11), recorder, 2);

  engine.Run();

  ASSERT_EQ(recorder.seen.size(), 3u);
  EXPECT_EQ(recorder.seen[0].first, recorder.seen[1].first);
  EXPECT_LT(recorder.seen[1].first, recorder.seen[2].first);
}

core::Task AwaitAll(Engine& engine, std::vector<core::Work> works, std::vector<double>& times) {
  for (core::Work& work : works) {
    co_await work;
    times.push_back(engine.now());
  }
}

class Finisher : public TimerHandler {
 public:
  explicit Finisher(Engine& engine) : engine_(engine) {}
  void OnTimer(uint64_t argument) override { reinterpret_cast<Part*>(argument)->Finish(engine_); }

 private:
  Engine& engine_;
};

TEST(CompletionTest, ResumesItsWaiterWhenTheLastPartIsDone) {
  Engine engine;
  Finisher finisher(engine);
  Completion& first = *new Completion(2);
  Completion& second = *new Completion(1);
  std::vector<core::Work> works;
  works.emplace_back(first);
  works.emplace_back(second);
  Part parts[] = {Part(first), Part(second), Part(first)};
  for (int i = 0; i < 3; ++i) engine.At(i + 1, finisher, reinterpret_cast<uint64_t>(&parts[i]));
  std::vector<double> times;
  core::Task task = AwaitAll(engine, std::move(works), times);

  task.Start();
  engine.Run();

  EXPECT_TRUE(task.done());
  EXPECT_EQ(times, (std::vector<double>{3, 3}));
}

}  // namespace
}  // namespace sim
