#include "backends/gloo/collective_headers.h"

#include <cstring>
#include <string>

namespace backends {
namespace {

constexpr uint64_t kPurpose = uint64_t{4} << 56;
// A message begins with its length.
constexpr int64_t kStart = sizeof(int64_t);

// Whether it can have come from another rank: such a header and its elements are in `left` bytes.
bool IsValid(const CollectiveHeader& header, int64_t left) {
  return header.kind >= core::SpanKind::kAllReduce && header.kind <= core::SpanKind::kBroadcast &&
         header.type >= core::DataType::kByte && header.type <= core::DataType::kFloat64 &&
         header.bytes >= 0 && (!header.elements_follow || header.bytes <= left);
}

int64_t FrameBytes(const CollectiveHeader& header) {
  const int64_t elements = header.elements_follow ? header.bytes : 0;
  return static_cast<int64_t>(sizeof(CollectiveHeader)) + (elements + 7) / 8 * 8;
}

}  // namespace

bool AreHeaders(const std::byte* message, int64_t memory_bytes) {
  int64_t length = 0;
  std::memcpy(&length, message, sizeof(length));
  if (length > memory_bytes) return false;
  int64_t offset = kStart;
  do {
    const int64_t left = length - offset - static_cast<int64_t>(sizeof(CollectiveHeader));
    if (left < 0) return false;
    CollectiveHeader header;
    std::memcpy(&header, message + offset, sizeof(header));
    if (!IsValid(header, left)) return false;
    offset += FrameBytes(header);
  } while (offset < length);
  return offset == length;
}

CollectiveHeaders::CollectiveHeaders(Peers& peers)
    : peers_(peers), messages_(kMessagesMax), inboxes_(peers.size()) {
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

void CollectiveHeaders::Post(int peer) {
  Inbox& inbox = inboxes_[peer];
  Peers::Buffer& target = *inbox.buffers[inbox.posted % kMessagesMax];
  if (peers_.TryReceive(target, {0, kMessageBytes}, peer, kPurpose | inbox.posted)) ++inbox.posted;
}

bool CollectiveHeaders::TryAdd(const CollectiveHeader& header, const void* elements,
                               const OperationName& name) {
  if (peers_.size() == 1) return true;
  const int64_t bytes = FrameBytes(header);
  if (length_ + bytes > kMessageBytes) Flush(name);
  if (sent_ - confirmed_ == kMessagesMax) {
    // Others may have to finish the message's collectives before they take the next ones, and may
    // need us for that: ask only if there is nothing left to do for us.
    if (confirmed_ == done_) return false;
    AwaitSent(confirmed_++, name);
  }
  if (length_ == 0) length_ = kStart;
  std::byte* frame = messages_[sent_ % kMessagesMax].memory.get() + length_;
  std::memcpy(frame, &header, sizeof(header));
  if (header.elements_follow && header.bytes > 0) {
    std::memcpy(frame + sizeof(header), elements, header.bytes);
  }
  length_ += bytes;
  ++collectives_;
  return true;
}

void CollectiveHeaders::Flush(const OperationName& name) {
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

void CollectiveHeaders::AwaitSent(uint64_t message, const OperationName& name) {
  for (int peer : peers_.others()) {
    peers_.AwaitSent(*messages_[message % kMessagesMax].buffers[peer], peer, name);
  }
}

const std::byte* CollectiveHeaders::Frame(int peer) const {
  const Inbox& inbox = inboxes_[peer];
  return inbox.memories[inbox.message % kMessagesMax].get() + inbox.offset;
}

CollectiveHeader CollectiveHeaders::HeaderOf(int peer) const {
  CollectiveHeader header;
  std::memcpy(&header, Frame(peer), sizeof(header));
  return header;
}

CollectiveHeader CollectiveHeaders::Await(int peer, const OperationName& name,
                                          const std::function<void()>& make_progress) {
  Inbox& inbox = inboxes_[peer];
  if (inbox.offset == 0) {
    Peers::Buffer& target = *inbox.buffers[inbox.message % kMessagesMax];
    if (inbox.message == inbox.posted) {
      // That rank had left, which matters now.
      peers_.Receive(target, {0, kMessageBytes}, peer, kPurpose | inbox.posted++, name);
    }
    peers_.AwaitReceived(target, peer, name, make_progress);
    inbox.offset = kStart;
    if (!AreHeaders(inbox.memories[inbox.message % kMessagesMax].get(), kMessageBytes)) {
      peers_.Disagree(name, "rank " + std::to_string(peer) +
                                " sends headers that cannot be read: start all ranks from the "
                                "same build");
    }
  }
  return HeaderOf(peer);
}

void CollectiveHeaders::Pop() {
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
    inbox.offset += FrameBytes(HeaderOf(peer));
    if (inbox.offset < length) continue;
    ++inbox.message;
    Post(peer);
    inbox.offset = 0;
  }
}

}  // namespace backends
