#include "backends/gloo/gloo_communicator.h"

#include <utility>

#include "backends/gloo/collective_threads.h"
#include "backends/gloo/mesh.h"
#include "backends/gloo/messages.h"
#include "backends/gloo/peers.h"

namespace backends {
namespace {

using core::Buffer;
using core::SpanKind;
using core::Work;

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

  Work Start(const core::CollectiveCall& call) override { return collectives_.Start(call); }
  Work Send(Buffer source, int to, SpanKind kind) override {
    CheckPeer(to);
    return messages_.Send(source, to, kind);
  }
  Work Receive(Buffer target, int from, SpanKind kind) override {
    CheckPeer(from);
    return messages_.Receive(target, from, kind);
  }

 private:
  Peers peers_;
  Messages messages_;
  CollectiveThreads collectives_;
};

}  // namespace

std::unique_ptr<core::Communicator> ConnectGloo(const GlooOptions& options) {
  return std::make_unique<GlooCommunicator>(ConnectMesh(options), options);
}

}  // namespace backends
