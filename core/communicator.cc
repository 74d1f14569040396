#include "core/communicator.h"

#include <stdexcept>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace core {
namespace {

// Two operations of which awaiting one blocks.
class Both final : public Operation {
 public:
  Both(Work first, Work second) : first_(std::move(first)), second_(std::move(second)) {}
  bool Await(std::coroutine_handle<> waiter) override {
    first_.Await(waiter);
    return second_.Await(waiter);
  }

 private:
  const Work first_;
  const Work second_;
};

}  // namespace

Work Communicator::Exchange(Buffer source, int to, Buffer target, int from, SpanKind kind) {
  Work received = Receive(target, from, kind);
  return Work(*new Both(Send(source, to, kind), std::move(received)));
}

Work Communicator::StartChecked(const CollectiveCall& call) {
  if (call.sums() && call.data.type == DataType::kByte) {
    throw std::logic_error(absl::StrCat(std::string(Name(call.kind)), " of bytes"));
  }
  if (call.sharded() && call.data.count % size() != 0) {
    throw std::logic_error(absl::StrCat(std::string(Name(call.kind)), " of ", call.data.count,
                                        " elements, no multiple of the ", size(), " ranks"));
  }
  if (call.kind == SpanKind::kBroadcast) CheckRank(call.root);
  return Start(call);
}

void Communicator::CheckRank(int rank) const {
  if (rank >= 0 && rank < size()) return;
  throw std::logic_error(absl::StrCat("rank ", rank, " in a world of ", size()));
}

void Communicator::CheckPeer(int peer) const {
  CheckRank(peer);
  if (peer != rank()) return;
  throw std::logic_error(absl::StrCat("a message of rank ", peer, " to itself"));
}

}  // namespace core
