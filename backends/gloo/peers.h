#ifndef BACKENDS_GLOO_PEERS_H_
#define BACKENDS_GLOO_PEERS_H_

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "backends/membership/failure_watch.h"
#include "backends/membership/operation_name.h"
#include "backends/membership/report.h"
#include "gloo/transport/context.h"

namespace backends {

// Gloo's buffers with deadlines, and with the failures of FailureWatch. Reports go over Gloo's
// connections: they come at once, need nobody but the two ranks, and that a connection ends is a
// report by itself. The rendezvous' store may have gone with the rank that served it.
class Peers final : private FailureWatch::Carrier {
 public:
  using Buffer = ::gloo::transport::UnboundBuffer;
  struct Part {
    int64_t offset = 0;
    int64_t bytes = 0;
  };

  // `context` is connected to all other ranks.
  Peers(std::shared_ptr<::gloo::transport::Context> context, std::chrono::milliseconds timeout);
  ~Peers();  // Stops and disconnects if nobody has: what should have used it could not be made.

  int rank() const { return context_->rank; }
  int size() const { return context_->size; }
  // All other ranks, from the next one on: where everybody does something for each of them, not all
  // begin with the same one, which would get everything first and so be ahead for good.
  const std::vector<int>& others() const { return others_; }

  std::unique_ptr<Buffer> Bind(void* data, int64_t bytes) {
    return context_->createUnboundBuffer(data, bytes);
  }

  // Messages with equal slots between two ranks match in order. A slot determines the size, or the
  // source is no larger than the target: Gloo ends the process otherwise. Never block.
  void Send(Buffer& source, Part part, int to, uint64_t slot, const OperationName& name);
  void Receive(Buffer& target, Part part, int from, uint64_t slot, const OperationName& name);

  // Returns false if that rank is gone, which is no failure before something of it is awaited.
  bool TryReceive(Buffer& target, Part part, int from, uint64_t slot);

  // Block until one Send, or Receive, of that buffer is complete. Throw core::Error.
  void AwaitSent(Buffer& source, int to, const OperationName& name);
  // With `make_progress`: calls it first, and again after another thread has called MakeProgress.
  void AwaitReceived(Buffer& target, int from, const OperationName& name,
                     const std::function<void()>& make_progress = nullptr);
  void MakeProgress();

  // Gives up because ranks disagree on what to do. Throws core::Error.
  [[noreturn]] void Disagree(const OperationName& name, const std::string& disagreement);

  // What operations fail with after one has failed, as core::Error.
  std::exception_ptr FailureOf(const OperationName& name);

  // Makes all that wait throw, now and later: the communicator is being destroyed.
  void Stop();
  // After Stop, when no other thread uses this any more: closes the connections. What has been sent
  // still arrives.
  void Disconnect();

 private:
  void Await(Buffer& buffer, bool sends, int peer, const OperationName& name,
             const std::function<void()>& make_progress);
  [[noreturn]] void GiveUpOn(int peer, const std::exception& error, const OperationName& name);

  // Passes on that rank's report, or the end of its connection.
  void Listen(int peer);
  void Tell(const Report& report, FailureWatch::Clock::time_point deadline) override;

  const std::shared_ptr<::gloo::transport::Context> context_;
  std::vector<int> others_;

  std::mutex mutex_;
  std::list<Buffer*> progressing_;  // What is awaited with `make_progress`. Guarded by mutex_.

  FailureWatch watch_;
  std::vector<Report> reports_;                          // By rank: where they come in.
  std::vector<std::unique_ptr<Buffer>> report_buffers_;  // By rank, on reports_.
  std::vector<std::thread> listeners_;
};

}  // namespace backends

#endif  // BACKENDS_GLOO_PEERS_H_
