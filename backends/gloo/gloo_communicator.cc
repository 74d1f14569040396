#include "backends/gloo/gloo_communicator.h"

#include <cstring>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "backends/gloo/collective_threads.h"
#include "backends/gloo/mesh.h"
#include "backends/gloo/messages.h"
#include "backends/gloo/peers.h"
#include "core/base/error.h"
#include "core/collectives/direct_exchange.h"

namespace backends {
namespace {

using core::Buffer;
using core::SpanKind;
using core::Work;

class BothOperation : public core::Operation {
 public:
  BothOperation(Work first, Work second) : first_(std::move(first)), second_(std::move(second)) {}
  bool Await(std::coroutine_handle<> waiter) override {
    first_.Await(waiter);
    return second_.Await(waiter);
  }

 private:
  Work first_;
  Work second_;
};

class GlooCommunicator : public core::Communicator {
 public:
  GlooCommunicator(std::shared_ptr<::gloo::transport::Context> context, const GlooOptions& options)
      : peers_(std::move(context), options.timeout),
        messages_(peers_, options.timeline),
        collectives_(peers_, options.timeline) {}
  ~GlooCommunicator() override {
    peers_.Stop();
    collectives_.Join();
    messages_.Join();
    // Only then memory may go that others write into.
    peers_.Disconnect();
  }

  int rank() const override { return peers_.rank(); }
  int size() const override { return peers_.size(); }

  Work AllReduce(Buffer data) override { return Start({SpanKind::kAllReduce, data}); }
  Work Broadcast(Buffer data, int root) override {
    CheckRank(root);
    return Start({SpanKind::kBroadcast, data, root});
  }
  Work ReduceScatter(Buffer data) override { return Start({SpanKind::kReduceScatter, data}); }
  Work AllGather(Buffer data) override { return Start({SpanKind::kAllGather, data}); }

  Work Send(Buffer source, int to, SpanKind kind) override {
    CheckPeer(to);
    return messages_.Send(source, to, kind);
  }
  Work Receive(Buffer target, int from, SpanKind kind) override {
    CheckPeer(from);
    return messages_.Receive(target, from, kind);
  }
  Work Exchange(Buffer source, int to, Buffer target, int from, SpanKind kind) override {
    if (to == rank() && from == rank()) return Copy(source, target);
    Work received = Receive(target, from, kind);
    return Work(std::make_shared<BothOperation>(Send(source, to, kind), std::move(received)));
  }

 private:
  Work Start(const core::CollectiveCall& call) {
    const bool sums = call.kind == SpanKind::kAllReduce || call.kind == SpanKind::kReduceScatter;
    const bool sharded = call.kind == SpanKind::kReduceScatter || call.kind == SpanKind::kAllGather;
    if (sums && call.data.type == core::DataType::kByte) {
      throw std::logic_error(absl::StrCat(std::string(core::Name(call.kind)), " of bytes"));
    }
    if (sharded && call.data.count % size() != 0) {
      throw std::logic_error(absl::StrCat(std::string(core::Name(call.kind)), " of ",
                                          call.data.count, " elements, no multiple of the ", size(),
                                          " ranks"));
    }
    return collectives_.Start(call);
  }

  static Work Copy(Buffer source, Buffer target) {
    if (source.bytes() != target.bytes()) {
      throw std::logic_error(
          absl::StrCat("exchange of ", source.bytes(), " bytes with itself for ", target.bytes()));
    }
    if (source.count > 0) std::memmove(target.data, source.data, source.bytes());
    return core::Done();
  }

  void CheckRank(int peer) const {
    if (peer >= 0 && peer < size()) return;
    throw std::logic_error(absl::StrCat("rank ", peer, " in a world of ", size()));
  }
  void CheckPeer(int peer) const {
    CheckRank(peer);
    if (peer == rank())
      throw std::logic_error(absl::StrCat("a message of rank ", peer, " to itself"));
  }

  Peers peers_;
  Messages messages_;
  CollectiveThreads collectives_;
};

}  // namespace

std::unique_ptr<core::Communicator> ConnectGloo(const GlooOptions& options) {
  return std::make_unique<GlooCommunicator>(ConnectMesh(options), options);
}

}  // namespace backends
