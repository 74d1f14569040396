#include "backends/membership/failure_watch.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/thread.h"

namespace backends {
namespace {

using std::chrono::milliseconds;

// How often deadlines are looked at.
constexpr milliseconds kWatchInterval(500);
// How long to wait for other ranks' reports: a living rank answers at once, a stopped one never.
constexpr milliseconds kReportTimeout(2000);
// How often to look for them, where nobody says that they have come.
constexpr milliseconds kReportInterval(50);
// How long what a rank has sent may still come after it is gone.
constexpr milliseconds kGrace(1500);

}  // namespace

FailureWatch::Wait::Wait(FailureWatch& watch, int peer, std::function<void()> wake)
    : watch_(watch), peer_(peer), wake_(std::move(wake)), deadline_(Clock::now() + watch.timeout_) {
  const std::lock_guard lock(watch_.mutex_);
  place_ = watch_.waits_.insert(watch_.waits_.end(), this);
}

FailureWatch::Wait::~Wait() {
  const std::lock_guard lock(watch_.mutex_);
  watch_.waits_.erase(place_);
}

FailureWatch::FailureWatch(int rank, int size, milliseconds timeout, Carrier& carrier)
    : rank_(rank),
      timeout_(timeout),
      carrier_(carrier),
      reports_(size),
      gone_(size),
      thread_(core::StartThread([this] { Run(); })) {}

FailureWatch::~FailureWatch() { Stop(); }

void FailureWatch::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (!gives_up_) Conclude("the communicator was destroyed");
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void FailureWatch::OnReport(const Report& report) {
  const std::lock_guard lock(mutex_);
  if (report.rank == rank_) {
    if (report.reason == own().reason) reports_[rank_].place = report.place;
    return;
  }
  reports_[report.rank] = report;
  if (report.reason == Reason::kLeft) {
    gone_[report.rank] = "it left";
  } else {
    SetReport(waits_.empty() ? Reason::kBusy : Reason::kWaiting);
  }
  changed_.notify_all();
}

void FailureWatch::OnGone(int peer, const std::string& cause) {
  const std::lock_guard lock(mutex_);
  gone_[peer] = cause;
  changed_.notify_all();
}

void FailureWatch::GiveUp(Reason reason, const std::string& text, std::optional<int> peer) {
  const std::lock_guard lock(mutex_);
  SetReport(reason, text, peer);
}

core::Error FailureWatch::FailureOf(const std::string& operation) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !seeks_verdict(); });
  return core::Error(absl::StrCat("rank ", rank_, ": ", operation, ": ",
                                  failure_.value_or("an operation before it failed")));
}

void FailureWatch::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_ || seeks_verdict()) {
    if (seeks_verdict()) FindVerdict(lock);
    if (!failure_) Call(lock, [this] { carrier_.Look(); });
    if (!failure_) LookAtDeadlines();
    changed_.wait_for(lock, kWatchInterval, [this] { return stopping_ || seeks_verdict(); });
  }
}

void FailureWatch::Call(std::unique_lock<std::mutex>& lock, const std::function<void()>& call) {
  lock.unlock();
  std::string error;
  try {
    call();
  } catch (const std::exception& lost) {
    error = lost.what();
  }
  lock.lock();
  if (error.empty() || failure_) return;
  // Whatever others know, this rank will not hear of it.
  Conclude(absl::StrCat(own().text, own().text[0] != '\0' ? "; " : "", error));
  Call(lock, [this] { carrier_.OnVerdict(); });
}

void FailureWatch::FindVerdict(std::unique_lock<std::mutex>& lock) {
  const Report report = own();
  const auto deadline = Clock::now() + kReportTimeout;
  Call(lock, [&] { carrier_.Tell(report, deadline); });
  if (failure_) return;
  do {  // Once at least: for the place of this rank's report among those that came before.
    Call(lock, [this] { carrier_.Look(); });
    if (!AllHaveAnswered()) changed_.wait_for(lock, kReportInterval);
  } while (!failure_ && !AllHaveAnswered() && Clock::now() < deadline);
  if (failure_) return;
  Conclude(Verdict(reports_, timeout_));
  Call(lock, [this] { carrier_.OnVerdict(); });
}

bool FailureWatch::AllHaveAnswered() const {
  for (size_t rank = 0; rank < reports_.size(); ++rank) {
    if (reports_[rank].reason == Reason::kNone && !gone_[rank]) return false;
  }
  return true;
}

void FailureWatch::LookAtDeadlines() {
  const auto now = Clock::now();
  for (Wait* wait : waits_) {
    const std::optional<int> gone = FindGone(wait->peer_);
    if (gone) wait->deadline_ = std::min(wait->deadline_, now + std::min(kGrace, timeout_));
    if (now < wait->deadline_) continue;
    return gone ? SetReport(Reason::kLost, *gone_[*gone], gone) : SetReport(Reason::kTimedOut);
  }
}

std::optional<int> FailureWatch::FindGone(int peer) const {
  if (peer != Report::kAllOthers) return gone_[peer] ? std::optional(peer) : std::nullopt;
  const auto found = std::find_if(gone_.begin(), gone_.end(), [](const auto& why) { return why; });
  if (found == gone_.end()) return std::nullopt;
  return static_cast<int>(found - gone_.begin());
}

void FailureWatch::SetReport(Reason reason, const std::string& text, std::optional<int> peer) {
  if (gives_up_) return;
  Report& report = reports_[rank_];
  report.reason = reason;
  report.rank = rank_;
  report.SetText(text);
  if (peer) {
    report.Blame(*peer);
  } else {
    for (const Wait* wait : waits_) report.Blame(wait->peer_);
  }
  WakeAll();
}

void FailureWatch::Conclude(const std::string& failure) {
  failure_ = failure;
  WakeAll();
}

void FailureWatch::WakeAll() {
  gives_up_ = true;
  for (const Wait* wait : waits_) {
    if (wait->wake_) wait->wake_();
  }
  changed_.notify_all();
}

}  // namespace backends
