#ifndef BACKENDS_GLOO_COLLECTIVE_HEADERS_H_
#define BACKENDS_GLOO_COLLECTIVE_HEADERS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "backends/gloo/peers.h"
#include "core/buffer.h"
#include "core/collectives/direct_exchange.h"
#include "core/span.h"

namespace backends {

// What every rank first tells every other one about a collective: all have to call alike.
struct CollectiveHeader {
  core::SpanKind kind = core::SpanKind::kAllReduce;
  core::DataType type = core::DataType::kFloat32;
  int32_t root = -1;            // Of a broadcast.
  int32_t elements_follow = 0;  // Whether `bytes` bytes of elements come with it.
  int64_t bytes = 0;
};

// Whether a message, in so many bytes of memory, is one of headers and their elements to its end. It
// comes from another process: nothing of it is used before that is known.
bool AreHeaders(const std::byte* message, int64_t memory_bytes);

// The headers of all collectives, in the order of the calls, from each rank to all others. Those
// that are added together travel together, with the elements of small collectives behind them: for
// these a message costs more than what is in it.
class CollectiveHeaders {
 public:
  explicit CollectiveHeaders(Peers& peers);

  // Adds a header to the message that Flush will send. Its elements are copied, if any follow.
  // Returns false if others are so far behind that only finishing the collectives under way helps.
  bool TryAdd(const CollectiveHeader& header, const void* elements, const OperationName& name);
  // `name` is that of the newest collective.
  void Flush(const OperationName& name);

  // The header of the oldest collective from that rank. Blocks until it is there, as
  // Peers::AwaitReceived.
  CollectiveHeader Await(int peer, const OperationName& name,
                         const std::function<void()>& make_progress);
  // The elements that came with it: valid until Pop.
  const std::byte* Elements(int peer) const { return Frame(peer) + sizeof(CollectiveHeader); }
  // The oldest collective is done.
  void Pop();

 private:
  // So many messages may be on the way to a rank that has not come to them yet.
  static constexpr uint64_t kMessagesMax = 16;
  static constexpr int64_t kMessageBytes = 512 << 10;
  static_assert(kMessageBytes > 2 * core::ExchangePlan::kOneHopBytesMax);

  struct Message {
    std::unique_ptr<std::byte[]> memory;
    std::vector<std::unique_ptr<Peers::Buffer>> buffers;  // To each rank.
  };
  struct Inbox {
    std::vector<std::unique_ptr<std::byte[]>> memories;
    std::vector<std::unique_ptr<Peers::Buffer>> buffers;
    uint64_t message = 0;  // Which one is being read,
    int64_t offset = 0;    // and from where: 0 if it has not been awaited.
    uint64_t posted = 0;   // So many messages have, or had, a place to be received in.
  };

  // Makes room for one more message.
  void Post(int peer);
  void AwaitSent(uint64_t message, const OperationName& name);
  // The oldest collective's.
  const std::byte* Frame(int peer) const;
  CollectiveHeader HeaderOf(int peer) const;

  Peers& peers_;
  std::vector<Message> messages_;
  uint64_t sent_ = 0;       // Messages.
  uint64_t confirmed_ = 0;  // Messages that all others have taken, as far as we asked.
  uint64_t done_ = 0;       // Messages all of whose collectives are done.
  int64_t length_ = 0;      // Of the message that is being made.
  int collectives_ = 0;     // In it.
  std::deque<int> undone_;  // By message from done_ on: how many collectives are not done.
  std::vector<Inbox> inboxes_;
};

}  // namespace backends

#endif  // BACKENDS_GLOO_COLLECTIVE_HEADERS_H_
