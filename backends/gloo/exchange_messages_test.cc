// What collectives put on the wire is what core/testing writes down, as the simulator's is.

#include <barrier>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backends/gloo/collective_headers.h"
#include "backends/gloo/collective_threads.h"
#include "backends/gloo/mesh.h"
#include "backends/gloo/peers.h"
#include "backends/gloo/testing/gloo_world.h"
#include "backends/membership/operation_name.h"
#include "backends/membership/report.h"
#include "backends/rendezvous/file_store.h"
#include "core/base/error.h"
#include "core/base/temporary_folder.h"
#include "core/testing/direct_exchange_conformance.h"
#include "gloo/transport/context.h"
#include "gloo/transport/unbound_buffer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace core::testing {

INSTANTIATE_TEST_SUITE_P(Gloo, DirectExchangeConformance,
                         ::testing::Values(backends::MakeGlooWorld));

}  // namespace core::testing

namespace backends {
namespace {

using core::testing::ExchangeCase;
using core::testing::ExchangedMessage;
using Hop = ExchangedMessage::Hop;
using ::gloo::transport::Context;
using ::gloo::transport::UnboundBuffer;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

// By purpose, the first byte of a slot.
constexpr uint64_t kHeaders = 4, kScatter = 5, kGather = 6;
// Before the elements of the one collective of a message: its length, and a header.
constexpr int64_t kHeaderBytes = sizeof(int64_t) + sizeof(CollectiveHeader);

// What one rank's collectives tell Gloo.
class Recorder {
 public:
  void Record(bool sends, uint64_t slot, int peer, size_t bytes) {
    std::lock_guard lock(mutex_);
    const int64_t length = static_cast<int64_t>(bytes);
    const uint64_t purpose = slot >> 56;
    if (purpose == kScatter) messages_.push_back({sends, Hop::kScatter, peer, length});
    if (purpose == kGather) messages_.push_back({sends, Hop::kGather, peer, length});
    // There is room for any header long before it comes.
    if (purpose == kHeaders && sends && length > kHeaderBytes) {
      messages_.push_back({sends, Hop::kOpening, peer, length - kHeaderBytes});
    }
  }
  std::vector<ExchangedMessage> Take() {
    std::lock_guard lock(mutex_);
    return std::exchange(messages_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<ExchangedMessage> messages_;
};

class RecordingBuffer : public UnboundBuffer {
 public:
  RecordingBuffer(std::unique_ptr<UnboundBuffer> buffer, Recorder& recorder)
      : UnboundBuffer(buffer->ptr, buffer->size), buffer_(std::move(buffer)), recorder_(recorder) {}

  bool waitRecv(int* rank, milliseconds timeout) override {
    return buffer_->waitRecv(rank, timeout);
  }
  bool waitSend(int* rank, milliseconds timeout) override {
    return buffer_->waitSend(rank, timeout);
  }
  void abortWaitRecv() override { buffer_->abortWaitRecv(); }
  void abortWaitSend() override { buffer_->abortWaitSend(); }
  void send(int to, uint64_t slot, size_t offset, size_t bytes) override {
    recorder_.Record(true, slot, to, bytes);
    buffer_->send(to, slot, offset, bytes);
  }
  void recv(int from, uint64_t slot, size_t offset, size_t bytes) override {
    recorder_.Record(false, slot, from, bytes);
    buffer_->recv(from, slot, offset, bytes);
  }
  void recv(std::vector<int> from, uint64_t slot, size_t offset, size_t bytes) override {
    buffer_->recv(std::move(from), slot, offset, bytes);
  }

 private:
  const std::unique_ptr<UnboundBuffer> buffer_;
  Recorder& recorder_;
};

class RecordingContext : public Context {
 public:
  RecordingContext(std::shared_ptr<Context> context, Recorder& recorder)
      : Context(context->rank, context->size), context_(std::move(context)), recorder_(recorder) {}

  std::unique_ptr<::gloo::transport::Pair>& getPair(int rank) override {
    return context_->getPair(rank);
  }
  std::unique_ptr<::gloo::transport::Pair>& createPair(int rank) override {
    return context_->createPair(rank);
  }
  std::unique_ptr<UnboundBuffer> createUnboundBuffer(void* data, size_t bytes) override {
    return std::make_unique<RecordingBuffer>(context_->createUnboundBuffer(data, bytes), recorder_);
  }

 private:
  const std::shared_ptr<Context> context_;
  Recorder& recorder_;
};

// Elements travel in whole words with a header, and what is received there nobody asks for.
std::vector<ExchangedMessage> OnTheWire(const std::vector<ExchangedMessage>& expected) {
  std::vector<ExchangedMessage> messages;
  for (ExchangedMessage message : expected) {
    if (message.hop == Hop::kOpening && !message.sends) continue;
    if (message.hop == Hop::kOpening) message.bytes = (message.bytes + 7) / 8 * 8;
    messages.push_back(message);
  }
  return messages;
}

// Of rank 0 in what it does with its peers, when rank 1 sends these bytes to that slot.
std::string FailureAfter(std::vector<char> bytes, uint64_t slot,
                         const std::function<void(Peers& peers)>& body) {
  const core::TemporaryFolder folder;
  std::promise<void> over;
  std::thread other([&] {
    const auto store = OpenFileStore(folder.path());
    const auto context = ConnectMesh({.rank = 1, .size = 2, .store = store.get()});
    const auto buffer = context->createUnboundBuffer(bytes.data(), bytes.size());
    buffer->send(0, slot);
    over.get_future().wait();
    context->getPair(0).reset();
  });
  const auto store = OpenFileStore(folder.path());
  Peers peers(ConnectMesh({.rank = 0, .size = 2, .store = store.get()}), std::chrono::seconds(300));
  std::string failure = "received";
  try {
    body(peers);
  } catch (const core::Error& error) {
    failure = error.what();
  }
  over.set_value();
  peers.Stop();
  peers.Disconnect();
  other.join();
  return failure;
}

// Of rank 0, when rank 1 sends these bytes as its report.
std::string FailureAfterReport(std::vector<char> bytes) {
  float element = 0;
  std::unique_ptr<Peers::Buffer> buffer;
  return FailureAfter(std::move(bytes), uint64_t{1} << 56, [&](Peers& peers) {
    const OperationName name{core::SpanKind::kPush, sizeof(element), -1, 1};
    buffer = peers.Bind(&element, sizeof(element));
    peers.Receive(*buffer, {0, sizeof(element)}, 1, 1, name);
    peers.AwaitReceived(*buffer, 1, name);
  });
}

// A message of headers that says it is so long, with one of them.
std::vector<char> HeaderMessage(int64_t length, CollectiveHeader header) {
  std::vector<char> bytes(4096, '\x55');
  std::memcpy(bytes.data(), &length, sizeof(length));
  std::memcpy(bytes.data() + sizeof(length), &header, sizeof(header));
  return bytes;
}

bool AreHeaders(int64_t length, CollectiveHeader header) {
  const std::vector<char> bytes = HeaderMessage(length, header);
  return backends::AreHeaders(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size());
}

TEST(GlooHeaders, LengthsAreBelievedOnlyIfTheyFitTogether) {
  const CollectiveHeader right{.elements_follow = 1, .bytes = 12};
  const int64_t length = kHeaderBytes + 16;
  EXPECT_TRUE(AreHeaders(length, right));
  for (int64_t wrong : {int64_t{-1}, INT64_MIN, int64_t{0}, int64_t{8}, kHeaderBytes - 1,
                        kHeaderBytes, length - 1, length + 1, int64_t{4097}, INT64_MAX}) {
    EXPECT_FALSE(AreHeaders(wrong, right)) << wrong;
  }
  for (int64_t wrong : {int64_t{-1}, int64_t{17}, int64_t{1} << 40, INT64_MIN, INT64_MAX}) {
    EXPECT_FALSE(AreHeaders(length, {.elements_follow = 1, .bytes = wrong})) << wrong;
  }
  CollectiveHeader header = right;
  header.kind = static_cast<core::SpanKind>(99);
  EXPECT_FALSE(AreHeaders(length, header));
  header = right;
  header.type = static_cast<core::DataType>(99);
  EXPECT_FALSE(AreHeaders(length, header));
}

TEST(GlooHeaders, ARankWhoseHeadersCannotBeReadIsNamed) {
  std::unique_ptr<CollectiveHeaders> headers;
  EXPECT_THAT(FailureAfter(HeaderMessage(int64_t{1} << 40, {}), kHeaders << 56,
                           [&](Peers& peers) {
                             headers = std::make_unique<CollectiveHeaders>(peers);
                             headers->Await(1, {core::SpanKind::kAllReduce, 4, -1, -1}, nullptr);
                           }),
              HasSubstr("rank 1 sends headers that cannot be read"));
}

TEST(GlooReports, ARankWhoseReportCannotBeReadIsAsGoodAsGone) {
  EXPECT_THAT(FailureAfterReport(std::vector<char>(sizeof(Report), '\x77')),
              HasSubstr("rank 1 is gone (it sent no report that can be read)"));
}

TEST(GlooReports, AReportIsOfWhomItComesFrom) {
  Report report{.reason = Reason::kFailed, .rank = 1'000'000};
  report.SetText("no memory");
  const char* const bytes = reinterpret_cast<const char*>(&report);
  EXPECT_THAT(FailureAfterReport({bytes, bytes + sizeof(report)}),
              HasSubstr("rank 1 failed: no memory"));
}

// Nobody leaves before all are done: one that closes with something unread resets the connection, and
// what it has sent may be lost.
void RunRank(int rank, int size, const std::string& folder, std::barrier<>& all_done) {
  const auto store = OpenFileStore(folder);
  Recorder recorder;
  Peers peers(std::make_shared<RecordingContext>(
                  ConnectMesh({.rank = rank, .size = size, .store = store.get()}), recorder),
              std::chrono::seconds(300));
  CollectiveThreads collectives(peers, nullptr);
  for (const ExchangeCase& test : core::testing::ExchangeCases()) {
    if (test.size != size) continue;
    std::vector<float> data(static_cast<size_t>(test.count), 1.0f);
    const core::Work work = collectives.Start({test.kind, core::View(data), test.root()});
    work.Await(std::noop_coroutine());
    EXPECT_THAT(recorder.Take(),
                ::testing::ElementsAreArray(OnTheWire(core::testing::ExpectedMessages(test, rank))))
        << test << ", rank " << rank;
  }
  all_done.arrive_and_wait();
  peers.Stop();
  collectives.Join();
  peers.Disconnect();
}

TEST(ExchangeMessagesTest, GlooIsToldTheMessagesOfADirectExchangeInTheirOrder) {
  for (int size = 2; size <= 8; ++size) {
    const core::TemporaryFolder folder;
    std::barrier all_done(size);
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size; ++rank) {
      threads.emplace_back(RunRank, rank, size, folder.path(), std::ref(all_done));
    }
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace backends
