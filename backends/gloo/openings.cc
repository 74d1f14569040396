#include "backends/gloo/openings.h"

#include <cstring>

namespace backends {
namespace {

constexpr uint64_t kPurpose = uint64_t{4} << 56;
// A message begins with its length.
constexpr int64_t kStart = sizeof(int64_t);

int64_t FrameBytes(const Opening& opening) {
  const int64_t elements = opening.elements_follow ? opening.bytes : 0;
  return static_cast<int64_t>(sizeof(Opening)) + (elements + 7) / 8 * 8;
}

}  // namespace

Openings::Openings(Peers& peers) : peers_(peers), messages_(kMessagesMax), inboxes_(peers.size()) {
  if (peers_.size() == 1) return;
  for (Message& message : messages_) {
    message.memory = std::make_unique_for_overwrite<std::byte[]>(kMessageBytes);
    for (int peer = 0; peer < peers_.size(); ++peer) {
      message.buffers.push_back(peers_.Bind(message.memory.get(), kMessageBytes));
    }
  }
  for (int peer : peers_.others()) {
    for (uint64_t message = 0; message < kMessagesMax; ++message) {
      Inbox& inbox = inboxes_[peer];
      inbox.memories.push_back(std::make_unique_for_overwrite<std::byte[]>(kMessageBytes));
      inbox.buffers.push_back(peers_.Bind(inbox.memories.back().get(), kMessageBytes));
      Post(peer);
    }
  }
}

void Openings::Post(int peer) {
  Inbox& inbox = inboxes_[peer];
  Peers::Buffer& target = *inbox.buffers[inbox.posted % kMessagesMax];
  if (peers_.TryReceive(target, {0, kMessageBytes}, peer, kPurpose | inbox.posted)) ++inbox.posted;
}

bool Openings::TryAdd(const Opening& opening, const void* elements, const OperationName& name) {
  if (peers_.size() == 1) return true;
  const int64_t bytes = FrameBytes(opening);
  if (length_ + bytes > kMessageBytes) Flush(name);
  if (sent_ - confirmed_ == kMessagesMax) {
    // Others may have to finish the message's collectives before they take the next ones, and may
    // need us for that: ask only if there is nothing left to do for us.
    if (confirmed_ == done_) return false;
    AwaitSent(confirmed_++, name);
  }
  if (length_ == 0) length_ = kStart;
  std::byte* frame = messages_[sent_ % kMessagesMax].memory.get() + length_;
  std::memcpy(frame, &opening, sizeof(opening));
  if (opening.elements_follow && opening.bytes > 0) {
    std::memcpy(frame + sizeof(opening), elements, opening.bytes);
  }
  length_ += bytes;
  ++collectives_;
  return true;
}

void Openings::Flush(const OperationName& name) {
  if (length_ == 0) return;
  Message& message = messages_[sent_ % kMessagesMax];
  std::memcpy(message.memory.get(), &length_, sizeof(length_));
  for (int peer : peers_.others()) {
    peers_.Send(*message.buffers[peer], {0, length_}, peer, kPurpose | sent_, name);
  }
  ++sent_;
  undone_.push_back(collectives_);
  collectives_ = 0;
  length_ = 0;
}

void Openings::AwaitSent(uint64_t message, const OperationName& name) {
  for (int peer : peers_.others()) {
    peers_.AwaitSent(*messages_[message % kMessagesMax].buffers[peer], peer, name);
  }
}

Openings::View Openings::Front(int peer, const OperationName& name,
                               const std::function<void()>& attend) {
  Inbox& inbox = inboxes_[peer];
  if (inbox.offset == 0) {
    Peers::Buffer& target = *inbox.buffers[inbox.message % kMessagesMax];
    if (inbox.message == inbox.posted) {
      // That rank had left, which matters now.
      peers_.Receive(target, {0, kMessageBytes}, peer, kPurpose | inbox.posted++, name);
    }
    peers_.AwaitReceived(target, peer, name, attend);
    inbox.offset = kStart;
  }
  const std::byte* frame = inbox.memories[inbox.message % kMessagesMax].get() + inbox.offset;
  View view;
  std::memcpy(&view.opening, frame, sizeof(view.opening));
  view.elements = frame + sizeof(view.opening);
  return view;
}

void Openings::Pop(const OperationName& name) {
  if (peers_.size() == 1) return;
  if (--undone_.front() == 0) {
    undone_.pop_front();
    ++done_;
  }
  for (int peer : peers_.others()) {
    Inbox& inbox = inboxes_[peer];
    const std::byte* message = inbox.memories[inbox.message % kMessagesMax].get();
    int64_t length = 0;
    std::memcpy(&length, message, sizeof(length));
    inbox.offset += FrameBytes(Front(peer, name).opening);
    if (inbox.offset < length) continue;
    ++inbox.message;
    Post(peer);
    inbox.offset = 0;
  }
}

}  // namespace backends
