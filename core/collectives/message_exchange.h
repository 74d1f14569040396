#ifndef CORE_COLLECTIVES_MESSAGE_EXCHANGE_H_
#define CORE_COLLECTIVES_MESSAGE_EXCHANGE_H_

#include <cstddef>
#include <vector>

#include "core/collectives/direct_exchange.h"
#include "core/communicator.h"
#include "core/task.h"

namespace core {

// A direct exchange whose messages are those of communicators.
class MessageExchange : public DirectExchange {
 public:
  // What few elements, scattered and gathered ones travel over. All outlive the exchange. They may
  // be the same while a rank has one collective at a time, and one segment of it.
  struct Ways {
    Communicator& opening;
    Communicator& scattering;
    Communicator& gathering;
  };

  MessageExchange(const CollectiveCall& call, Ways ways)
      : DirectExchange(call, ways.scattering.rank(), ways.scattering.size()), ways_(ways) {}

  bool TryOpen() override;
  Task AwaitOpened() override;
  void Complete() override {}

 protected:
  Work Send(Hop hop, Buffer source, int to) override;
  Work Receive(Hop hop, Buffer target, int from) override;
  Buffer ScratchFor(int64_t slot) override { return Allocate(scratch_[slot]); }
  const void* ElementsFrom(int peer) override { return ElementsOf(peer).data; }

 private:
  // Of ScratchCount() elements, where the data has some; else a size only.
  Buffer Allocate(std::vector<std::byte>& memory) const;
  // A rank's few ones.
  Buffer ElementsOf(int rank) const {
    return elements_.Slice(rank * call().data.count, call().data.count);
  }

  const Ways ways_;
  std::vector<std::byte> memory_;
  Buffer elements_;  // In memory_, of one rank after the other: those that go with openings.
  std::vector<Work> received_;
  std::vector<std::byte> scratch_[kSegmentsAhead];
};

// Leaves the sum over ranks in `data` of all, the same bits, over one communicator alone.
Task DirectExchangeAllReduce(Communicator& communicator, Buffer data);

}  // namespace core

#endif  // CORE_COLLECTIVES_MESSAGE_EXCHANGE_H_
