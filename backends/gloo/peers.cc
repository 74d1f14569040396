#include "backends/gloo/peers.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "backends/gloo/cause.h"
#include "gloo/common/error.h"

namespace backends {
namespace {

using std::chrono::steady_clock;

// Gloo may not time out by itself: it would cut all connections before reports could be sent.
constexpr auto kForever = std::chrono::hours(100);
// How often deadlines are looked at.
constexpr auto kWatchInterval = std::chrono::milliseconds(500);
// How long to wait for other ranks' reports: a living rank answers at once, a stopped one never.
constexpr auto kReportTimeout = std::chrono::seconds(2);
// How often a wait for a rank that is gone is taken up again, to see whether what it sent is there.
constexpr int kLooksMax = 3;
// Slots.
constexpr uint64_t kAlarmSlot = uint64_t{1} << 56;
constexpr uint64_t kReportSlot = kAlarmSlot + 1;

Report MakeReport(Reason reason, const std::string& text = "") {
  Report report;
  report.reason = reason;
  report.SetText(text);
  return report;
}

Report Lost(int peer, const std::string& cause) {
  Report report = MakeReport(Reason::kLost, cause);
  report.Blame(peer);
  return report;
}

}  // namespace

Peers::Peers(std::shared_ptr<::gloo::transport::Context> context, std::chrono::milliseconds timeout)
    : context_(std::move(context)),
      timeout_(timeout),
      gone_(context_->size),
      reports_(context_->size),
      alarms_(context_->size) {
  for (int i = 1; i < size(); ++i) others_.push_back((rank() + i) % size());
  if (size() == 1) return;
  for (int peer : others_) {
    alarms_[peer] = Bind(&alarm_, sizeof(alarm_));
    listeners_.emplace_back(&Peers::Listen, this, peer);
  }
  watch_ = std::thread(&Peers::Watch, this);
}

void Peers::Disconnect() {
  for (std::thread& listener : listeners_) listener.join();
  if (watch_.joinable()) watch_.join();
  for (int peer = 0; peer < size(); ++peer) context_->getPair(peer).reset();
}

void Peers::Stop() {
  std::lock_guard lock(mutex_);
  if (stopping_) return;
  stopping_ = true;
  if (!failure_ && own_.reason == Reason::kNone) failure_ = "the communicator was destroyed";
  for (const auto& alarm : alarms_) {
    if (alarm) alarm->abortWaitRecv();
  }
  WakeAll();
}

void Peers::Send(Buffer& source, Part part, int to, uint64_t slot, const OperationName& name) {
  try {
    source.send(to, slot, part.offset, part.bytes);
  } catch (const ::gloo::Exception& error) {
    GiveUp(name, Lost(to, CauseOf(error)));
  }
}

void Peers::Receive(Buffer& target, Part part, int from, uint64_t slot, const OperationName& name) {
  try {
    target.recv(from, slot, part.offset, part.bytes);
  } catch (const ::gloo::Exception& error) {
    GiveUp(name, Lost(from, CauseOf(error)));
  }
}

bool Peers::TryReceive(Buffer& target, Part part, int from, uint64_t slot) {
  try {
    target.recv(from, slot, part.offset, part.bytes);
  } catch (const ::gloo::Exception&) {
    return false;
  }
  return true;
}

void Peers::AwaitSent(Buffer& source, int to, const OperationName& name) {
  Await({&source, true, to, &name, steady_clock::now() + timeout_}, nullptr);
}

void Peers::AwaitReceived(Buffer& target, int from, const OperationName& name,
                          const std::function<void()>& make_progress) {
  Wait wait{&target, false, from, &name, steady_clock::now() + timeout_};
  wait.progresses = wait.progress = make_progress != nullptr;
  Await(wait, make_progress);
}

void Peers::MakeProgress() {
  std::lock_guard lock(mutex_);
  for (Wait& wait : waits_) {
    if (!wait.progresses) continue;
    wait.progress = true;
    Wake(wait);
  }
}

void Peers::Await(const Wait& described, const std::function<void()>& make_progress) {
  std::unique_lock lock(mutex_);
  const auto wait = waits_.insert(waits_.end(), described);
  // Not needed any more, however this ends.
  const absl::Cleanup erase = [&] {
    if (!lock.owns_lock()) lock.lock();
    waits_.erase(wait);
  };
  std::optional<std::string> lost;
  bool complete = false;
  int looks = 0;
  while (!complete && !lost && !wait->expired && own_.reason == Reason::kNone && !failure_) {
    // Gloo does not say so to those that wait for a message of which a part has come.
    if (gone_[wait->peer] && ++looks > kLooksMax) {
      lost = gone_[wait->peer];
      break;
    }
    const bool progresses = std::exchange(wait->progress, false);
    lock.unlock();
    if (progresses) make_progress();
    try {
      // False if somebody woke us: to see that the time is over, or for another wait's sake.
      complete = wait->sends ? wait->buffer->waitSend(nullptr, kForever)
                             : wait->buffer->waitRecv(nullptr, kForever);
    } catch (const ::gloo::Exception& error) {
      lost = CauseOf(error);
    }
    lock.lock();
  }
  if (complete) return;
  AwaitVerdict(lock, lost ? Lost(wait->peer, *lost) : MakeReport(Reason::kTimedOut));
  throw Failure(*wait->name);
}

void Peers::Disagree(const OperationName& name, const std::string& disagreement) {
  GiveUp(name, MakeReport(Reason::kDisagreement, disagreement));
}

void Peers::GiveUp(const OperationName& name, const Report& report) {
  std::unique_lock lock(mutex_);
  AwaitVerdict(lock, report);
  throw Failure(name);
}

void Peers::AwaitVerdict(std::unique_lock<std::mutex>& lock, const Report& report) {
  SetReport(report);
  changed_.wait(lock, [this] { return failure_.has_value(); });
}

void Peers::SetReport(Report report) {
  if (own_.reason != Reason::kNone || failure_) return;
  // Who lost a connection knows whom to blame.
  if (report.reason != Reason::kLost) {
    for (const Wait& wait : waits_) report.Blame(wait.peer);
  }
  own_ = report;
  WakeAll();
}

core::Error Peers::Failure(const OperationName& name) const {
  return core::Error(absl::StrCat("rank ", rank(), ": ", name.Describe(), ": ",
                                  failure_.value_or("an operation before it failed")));
}

std::exception_ptr Peers::FailureOf(const OperationName& name) {
  std::lock_guard lock(mutex_);
  return std::make_exception_ptr(Failure(name));
}

void Peers::Wake(const Wait& wait) {
  if (wait.sends) {
    wait.buffer->abortWaitSend();
  } else {
    wait.buffer->abortWaitRecv();
  }
}

void Peers::WakeAll() {
  for (const Wait& wait : waits_) Wake(wait);
  changed_.notify_all();
}

void Peers::Listen(int peer) {
  try {
    alarms_[peer]->recv(peer, kAlarmSlot);
    while (!alarms_[peer]->waitRecv(kForever)) {
      std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
  } catch (const ::gloo::Exception& error) {
    std::lock_guard lock(mutex_);
    gone_[peer] = CauseOf(error);
    return;
  }
  std::lock_guard lock(mutex_);
  SetReport(MakeReport(waits_.empty() ? Reason::kBusy : Reason::kWaiting));
}

void Peers::Watch() {
  std::unique_lock lock(mutex_);
  while (!stopping_ || (own_.reason != Reason::kNone && !failure_)) {
    if (own_.reason != Reason::kNone && !failure_) {
      reports_[rank()] = own_;
      lock.unlock();
      ExchangeReports();
      lock.lock();
      failure_ = Verdict(reports_, timeout_);
      changed_.notify_all();
    }
    changed_.wait_for(lock, kWatchInterval);
    for (Wait& wait : waits_) {
      wait.expired = steady_clock::now() > wait.deadline;
      if (wait.expired || gone_[wait.peer]) Wake(wait);
    }
  }
}

void Peers::ExchangeReports() {
  const auto deadline = steady_clock::now() + kReportTimeout;
  const auto left = [&] {
    return std::max(
        std::chrono::milliseconds(1),
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now()));
  };
  std::vector<Report> received(size());
  char alarm = 0;
  std::vector<std::unique_ptr<Buffer>> alarms(size()), sources(size()), targets(size());
  for (int peer = 0; peer < size(); ++peer) {
    if (peer == rank()) continue;
    try {
      alarms[peer] = Bind(&alarm, sizeof(alarm));
      alarms[peer]->send(peer, kAlarmSlot);
      auto source = Bind(&reports_[rank()], sizeof(Report));
      source->send(peer, kReportSlot);
      auto target = Bind(&received[peer], sizeof(Report));
      target->recv(peer, kReportSlot);
      sources[peer] = std::move(source);
      targets[peer] = std::move(target);
    } catch (const ::gloo::Exception&) {
      // That one is gone.
    }
  }
  for (int peer = 0; peer < size(); ++peer) {
    try {
      if (targets[peer] && targets[peer]->waitRecv(left())) reports_[peer] = received[peer];
      if (sources[peer]) sources[peer]->waitSend(left());
    } catch (const ::gloo::Exception&) {
      // Gone, or stopped. Gloo has cut all connections if it was a timeout.
    }
  }
}

}  // namespace backends
