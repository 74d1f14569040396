#include "core/collectives/message_exchange.h"

#include <cstring>

namespace core {

Buffer MessageExchange::Allocate(std::vector<std::byte>& memory) const {
  const Buffer scratch{nullptr, ScratchCount(), call().data.type};
  if (!call().data.data) return scratch;
  memory.resize(static_cast<size_t>(scratch.bytes()));
  return {memory.data(), scratch.count, scratch.type};
}

bool MessageExchange::TryOpen() {
  const Buffer data = call().data;
  if (!one_hop() || data.count == 0) return true;
  elements_ = Allocate(memory_);
  const Buffer own = ElementsOf(rank());
  if (data.data) std::memcpy(own.data, data.data, static_cast<size_t>(data.bytes()));
  for (int i = 1; i < size(); ++i) {
    const int peer = Other(i);
    if (sums() || peer == call().root) {
      received_.push_back(ways_.opening.Receive(ElementsOf(peer), peer, call().kind));
    }
    if (sums() || rank() == call().root) AwaitAtEnd(ways_.opening.Send(own, peer, call().kind));
  }
  return true;
}

Task MessageExchange::AwaitOpened() {
  for (const Work& received : received_) co_await received;
}

Work MessageExchange::Send(Hop hop, Buffer source, int to) {
  Communicator& way = hop == Hop::kScatter ? ways_.scattering : ways_.gathering;
  return way.Send(source, to, call().kind);
}

Work MessageExchange::Receive(Hop hop, Buffer target, int from) {
  Communicator& way = hop == Hop::kScatter ? ways_.scattering : ways_.gathering;
  return way.Receive(target, from, call().kind);
}

Task DirectExchangeAllReduce(Communicator& communicator, Buffer data) {
  MessageExchange exchange({SpanKind::kAllReduce, data, -1},
                           {communicator, communicator, communicator});
  exchange.TryOpen();
  co_await exchange.AwaitOpened();
  while (!exchange.all_advanced()) {
    if (!exchange.all_started()) exchange.Start(0);
    co_await exchange.Advance();
  }
  co_await exchange.Finish();
}

}  // namespace core
