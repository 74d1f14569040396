#ifndef BACKENDS_GLOO_PEERS_H_
#define BACKENDS_GLOO_PEERS_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "backends/gloo/operation_name.h"
#include "backends/gloo/report.h"
#include "core/base/error.h"
#include "gloo/transport/context.h"

namespace backends {

// Gloo's buffers with deadlines, and one opinion among all ranks on who is to blame for a failure.
//
// Failures cascade: a rank that notices a dead peer gives up and is then itself missed by others.
// So the first thing that a failing rank does is to send every other rank a report: whom it waits
// for and why it waits no more. Who gets a report answers with its own, and gives up too. Following
// "waits for" from report to report, all arrive at the same rank: the one that sent none.
class Peers {
 public:
  using Buffer = ::gloo::transport::UnboundBuffer;
  struct Part {
    int64_t offset = 0;
    int64_t bytes = 0;
  };

  // `context` is connected to all other ranks.
  Peers(std::shared_ptr<::gloo::transport::Context> context, std::chrono::milliseconds timeout);

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
  // With `make_progress`: calls it first, and again whenever another thread has called MakeProgress.
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
  // still arrives. Call before destruction.
  void Disconnect();

 private:
  struct Wait {
    Buffer* buffer;
    bool sends;
    int peer;
    const OperationName* name;
    std::chrono::steady_clock::time_point deadline;
    bool progresses = false;  // Is to call its `make_progress`,
    bool progress = false;    // and now.
    bool expired = false;
  };

  void Await(const Wait& wait, const std::function<void()>& make_progress);
  [[noreturn]] void GiveUp(const OperationName& name, const Report& report);
  // Makes this rank's report, unless it has one, and waits for what comes out of it.
  void AwaitVerdict(std::unique_lock<std::mutex>& lock, const Report& report);
  core::Error Failure(const OperationName& name) const;

  // Gives up when that rank does, and notes when its connection closes.
  void Listen(int peer);
  // Looks at deadlines, and exchanges reports when this rank gives up.
  void Watch();
  // Completes it with those that this rank waits for.
  void SetReport(Report report);
  void ExchangeReports();
  void WakeAll();
  static void Wake(const Wait& wait);

  const std::shared_ptr<::gloo::transport::Context> context_;
  const std::chrono::milliseconds timeout_;
  std::vector<int> others_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Wait> waits_;
  bool stopping_ = false;
  Report own_;
  std::optional<std::string> failure_;  // What all operations fail with from now on.

  std::vector<std::optional<std::string>> gone_;  // By rank: why its connection closed.

  std::vector<Report> reports_;                  // By rank. Of the watching thread.
  char alarm_ = 0;                               // Its value does not matter.
  std::vector<std::unique_ptr<Buffer>> alarms_;  // By rank.
  std::vector<std::thread> listeners_;
  std::thread watch_;
};

}  // namespace backends

#endif  // BACKENDS_GLOO_PEERS_H_
