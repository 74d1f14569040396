#include "backends/gloo/peers.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "backends/gloo/cause.h"
#include "core/base/thread.h"
#include "gloo/common/error.h"

namespace backends {
namespace {

using std::chrono::milliseconds;

// Gloo may not time out by itself: it would cut all connections before reports could be sent. So a
// wait takes ten years, longer than any run, and still few enough nanoseconds to be computed with.
constexpr milliseconds kForever = std::chrono::hours(10 * 365 * 24);
constexpr uint64_t kReportSlot = uint64_t{1} << 56;

}  // namespace

Peers::Peers(std::shared_ptr<::gloo::transport::Context> context, milliseconds timeout)
    : context_(std::move(context)),
      watch_(rank(), size(), timeout, *this),
      reports_(size()),
      report_buffers_(size()) {
  for (int i = 1; i < size(); ++i) others_.push_back((rank() + i) % size());
  for (int peer : others_) report_buffers_[peer] = Bind(&reports_[peer], sizeof(Report));
  try {
    listeners_.reserve(others_.size());
    for (int peer : others_) {
      listeners_.push_back(core::StartThread([this, peer] { Listen(peer); }));
    }
  } catch (...) {
    Stop();
    Disconnect();
    throw;
  }
}

Peers::~Peers() {
  if (listeners_.empty()) return;
  Stop();
  Disconnect();
}

void Peers::Stop() {
  watch_.Stop();
  for (int peer : others_) report_buffers_[peer]->abortWaitRecv();
}

void Peers::Disconnect() {
  for (std::thread& listener : listeners_) listener.join();
  listeners_.clear();
  for (int peer = 0; peer < size(); ++peer) context_->getPair(peer).reset();
}

void Peers::Send(Buffer& source, Part part, int to, uint64_t slot, const OperationName& name) {
  try {
    source.send(to, slot, part.offset, part.bytes);
  } catch (const ::gloo::Exception& error) {
    GiveUpOn(to, error, name);
  }
}

void Peers::Receive(Buffer& target, Part part, int from, uint64_t slot, const OperationName& name) {
  try {
    target.recv(from, slot, part.offset, part.bytes);
  } catch (const ::gloo::Exception& error) {
    GiveUpOn(from, error, name);
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
  Await(source, /*sends=*/true, to, name, nullptr);
}

void Peers::AwaitReceived(Buffer& target, int from, const OperationName& name,
                          const std::function<void()>& make_progress) {
  if (!make_progress) return Await(target, /*sends=*/false, from, name, nullptr);
  std::unique_lock lock(mutex_);
  const auto place = progressing_.insert(progressing_.end(), &target);
  lock.unlock();
  const absl::Cleanup erase = [&] {
    const std::lock_guard guard(mutex_);
    progressing_.erase(place);
  };
  Await(target, /*sends=*/false, from, name, make_progress);
}

void Peers::MakeProgress() {
  const std::lock_guard lock(mutex_);
  for (Buffer* target : progressing_) target->abortWaitRecv();
}

void Peers::Await(Buffer& buffer, bool sends, int peer, const OperationName& name,
                  const std::function<void()>& make_progress) {
  const FailureWatch::Wait wait(
      watch_, peer, [&buffer, sends] { sends ? buffer.abortWaitSend() : buffer.abortWaitRecv(); });
  while (!watch_.gives_up()) {
    if (make_progress) make_progress();
    try {
      // False if somebody woke us, also before we began to wait.
      if (sends ? buffer.waitSend(nullptr, kForever) : buffer.waitRecv(nullptr, kForever)) return;
    } catch (const ::gloo::Exception& error) {
      GiveUpOn(peer, error, name);
    }
  }
  throw watch_.FailureOf(name.Describe());
}

void Peers::Disagree(const OperationName& name, const std::string& disagreement) {
  watch_.GiveUp(Reason::kDisagreement, disagreement);
  throw watch_.FailureOf(name.Describe());
}

void Peers::GiveUpOn(int peer, const std::exception& error, const OperationName& name) {
  watch_.GiveUp(Reason::kLost, CauseOf(error), peer);
  throw watch_.FailureOf(name.Describe());
}

std::exception_ptr Peers::FailureOf(const OperationName& name) {
  return std::make_exception_ptr(watch_.FailureOf(name.Describe()));
}

void Peers::Listen(int peer) {
  try {
    report_buffers_[peer]->recv(peer, kReportSlot);
    // False when this rank stops.
    if (!report_buffers_[peer]->waitRecv(kForever)) return;
    Report& report = reports_[peer];
    report.rank = peer;
    if (report.IsValid(size())) return watch_.OnReport(report);
    watch_.OnGone(peer, "it sent no report that can be read");
  } catch (const ::gloo::Exception& error) {
    watch_.OnGone(peer, CauseOf(error));
  }
}

void Peers::Tell(const Report& report, FailureWatch::Clock::time_point deadline) {
  Report told = report;
  std::vector<std::unique_ptr<Buffer>> sources;
  for (int peer : others_) {
    auto source = Bind(&told, sizeof(told));
    try {
      source->send(peer, kReportSlot);
      sources.push_back(std::move(source));
    } catch (const ::gloo::Exception&) {
      // That one is gone.
    }
  }
  for (const auto& source : sources) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(deadline - FailureWatch::Clock::now());
    try {
      source->waitSend(std::max(left, milliseconds(1)));
    } catch (const ::gloo::Exception&) {
      // Gone, or stopped: then Gloo has cut all connections.
    }
  }
}

}  // namespace backends
