#include "core/communicator.h"

#include <coroutine>
#include <stdexcept>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// Rank 1 of three, which notes what it is told and does nothing.
class NotingCommunicator : public Communicator {
 public:
  int rank() const override { return 1; }
  int size() const override { return 3; }
  Work Start(const CollectiveCall& call) override {
    starts.push_back(std::string(Name(call.kind)));
    roots.push_back(call.root);
    return Done();
  }
  Work Send(Buffer, int to, SpanKind) override {
    CheckPeer(to);
    return Note("send");
  }
  Work Receive(Buffer, int from, SpanKind) override {
    CheckPeer(from);
    return Note("receive");
  }

  std::vector<std::string> starts, awaited;
  std::vector<int> roots;

 private:
  struct Noting : Operation {
    Noting(std::vector<std::string>& into, std::string what) : awaited(into), name(what) {}
    bool Await(std::coroutine_handle<>) override {
      awaited.push_back(name);
      return false;
    }
    std::vector<std::string>& awaited;
    const std::string name;
  };
  Work Note(const std::string& name) { return Work(*new Noting(awaited, name)); }
};

TEST(CommunicatorTest, CollectivesAreCallsOfOneFunction) {
  NotingCommunicator communicator;
  const Buffer data{nullptr, 6};
  communicator.AllReduce(data).Await(nullptr);
  communicator.Broadcast(data, 2).Await(nullptr);
  communicator.ReduceScatter(data).Await(nullptr);
  communicator.AllGather(data).Await(nullptr);
  EXPECT_THAT(communicator.starts,
              ElementsAre("all-reduce", "broadcast", "reduce-scatter", "all-gather"));
  EXPECT_THAT(communicator.roots, ElementsAre(-1, 2, -1, -1));
}

TEST(CommunicatorTest, CallsThatMakeNoSenseAreNotStarted) {
  NotingCommunicator communicator;
  const Buffer bytes{nullptr, 6, DataType::kByte}, odd{nullptr, 7};
  const auto throws = [](const char* what) {
    return ThrowsMessage<std::logic_error>(HasSubstr(what));
  };
  EXPECT_THAT([&] { (void)communicator.AllReduce(bytes); }, throws("all-reduce of bytes"));
  EXPECT_THAT([&] { (void)communicator.ReduceScatter(bytes); }, throws("reduce-scatter of bytes"));
  EXPECT_THAT([&] { (void)communicator.ReduceScatter(odd); }, throws("of 7 elements"));
  EXPECT_THAT([&] { (void)communicator.AllGather(odd); }, throws("of the 3 ranks"));
  EXPECT_THAT([&] { (void)communicator.Broadcast(odd, 3); }, throws("rank 3 in a world of 3"));
  EXPECT_THAT([&] { (void)communicator.Broadcast(odd, -1); }, throws("rank -1"));
  EXPECT_THAT([&] { (void)communicator.Send(odd, 3, SpanKind::kPush); }, throws("rank 3"));
  EXPECT_THAT([&] { (void)communicator.Receive(odd, 1, SpanKind::kPush); }, throws("to itself"));
  EXPECT_THAT(communicator.starts, ElementsAre());
}

TEST(CommunicatorTest, AnExchangeIsAwaitedWhenBothItsMessagesAre) {
  NotingCommunicator communicator;
  const Work work = communicator.Exchange({nullptr, 1}, 2, {nullptr, 1}, 0, SpanKind::kPush);
  EXPECT_FALSE(work.Await(nullptr));
  EXPECT_THAT(communicator.awaited, ::testing::UnorderedElementsAre("send", "receive"));
}

}  // namespace
}  // namespace core
