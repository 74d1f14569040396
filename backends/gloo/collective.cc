#include "backends/gloo/collective.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace backends {
namespace {

// Purposes of slots, apart from those of reports, messages and headers.
constexpr uint64_t kScatter = 5;
constexpr uint64_t kGather = 6;

std::string Describe(const CollectiveHeader& header) {
  return OperationName{header.kind, header.bytes, -1, header.root}.Describe();
}

}  // namespace

Scratch::Scratch(Peers& peers)
    : peers_(peers), slot_bytes_(peers.size() * core::ExchangePlan::kSegmentBytesMax) {}

std::byte* Scratch::Of(int64_t slot) {
  if (!memory_) memory_ = std::make_unique_for_overwrite<std::byte[]>(kSlots * slot_bytes_);
  std::byte* memory = memory_.get() + slot * slot_bytes_;
  while (static_cast<int>(buffers_[slot].size()) < peers_.size()) {
    buffers_[slot].push_back(peers_.Bind(memory, slot_bytes_));
  }
  return memory;
}

BufferPlace Scratch::Find(const void* target, int peer) const {
  const std::less<const void*> before;
  if (!memory_ || before(target, memory_.get())) return {};
  const int64_t offset = static_cast<const std::byte*>(target) - memory_.get();
  if (offset >= kSlots * slot_bytes_) return {};
  return {buffers_[offset / slot_bytes_][peer].get(), offset % slot_bytes_};
}

// A message on its way. Not pooled: one thread makes them all, and another one drops most of them.
class Collective::Transfer : public core::Operation {
 public:
  Transfer(const Collective& collective, bool sends, Hop hop, Peers::Buffer& buffer, int peer)
      : collective_(collective), sends_(sends), hop_(hop), buffer_(buffer), peer_(peer) {}

  bool Await(std::coroutine_handle<>) override {
    const CollectiveContext& context = collective_.context_;
    const OperationName& name = collective_.name_;
    if (sends_) {
      context.peers.AwaitSent(buffer_, peer_, name);
    } else if (hop_ == Hop::kScatter) {
      context.peers.AwaitReceived(buffer_, peer_, name, context.make_progress);
    } else {  // On the thread that waits for ends.
      context.peers.AwaitReceived(buffer_, peer_, name);
    }
    return false;
  }

 private:
  const Collective& collective_;
  const bool sends_;
  const Hop hop_;
  Peers::Buffer& buffer_;
  const int peer_;
};

Collective::Collective(CollectiveContext& context, const core::CollectiveCall& call,
                       uint64_t number)
    : DirectExchange(call, context.peers.rank(), context.peers.size()),
      context_(context),
      number_(number),
      name_({call.kind, call.data.bytes(), -1, call.root}),
      header_({call.kind, call.data.type, call.root,
               one_hop() && (call.root < 0 || call.root == rank()), call.data.bytes()}) {}

Collective::~Collective() {
  // Nothing may come into the caller's memory any more when it gets to know.
  for (auto& buffers : buffers_) buffers.clear();
  if (completion_) completion_->Finish(context_.peers.FailureOf(name_));
}

bool Collective::TryOpen() { return context_.headers.TryAdd(header_, call().data.data, name_); }

void Collective::FlushOpened() { context_.headers.Flush(name_); }

core::Task Collective::AwaitOpened() {
  for (int peer : context_.peers.others()) {
    Check(peer, context_.headers.Await(peer, name_, context_.make_progress));
  }
  // The others are there: what is measured from here on is the transfer.
  if (context_.timeline) start_ = context_.timeline->Now();
  co_return;
}

void Collective::Check(int peer, const CollectiveHeader& theirs) const {
  const bool elements_follow = one_hop() && (call().root < 0 || call().root == peer);
  if (theirs.kind == header_.kind && theirs.type == header_.type && theirs.root == header_.root &&
      theirs.bytes == header_.bytes && (theirs.elements_follow != 0) == elements_follow) {
    return;
  }
  context_.peers.Disagree(
      name_, absl::StrCat("rank ", peer, " calls ", Describe(theirs), ", rank ", rank(), " calls ",
                          Describe(header_), ": all ranks must call alike"));
}

void Collective::Complete() {
  if (context_.timeline) {
    context_.timeline->Record({name_.kind, start_, context_.timeline->Now(), name_.bytes});
  }
  std::exchange(completion_, nullptr)->Finish(nullptr);
}

core::Buffer Collective::ScratchFor(int64_t slot) {
  return {context_.scratch.Of(slot), ScratchCount(), call().data.type};
}

const void* Collective::ElementsFrom(int peer) { return context_.headers.Elements(peer); }

uint64_t Collective::Slot(Hop hop) const {
  const uint64_t purpose = hop == Hop::kScatter ? kScatter : kGather;
  return (purpose << 56) | ((number_ & 0xFFFF) << 40) | static_cast<uint64_t>(name_.bytes);
}

BufferPlace Collective::PlaceOf(Hop hop, core::Buffer part, int peer) {
  const BufferPlace scratch = context_.scratch.Find(part.data, peer);
  if (scratch.buffer) return scratch;
  std::vector<std::unique_ptr<Peers::Buffer>>& buffers = buffers_[hop == Hop::kScatter ? 0 : 1];
  buffers.resize(size());
  std::unique_ptr<Peers::Buffer>& buffer = buffers[peer];
  if (!buffer) buffer = context_.peers.Bind(call().data.data, name_.bytes);
  return {buffer.get(), static_cast<std::byte*>(part.data) - static_cast<std::byte*>(buffer->ptr)};
}

core::Work Collective::Send(Hop hop, core::Buffer source, int to) {
  const auto [buffer, offset] = PlaceOf(hop, source, to);
  context_.peers.Send(*buffer, {offset, source.bytes()}, to, Slot(hop), name_);
  return core::Work(*new Transfer(*this, true, hop, *buffer, to));
}

core::Work Collective::Receive(Hop hop, core::Buffer target, int from) {
  const auto [buffer, offset] = PlaceOf(hop, target, from);
  context_.peers.Receive(*buffer, {offset, target.bytes()}, from, Slot(hop), name_);
  return core::Work(*new Transfer(*this, false, hop, *buffer, from));
}

}  // namespace backends
