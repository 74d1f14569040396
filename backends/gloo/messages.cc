#include "backends/gloo/messages.h"

#include <array>
#include <cstring>
#include <exception>

#include "absl/strings/str_cat.h"
#include "backends/completion.h"
#include "backends/worker_thread.h"

namespace backends {
namespace {

// Up to here a copy costs less than a second message.
constexpr int64_t kInlineBytes = 2048;

struct Header {
  int64_t bytes = 0;
  std::array<std::byte, kInlineBytes> elements;
};
constexpr int64_t kHeaderBytes = offsetof(Header, elements);

// Slots of the two parts of the message with that number. The size is part of the second, so that
// elements of another number never meet a target.
uint64_t HeaderSlot(uint64_t number) { return (uint64_t{2} << 56) | number; }
uint64_t ElementsSlot(uint64_t number, int64_t bytes) {
  return (uint64_t{3} << 56) | ((number & 0xFFFF) << 40) | static_cast<uint64_t>(bytes);
}

struct Message {
  core::Buffer buffer;
  OperationName name;
  Header header;
  std::unique_ptr<Peers::Buffer> header_buffer;
  std::unique_ptr<Peers::Buffer> elements_buffer;

  bool is_inline() const { return name.bytes <= kInlineBytes; }
};

}  // namespace

// The messages in one direction between this rank and another.
class Messages::Channel {
 public:
  Channel(Peers& peers, core::Timeline* timeline, bool sends, int peer)
      : peers_(peers), timeline_(timeline), sends_(sends), peer_(peer) {}

  core::Work Start(core::Buffer buffer, core::SpanKind kind) {
    auto message = std::make_shared<Message>();
    message->buffer = buffer;
    message->name = {kind, buffer.bytes(), sends_ ? peer_ : -1, sends_ ? -1 : peer_};
    const std::lock_guard lock(mutex_);
    try {
      Post(*message, next_++);
    } catch (...) {
      message.reset();
      const auto failed = std::make_shared<Completion>();
      failed->Finish(std::current_exception());
      return core::Work(failed);
    }
    return thread_.Run([this, message = std::move(message)]() mutable {
      // Nothing may come into the caller's memory any more when it gets to know.
      const std::shared_ptr<Message> gone_then = std::move(message);
      Finish(*gone_then);
    });
  }

 private:
  void Post(Message& message, uint64_t number) {
    const OperationName& name = message.name;
    Header& header = message.header;
    message.header_buffer = peers_.Bind(&header, sizeof(header));
    if (!message.is_inline()) {
      message.elements_buffer = peers_.Bind(message.buffer.data, name.bytes);
    }
    if (sends_) {
      header.bytes = name.bytes;
      const int64_t inline_bytes = message.is_inline() ? name.bytes : 0;
      if (inline_bytes > 0) std::memcpy(&header.elements, message.buffer.data, inline_bytes);
      peers_.Send(*message.header_buffer, {0, kHeaderBytes + inline_bytes}, peer_,
                  HeaderSlot(number), name);
      if (message.is_inline()) return;
      peers_.Send(*message.elements_buffer, {0, name.bytes}, peer_,
                  ElementsSlot(number, name.bytes), name);
    } else {
      peers_.Receive(*message.header_buffer, {0, sizeof(header)}, peer_, HeaderSlot(number), name);
      if (message.is_inline()) return;
      peers_.Receive(*message.elements_buffer, {0, name.bytes}, peer_,
                     ElementsSlot(number, name.bytes), name);
    }
  }

  void Finish(Message& message) {
    const OperationName& name = message.name;
    // Gloo sends nothing before the other side is ready to receive: when the header has gone, both
    // ranks are there.
    if (sends_) {
      peers_.AwaitSent(*message.header_buffer, peer_, name);
    } else {
      peers_.AwaitReceived(*message.header_buffer, peer_, name);
      Check(message);
    }
    const core::Duration start = timeline_ ? timeline_->Now() : core::Duration();
    if (message.is_inline()) {
      if (!sends_ && name.bytes > 0) {
        std::memcpy(message.buffer.data, &message.header.elements, name.bytes);
      }
    } else if (sends_) {
      peers_.AwaitSent(*message.elements_buffer, peer_, name);
    } else {
      peers_.AwaitReceived(*message.elements_buffer, peer_, name);
    }
    if (timeline_) timeline_->Record({name.kind, start, timeline_->Now(), name.bytes});
  }

  void Check(const Message& message) {
    if (message.header.bytes == message.name.bytes) return;
    peers_.Disagree(message.name,
                    absl::StrCat("rank ", peer_, " sends ", message.header.bytes, " bytes, rank ",
                                 peers_.rank(), " receives ", message.name.bytes));
  }

  Peers& peers_;
  core::Timeline* const timeline_;
  const bool sends_;
  const int peer_;
  std::mutex mutex_;
  uint64_t next_ = 0;  // Guarded by mutex_.
  WorkerThread thread_;
};

Messages::Messages(Peers& peers, core::Timeline* timeline) : peers_(peers), timeline_(timeline) {}
Messages::~Messages() = default;

void Messages::Join() { channels_.clear(); }

core::Work Messages::Send(core::Buffer source, int to, core::SpanKind kind) {
  return Find(true, to).Start(source, kind);
}

core::Work Messages::Receive(core::Buffer target, int from, core::SpanKind kind) {
  return Find(false, from).Start(target, kind);
}

Messages::Channel& Messages::Find(bool sends, int peer) {
  std::lock_guard lock(mutex_);
  std::unique_ptr<Channel>& channel = channels_[{sends, peer}];
  if (!channel) channel = std::make_unique<Channel>(peers_, timeline_, sends, peer);
  return *channel;
}

}  // namespace backends
