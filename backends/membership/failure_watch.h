#ifndef BACKENDS_MEMBERSHIP_FAILURE_WATCH_H_
#define BACKENDS_MEMBERSHIP_FAILURE_WATCH_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "backends/membership/report.h"
#include "core/base/error.h"

namespace backends {

// Sees to it that no rank waits for ever, and that all ranks have one opinion on who is to blame.
//
// Failures cascade: a rank that notices a dead peer gives up and is then itself missed by others.
// So the first thing that a failing rank does is to send every other rank a report: whom it waits
// for and why it waits no more. Who gets a report answers with its own, and gives up too. Following
// "waits for" from report to report, all arrive at the same rank: the one that sent none.
//
// A thread looks at deadlines and exchanges reports. All functions are for any thread.
class FailureWatch {
 public:
  using Clock = std::chrono::steady_clock;

  // What carries reports between ranks: connections, or the rendezvous' store. Called by the
  // watch's thread; throws core::Error if nothing gets to the others any more.
  class Carrier {
   public:
    // Sends this rank's report to all others that are there. Blocks until it is on its way, or
    // until the deadline.
    virtual void Tell(const Report& report, Clock::time_point deadline) = 0;
    // Every now and then: passes on what others have told, if nobody else does.
    virtual void Look() {}
    // It is known who is to blame.
    virtual void OnVerdict() {}

   protected:
    ~Carrier() = default;
  };

  // As long as it lives, this rank waits for another one, or for Report::kAllOthers: not for longer
  // than the timeout, nor for a rank that is gone. `wake` is called when this rank gives up, after
  // which the wait should end; it may be null, and may not call the watch.
  class Wait {
   public:
    Wait(FailureWatch& watch, int peer, std::function<void()> wake);
    ~Wait();
    Wait(const Wait&) = delete;

   private:
    friend class FailureWatch;

    FailureWatch& watch_;
    const int peer_;
    const std::function<void()> wake_;
    Clock::time_point deadline_;
    std::list<Wait*>::iterator place_;
  };

  // `carrier` outlives the watch, and is ready when it is made.
  FailureWatch(int rank, int size, std::chrono::milliseconds timeout, Carrier& carrier);
  ~FailureWatch();

  // What has come of a rank: its report, which is valid, or the end of its connection and why that
  // ended. Of this rank's own report, as others got it, the place is taken over.
  void OnReport(const Report& report);
  void OnGone(int peer, const std::string& cause);

  // Gives up, unless that has happened; because of `peer` if a connection to it was lost.
  void GiveUp(Reason reason, const std::string& text, std::optional<int> peer = std::nullopt);
  bool gives_up() const { return gives_up_; }

  // What an operation fails with: the rank, the operation, and who is to blame. Blocks until that
  // is known, if this rank gives up.
  core::Error FailureOf(const std::string& operation);

  // Nothing is waited for any more, now and later. Returns when the thread has ended, which tells
  // the others first if this rank gives up.
  void Stop();

 private:
  void Run();
  // All below need the mutex; these two unlock it while they call the carrier.
  void Call(std::unique_lock<std::mutex>& lock, const std::function<void()>& call);
  void FindVerdict(std::unique_lock<std::mutex>& lock);
  bool seeks_verdict() const { return own().reason != Reason::kNone && !failure_; }
  bool AllHaveAnswered() const;
  void LookAtDeadlines();
  // Whether one that is waited for is gone.
  std::optional<int> FindGone(int peer) const;
  void SetReport(Reason reason, const std::string& text = "",
                 std::optional<int> peer = std::nullopt);
  void Conclude(const std::string& failure);
  void WakeAll();
  const Report& own() const { return reports_[rank_]; }

  const int rank_;
  const std::chrono::milliseconds timeout_;
  Carrier& carrier_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool stopping_ = false;
  std::list<Wait*> waits_;
  std::vector<Report> reports_;                   // By rank.
  std::vector<std::optional<std::string>> gone_;  // By rank: why.
  std::optional<std::string> failure_;            // What all operations fail with from now on.
  std::atomic<bool> gives_up_ = false;            // There is a report of this rank, or a failure.
  std::thread thread_;
};

}  // namespace backends

#endif  // BACKENDS_MEMBERSHIP_FAILURE_WATCH_H_
