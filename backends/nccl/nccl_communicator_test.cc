// The communicator on fake devices with a fake NCCL: what decides, not what runs on GPUs.

#include "backends/nccl/nccl_communicator.h"

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "backends/cuda/testing/fake_device.h"
#include "backends/nccl/testing/fake_nccl.h"
#include "backends/rendezvous/file_store.h"
#include "core/base/error.h"
#include "core/base/temporary_folder.h"
#include "core/task.h"
#include "core/testing/communicator_conformance.h"
#include "core/testing/strategy_conformance.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace backends {
namespace {

using core::SpanKind;
using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A rendezvous that does not let through what comes from one of the ranks, or that is gone.
class BadStore : public Store {
 public:
  enum class State { kGood, kSilent, kGone };

  BadStore(const std::string& folder, const std::atomic<State>& state)
      : store_(OpenFileStore(folder)), state_(state) {}

  void Set(const std::string& key, const std::string& value) override { store_->Set(key, value); }
  void Append(const std::string& key, const std::string& value) override {
    if (IsGood()) store_->Append(key, value);
  }
  std::optional<std::string> Get(const std::string& key, milliseconds timeout) override {
    return IsGood() ? store_->Get(key, timeout) : std::nullopt;
  }

 private:
  bool IsGood() const {
    if (state_ == State::kGone) throw core::Error("lost the rendezvous: see what rank 0 said last");
    return state_ == State::kGood;
  }

  const std::unique_ptr<Store> store_;
  const std::atomic<State>& state_;
};

class FakeWorld : public core::testing::World {
 public:
  static constexpr int kRanksMax = 16;

  explicit FakeWorld(milliseconds timeout = std::chrono::seconds(60)) : timeout_(timeout) {}

  std::vector<std::exception_ptr> Run(int size, const Body& body) override {
    const core::TemporaryFolder folder;
    std::vector<std::exception_ptr> errors(size);
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size; ++rank) {
      threads.emplace_back([&, rank] {
        try {
          RunRank(rank, size, folder.path(), body);
        } catch (...) {
          errors[rank] = std::current_exception();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    return errors;
  }

  testing::FakeNccl& nccl() { return nccl_; }
  // Of a rank.
  std::atomic<BadStore::State>& store_state(int rank) { return store_states_[rank]; }

 private:
  void RunRank(int rank, int size, const std::string& folder, const Body& body) {
    BadStore store(folder, store_states_[rank]);
    const auto device = testing::MakeFakeDevice("gpu " + std::to_string(rank));
    const auto communicator = ConnectNccl(
        {.rank = rank, .size = size, .store = &store, .timeout = timeout_, .device = device.get()},
        nccl_);
    core::RunToEnd(body(*communicator));
  }

  const milliseconds timeout_;
  testing::FakeNccl nccl_;
  std::array<std::atomic<BadStore::State>, kRanksMax> store_states_ = {};
};

std::unique_ptr<core::testing::World> MakeFakeWorld() { return std::make_unique<FakeWorld>(); }

std::string MessageOf(const std::exception_ptr& error) {
  if (!error) return "nothing thrown";
  try {
    std::rethrow_exception(error);
  } catch (const core::Error& failure) {
    return failure.what();
  } catch (const std::exception& other) {
    return std::string("not a core::Error: ") + other.what();
  }
}

core::Task SumUntilRankTwoLeaves(core::Communicator& communicator) {
  std::vector<float> data(1000, 1.0f);
  for (int step = 0; communicator.rank() != 2 || step < 3; ++step) {
    co_await communicator.AllReduce(core::View(data));
  }
}

TEST(NcclCommunicatorTest, ARankThatLeftIsNamedByThoseThatWaitForIt) {
  const auto errors = FakeWorld().Run(3, SumUntilRankTwoLeaves);
  EXPECT_EQ(MessageOf(errors[2]), "nothing thrown");
  for (int rank : {0, 1}) {
    EXPECT_THAT(MessageOf(errors[rank]),
                AllOf(HasSubstr("rank " + std::to_string(rank)), HasSubstr("all-reduce of 4000"),
                      HasSubstr("rank 2")));
  }
}

core::Task WaitForRankOne(core::Communicator& communicator) {
  std::vector<float> data(10);
  if (communicator.rank() == 1) std::this_thread::sleep_for(milliseconds(1500));
  co_await communicator.Broadcast(core::View(data), 0);
}

TEST(NcclCommunicatorTest, ARankThatIsBusyForTooLongIsSaidToBeAlive) {
  const auto errors = FakeWorld(milliseconds(500)).Run(3, WaitForRankOne);
  for (int rank : {0, 1, 2}) {
    EXPECT_THAT(
        MessageOf(errors[rank]),
        AllOf(HasSubstr("rank " + std::to_string(rank) + ": broadcast of 40 bytes"),
              HasSubstr("rank 1 takes no part in it, although it is alive"), HasSubstr("0.5 s")));
  }
}

TEST(NcclCommunicatorTest, ARankThatAnswersNobodyIsNamedAfterTheTimeout) {
  FakeWorld world(milliseconds(500));
  const auto errors = world.Run(3, [&](core::Communicator& communicator) {
    world.store_state(1) = BadStore::State::kSilent;
    return WaitForRankOne(communicator);
  });
  for (int rank : {0, 2}) {
    EXPECT_THAT(MessageOf(errors[rank]), HasSubstr("rank 1 has not answered for 0.5 s"));
  }
}

core::Task SumForEver(core::Communicator& communicator) {
  std::vector<float> data(10);
  while (true) co_await communicator.AllReduce(core::View(data));
}

TEST(NcclCommunicatorTest, ARendezvousThatIsGoneEndsAllRanks) {
  FakeWorld world;
  const auto errors = world.Run(3, [&](core::Communicator& communicator) {
    world.store_state(communicator.rank()) = BadStore::State::kGone;
    return SumForEver(communicator);
  });
  for (int rank : {0, 1, 2}) {
    EXPECT_THAT(MessageOf(errors[rank]),
                AllOf(HasSubstr("rank " + std::to_string(rank) + ": all-reduce of 40 bytes"),
                      HasSubstr("lost the rendezvous: see what rank 0 said last")));
  }
}

TEST(NcclCommunicatorTest, AllNameTheRankWhoseDeviceFailed) {
  FakeWorld world;
  const auto errors = world.Run(3, [&](core::Communicator& communicator) {
    if (communicator.rank() == 1) {
      world.nccl().Break(1, std::make_exception_ptr(core::Error("NCCL: unhandled cuda error")));
    } else {
      world.nccl().Break(communicator.rank(),
                         std::make_exception_ptr(NcclRemoteError("NCCL: remote process exited")));
    }
    return SumForEver(communicator);
  });
  for (const auto& error : errors) {
    EXPECT_THAT(MessageOf(error),
                AllOf(HasSubstr("rank 1 failed: "), HasSubstr("NCCL: unhandled cuda error")));
  }
}

TEST(NcclCommunicatorTest, ALostConnectionIsToldAsItIsIfAllRanksAreAlive) {
  FakeWorld world;
  const auto errors = world.Run(2, [&](core::Communicator& communicator) {
    world.nccl().Break(communicator.rank(),
                       std::make_exception_ptr(NcclRemoteError("NCCL: remote process exited")));
    return SumForEver(communicator);
  });
  for (int rank : {0, 1}) {
    EXPECT_THAT(MessageOf(errors[rank]),
                AllOf(HasSubstr("rank " + std::to_string(rank) + ": all-reduce of 40 bytes"),
                      HasSubstr("NCCL: remote process exited")));
  }
}

std::string ErrorOf(const NcclOptions& options) {
  testing::FakeNccl nccl;
  try {
    ConnectNccl(options, nccl);
  } catch (const core::Error& error) {
    return error.what();
  }
  return "connected";
}

TEST(NcclCommunicatorTest, ARankThatDoesNotComeIsNamed) {
  const core::TemporaryFolder folder;
  const auto store = OpenFileStore(folder.path());
  const auto device = testing::MakeFakeDevice("gpu");
  EXPECT_THAT(ErrorOf({.rank = 1,
                       .size = 3,
                       .store = store.get(),
                       .timeout = milliseconds(100),
                       .device = device.get()}),
              AllOf(HasSubstr("rank 1"), HasSubstr("ranks 0, 2 did not come within 0.1 s")));
}

TEST(NcclCommunicatorTest, TwoRanksOnOneDeviceAreToldWhatToDo) {
  const core::TemporaryFolder folder;
  const auto store = OpenFileStore(folder.path());
  const auto device = testing::MakeFakeDevice("0000:17:00.0");
  std::string errors[2];
  std::thread other([&] {
    errors[1] = ErrorOf({.rank = 1, .size = 2, .store = store.get(), .device = device.get()});
  });
  errors[0] = ErrorOf({.rank = 0, .size = 2, .store = store.get(), .device = device.get()});
  other.join();
  for (const std::string& error : errors) {
    EXPECT_THAT(error, AllOf(HasSubstr("ranks 0 and 1"), HasSubstr("0000:17:00.0"),
                             HasSubstr("--backend=gloo")));
  }
}

class NcclWithoutMemory final : public testing::FakeNccl {
 public:
  std::unique_ptr<NcclHandle> Connect(const std::string& id, int rank, int size) override {
    if (rank == 1) throw std::bad_alloc();
    return FakeNccl::Connect(id, rank, size);
  }
};

TEST(NcclCommunicatorTest, ARankThatFailsWhileItConnectsTellsTheOthers) {
  const core::TemporaryFolder folder;
  const auto store = OpenFileStore(folder.path());
  NcclWithoutMemory nccl;
  const auto rank_main = [&](int rank) {
    const auto device = testing::MakeFakeDevice("gpu " + std::to_string(rank));
    ConnectNccl({.rank = rank,
                 .size = 2,
                 .store = store.get(),
                 .timeout = std::chrono::seconds(20),
                 .device = device.get()},
                nccl);
  };
  std::thread other([&] { EXPECT_THROW(rank_main(1), std::bad_alloc); });
  try {
    rank_main(0);
    ADD_FAILURE() << "connected";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("rank 0: "), HasSubstr("rank 1"),
                                    HasSubstr("connecting: std::bad_alloc")));
  }
  other.join();
}

// An operation starts, on the device, after what was awaited of the replica, and what is computed
// later comes after it; the host waits for neither.
core::Task SumBetween(core::Communicator& communicator, core::Buffer data, DeviceStream& compute,
                      ComputeOrder& order, std::promise<void>& release) {
  std::shared_future<void> released = release.get_future().share();
  testing::Enqueue(compute, [=] {
    released.wait();
    *static_cast<float*>(data.data) = 3;
  });
  order.Awaited(compute.Record());
  co_await communicator.AllReduce(data);
  testing::Enqueue(compute, [=] { *static_cast<float*>(data.data) *= 10; });
  const std::shared_ptr<DeviceEvent> end = compute.Record();
  EXPECT_FALSE(end->Passed());  // Nothing was waited for so far.
  release.set_value();
  end->Wait();
}

TEST(NcclCommunicatorTest, DevicesKeepTheOrderOfComputationAndCommunication) {
  const core::TemporaryFolder folder;
  const auto store = OpenFileStore(folder.path());
  testing::FakeNccl nccl;
  const auto rank_main = [&](int rank) {
    const auto device = testing::MakeFakeDevice("gpu " + std::to_string(rank));
    const auto compute = device->MakeStream(/*urgent=*/false);
    ComputeOrder order(*compute);
    const std::shared_ptr<void> memory = device->Allocate(sizeof(float));
    const auto communicator = ConnectNccl(
        {.rank = rank, .size = 2, .store = store.get(), .device = device.get(), .order = &order},
        nccl);
    std::promise<void> release;
    core::RunToEnd(SumBetween(*communicator, {memory.get(), 1}, *compute, order, release));
    EXPECT_EQ(*static_cast<float*>(memory.get()), 60);
  };
  std::thread other(rank_main, 1);
  rank_main(0);
  other.join();
}

}  // namespace
}  // namespace backends

namespace core::testing {

INSTANTIATE_TEST_SUITE_P(FakeNccl, CommunicatorConformance,
                         ::testing::Values(backends::MakeFakeWorld));
INSTANTIATE_TEST_SUITE_P(FakeNccl, StrategyConformance, EveryStrategyIn(backends::MakeFakeWorld),
                         StrategyName);

}  // namespace core::testing
