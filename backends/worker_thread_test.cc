#include "backends/worker_thread.h"

#include <future>
#include <optional>
#include <stdexcept>
#include <vector>

#include "core/task.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

core::Task AwaitTask(core::Work& work) { co_await work; }
void Await(core::Work& work) { core::RunToEnd(AwaitTask(work)); }

TEST(WorkerThreadTest, RunsFunctionsInOrderOnAnotherThread) {
  WorkerThread thread;
  std::vector<int> ran;
  std::thread::id id;
  core::Work first = thread.Run([&] { ran.push_back(1); });
  core::Work second = thread.Run([&] {
    ran.push_back(2);
    id = std::this_thread::get_id();
  });
  Await(second);
  Await(first);  // Already done.
  EXPECT_THAT(ran, testing::ElementsAre(1, 2));
  EXPECT_NE(id, std::this_thread::get_id());
}

TEST(WorkerThreadTest, WhatAFunctionThrowsComesOutOfItsWorkAlone) {
  WorkerThread thread;
  core::Work bad = thread.Run([] { throw std::runtime_error("broken"); });
  core::Work good = thread.Run([] {});
  EXPECT_THAT([&] { Await(bad); }, testing::ThrowsMessage<std::runtime_error>("broken"));
  Await(good);
  EXPECT_THAT([&] { thread.RunAndWait([] { throw std::runtime_error("again"); }); },
              testing::ThrowsMessage<std::runtime_error>("again"));
}

TEST(WorkerThreadTest, RunsWhatIsQueuedBeforeItGoes) {
  std::optional<WorkerThread> thread(std::in_place);
  std::promise<void> finish;
  bool second_ran = false;
  core::Work first = thread->Run([&] { finish.get_future().get(); });
  core::Work second = thread->Run([&] { second_ran = true; });
  std::thread finisher([&] { finish.set_value(); });
  thread.reset();
  finisher.join();
  EXPECT_TRUE(second_ran);
  Await(first);
  Await(second);
}

}  // namespace
}  // namespace backends
