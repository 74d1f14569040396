#include "core/collectives/broadcast.h"

#include <bit>

namespace core {

Task TreeBroadcast(Communicator& communicator, Buffer data, int root) {
  const int size = communicator.size();
  const auto rank_of = [root, size](int place) { return (place + root) % size; };
  const int place = (communicator.rank() - root + size) % size;
  // It is received in the round of the highest bit of the place, and sent in all rounds after it.
  int distance = 1;
  if (place > 0) {
    const int from = static_cast<int>(std::bit_floor(static_cast<unsigned>(place)));
    const Work received = communicator.Receive(data, rank_of(place - from), SpanKind::kBroadcast);
    co_await received;
    distance = 2 * from;
  }
  for (; place + distance < size; distance *= 2) {
    const Work sent = communicator.Send(data, rank_of(place + distance), SpanKind::kBroadcast);
    co_await sent;
  }
}

}  // namespace core
