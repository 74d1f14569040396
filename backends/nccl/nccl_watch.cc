#include "backends/nccl/nccl_watch.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/error.h"

namespace backends {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPeriod(50);
// Asking the store costs a message; a rank that left may still have sent what is on its way.
constexpr milliseconds kRollPeriod(500);
constexpr milliseconds kGrace(2000);
constexpr milliseconds kFinishTimeout(10'000);
constexpr std::chrono::microseconds kHostPoll(50);

}  // namespace

NcclWatch::NcclWatch(const NcclOptions& options, RollCall& roll, std::vector<NcclChannel*> channels)
    : options_(options), roll_(roll), channels_(std::move(channels)), thread_([this] { Run(); }) {}

NcclWatch::~NcclWatch() { Stop(); }

void NcclWatch::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void NcclWatch::Fail(const OperationName& name, const std::string& cause) {
  {
    const std::lock_guard lock(mutex_);
    if (failure_) return;
    failure_ = cause;
  }
  AbortAll();
  const std::lock_guard lock(roll_mutex_);
  try {
    roll_.Fail(absl::StrCat(name.Describe(), ": ", cause));
  } catch (const core::Error&) {  // The store is gone, too: others find out by themselves.
  }
}

void NcclWatch::CheckFailure(const OperationName& name) {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) return;
  }
  ThrowFailure(name);
}

void NcclWatch::ThrowFailure(const OperationName& name) {
  const std::lock_guard lock(mutex_);
  throw core::Error(absl::StrCat("rank ", options_.rank, ": ", name.Describe(), ": ",
                                 failure_.value_or("the communicator is going away")));
}

void NcclWatch::AwaitOnHost(const DeviceEvent& event, const OperationName& name) {
  while (!event.Passed()) {
    CheckFailure(name);
    std::this_thread::sleep_for(kHostPoll);
  }
  CheckFailure(name);
}

void NcclWatch::Run() {
  options_.device->Enter();
  auto next_roll = steady_clock::now();
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (changed_.wait_for(lock, kPeriod, [this] { return stopping_; })) return;
      if (failure_) continue;
    }
    for (NcclChannel* channel : channels_) LookAt(*channel);
    if (steady_clock::now() < next_roll || options_.size == 1) continue;
    next_roll = steady_clock::now() + kRollPeriod;
    try {
      std::optional<std::string> others;
      {
        const std::lock_guard lock(roll_mutex_);
        others = roll_.FailureOfOthers();
      }
      if (others) Fail({}, *others);
    } catch (const core::Error& error) {
      Fail({}, error.what());
    }
  }
}

void NcclWatch::LookAt(NcclChannel& channel) {
  OperationName name;
  try {
    const auto in_flight = channel.InFlight();
    if (!in_flight.empty()) name = in_flight.front()->names.front();
    channel.handle().Ready();  // For its errors.
    for (const auto& group : in_flight) {
      name = group->names.front();
      const auto cause = CauseOf(*group);
      if (cause) return Fail(name, *cause);
    }
  } catch (const core::Error& error) {
    Fail(name, error.what());
  }
}

std::optional<std::string> NcclWatch::CauseOf(const NcclGroup& group) {
  const auto now = steady_clock::now();
  const bool late = now > group.deadline;
  if (!late && now + options_.timeout < group.deadline + std::min(options_.timeout, kGrace)) {
    return std::nullopt;
  }
  // Whom its operations need.
  std::set<int> peers;
  for (const OperationName& name : group.names) {
    if (core::SpanKind::kPush == name.kind || core::SpanKind::kPull == name.kind) {
      peers.insert(std::max(name.to, name.from));
    } else {
      for (int rank = 0; rank < options_.size; ++rank) peers.insert(rank);
    }
  }
  peers.erase(options_.rank);
  std::vector<int> left;
  {
    const std::lock_guard lock(roll_mutex_);
    // Who failed first says more than who left then.
    if (const auto others = roll_.FailureOfOthers()) return others;
    for (int peer : peers) {
      if (roll_.HasLeft(peer)) left.push_back(peer);
    }
  }
  if (!left.empty()) {
    return absl::StrCat(left.size() == 1 ? "rank " : "ranks ", absl::StrJoin(left, ", "),
                        " left before it was over: see what ", left.size() == 1 ? "it" : "they",
                        " said last");
  }
  if (!late) return std::nullopt;
  return absl::StrCat("not over within ", std::chrono::duration<double>(options_.timeout).count(),
                      " s; waits for ", peers.size() == 1 ? "rank " : "ranks ",
                      absl::StrJoin(peers, ", "),
                      ", which did not come to it or called something else");
}

void NcclWatch::End() {
  bool aborts = false;
  for (NcclChannel* channel : channels_) {
    try {
      for (const auto& group : channel->InFlight()) {
        if (!group->awaited) {
          aborts = true;
          continue;
        }
        group->started.get();
        AwaitOnHost(*group->done, group->names.front());
      }
    } catch (const std::exception&) {
      aborts = true;
    }
  }
  bool failed = false;
  {
    const std::lock_guard lock(mutex_);
    failed = failure_.has_value();
    if (!failed) failure_ = "the communicator is going away";
  }
  aborts = aborts || failed;
  try {
    const std::lock_guard lock(roll_mutex_);
    if (!failed) roll_.Leave();
  } catch (const core::Error&) {  // The store is gone: then so are the others.
  }
  Stop();
  if (aborts || !FinishAll()) AbortAll();
}

bool NcclWatch::FinishAll() {
  const auto deadline = steady_clock::now() + kFinishTimeout;
  try {
    for (NcclChannel* channel : channels_) channel->handle().Finish();
    for (NcclChannel* channel : channels_) {
      while (!channel->handle().Ready()) {
        if (steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(kHostPoll);
      }
    }
  } catch (const core::Error&) {
    return false;
  }
  return true;
}

void NcclWatch::AbortAll() {
  for (NcclChannel* channel : channels_) {
    try {
      channel->handle().Abort();
    } catch (const core::Error&) {  // It is broken already.
    }
  }
}

}  // namespace backends
