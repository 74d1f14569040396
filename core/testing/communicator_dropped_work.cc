#include <deque>
#include <vector>

#include "core/testing/communicator_conformance.h"

namespace core::testing {
namespace {

constexpr SpanKind kMessage = SpanKind::kPush;
constexpr int64_t kCounts[] = {0, 1, 4099, 300007};

// What operations in flight may still read and write once their rank's body has ended.
using Buffers = std::deque<std::vector<float>>;

Buffer Keep(Buffers& buffers, int64_t count, float value) {
  return View(buffers.emplace_back(static_cast<size_t>(count), value));
}

void ExpectAll(Buffer buffer, float value) {
  const auto* const values = static_cast<const float*>(buffer.data);
  for (int64_t i = 0; i < buffer.count; ++i) {
    ASSERT_EQ(values[i], value) << "element " << i << " of " << buffer.count;
  }
}

// Of every collective and message some ranks await the Work, the others drop it at once.
Task DropSomeWork(Communicator& communicator, Buffers& buffers) {
  const int rank = communicator.rank();
  const int size = communicator.size();
  const int next = (rank + 1) % size;
  const int previous = (rank + size - 1) % size;
  for (int round = 0; round < 6; ++round) {
    const bool drops = (rank + round) % 3 != 0;
    for (int64_t count : kCounts) {
      const Buffer sum = Keep(buffers, count, static_cast<float>(rank));
      const Buffer copy = Keep(buffers, count, static_cast<float>(rank));
      const Buffer source = Keep(buffers, count, static_cast<float>(rank + round));
      const Buffer target = Keep(buffers, count, -1);
      std::vector<Work> works;
      works.push_back(communicator.AllReduce(sum));
      if (size > 1) {
        works.push_back(communicator.Exchange(source, next, target, previous, kMessage));
      }
      works.push_back(communicator.Broadcast(copy, round % size));
      if (drops) continue;
      for (Work& work : works) co_await work;
      ExpectAll(sum, static_cast<float>(size * (size - 1) / 2));
      ExpectAll(target, size > 1 ? static_cast<float>(previous + round) : -1);
      ExpectAll(copy, static_cast<float>(round % size));
    }
  }
  // So that all that others await is through; then everybody leaves in the middle of a message
  // that will never come.
  Work barrier = communicator.AllReduce(Keep(buffers, 1, 1));
  co_await barrier;
  if (size == 1) co_return;
  const Work never = communicator.Receive(Keep(buffers, 1000, 0), previous, kMessage);
}

TEST_P(CommunicatorConformance, DroppedWorkGoesOnAndHoldsNobodyUp) {
  auto world = GetParam()();
  for (int size : {1, 2, 3, 5}) {
    std::vector<Buffers> buffers(static_cast<size_t>(size));
    RunRanks(*world, size, [&](Communicator& communicator) {
      return DropSomeWork(communicator, buffers[static_cast<size_t>(communicator.rank())]);
    });
  }
}

}  // namespace
}  // namespace core::testing
