// A rank to which the system gives no further thread says so in one line, and nobody hangs.
#include <dlfcn.h>
#include <pthread.h>

#include <cerrno>
#include <string>

#include "backends/gloo/gloo_communicator.h"
#include "backends/rendezvous/file_store.h"
#include "core/base/error.h"
#include "core/base/process.h"
#include "core/base/temporary_folder.h"
#include "core/task.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace {
int threads_left = 1'000'000;
}  // namespace

// In place of the C library's.
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*run)(void*), void* argument) {
  if (threads_left-- <= 0) return EAGAIN;
  const auto create =
      reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
  return create(thread, attributes, run, argument);
}

namespace backends {
namespace {

using ::testing::HasSubstr;

constexpr int kRanks = 3;

core::Task Add(core::Communicator& communicator, float& value) {
  co_await communicator.AllReduce({&value, 1});
}

core::Process StartRank(int rank, const std::string& folder, int threads) {
  return core::ValueOrThrow(core::Process::Call([=]() -> std::string {
    threads_left = threads;
    const auto store = OpenFileStore(folder);
    const auto communicator = ConnectGloo(
        {.rank = rank, .size = kRanks, .store = store.get(), .timeout = std::chrono::seconds(2)});
    float value = 1;
    core::RunToEnd(Add(*communicator, value));
    return std::to_string(value);
  }));
}

TEST(GlooThreadsTest, EveryThreadMayBeTheOneThatCannotBeStarted) {
  int failed = 0;
  for (int threads = 0;; ++threads) {
    ASSERT_LT(threads, 30);
    const core::TemporaryFolder folder;
    core::Process first = StartRank(0, folder.path(), threads);
    core::Process second = StartRank(1, folder.path(), 1000);
    core::Process third = StartRank(2, folder.path(), 1000);
    ASSERT_FALSE(first.Wait().signal) << threads << ": " << first.Wait().ToString();
    ASSERT_FALSE(second.Wait().signal) << threads;
    ASSERT_FALSE(third.Wait().signal) << threads;
    if (first.Wait().code == 0) break;
    ++failed;
    EXPECT_THAT(first.text(), HasSubstr("Resource temporarily unavailable"));
    EXPECT_THAT(first.text(), ::testing::Not(HasSubstr("\n")));
  }
  EXPECT_GE(failed, 4);
}

}  // namespace
}  // namespace backends
