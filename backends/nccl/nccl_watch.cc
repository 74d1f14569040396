#include "backends/nccl/nccl_watch.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace backends {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kFinishTimeout(10'000);
constexpr std::chrono::microseconds kHostPoll(50);

}  // namespace

NcclWatch::NcclWatch(const NcclOptions& options, Membership& membership)
    : options_(options),
      membership_(membership),
      watch_(options.rank, options.size, options.timeout, *this) {}

void NcclWatch::Add(std::vector<NcclChannel*> channels) {
  const std::lock_guard lock(mutex_);
  channels_ = std::move(channels);
}

std::vector<NcclChannel*> NcclWatch::channels() {
  const std::lock_guard lock(mutex_);
  return channels_;
}

void NcclWatch::Expect(NcclGroup& group) {
  for (const OperationName& name : group.names) {
    const bool message =
        name.kind != core::SpanKind::kBroadcast && std::max(name.to, name.from) >= 0;
    const int peer = message ? std::max(name.to, name.from) : Report::kAllOthers;
    if (peer != options_.rank) group.waits.emplace_back(watch_, peer, nullptr);
  }
}

void NcclWatch::Fail(const std::string& operation, const std::exception& error) {
  if (dynamic_cast<const NcclRemoteError*>(&error) != nullptr) {
    watch_.GiveUp(Reason::kLost, error.what(), Report::kAllOthers);
  } else {
    watch_.GiveUp(Reason::kFailed, absl::StrCat(operation, ": ", error.what()));
  }
}

void NcclWatch::CheckFailure(const OperationName& name) {
  if (watch_.gives_up()) throw watch_.FailureOf(name.Describe());
}

void NcclWatch::AwaitOnHost(const DeviceEvent& event, const OperationName& name) {
  while (!event.Passed()) {
    CheckFailure(name);
    std::this_thread::sleep_for(kHostPoll);
  }
  CheckFailure(name);
}

void NcclWatch::Tell(const Report& report, FailureWatch::Clock::time_point) {
  membership_.Tell(report);
}

void NcclWatch::Look() {
  options_.device->Enter();
  if (options_.size > 1) {
    for (const Report& report : membership_.Reports()) watch_.OnReport(report);
  }
  for (NcclChannel* channel : channels()) LookAt(*channel);
}

void NcclWatch::LookAt(NcclChannel& channel) {
  OperationName name;
  try {
    const auto in_flight = channel.InFlight();
    if (!in_flight.empty()) name = in_flight.front()->names.front();
    channel.handle().Ready();  // For its errors.
  } catch (const core::Error& error) {
    Fail(name.Describe(), error);
  }
}

void NcclWatch::OnVerdict() {
  for (NcclChannel* channel : channels()) {
    try {
      channel->handle().Abort();
    } catch (const core::Error&) {  // It is broken already.
    }
  }
}

void NcclWatch::End() {
  bool aborts = false;
  for (NcclChannel* channel : channels()) {
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
  aborts = aborts || watch_.gives_up();
  try {
    if (!watch_.gives_up()) membership_.Leave();
  } catch (const core::Error&) {  // The store is gone: then so are the others.
  }
  watch_.Stop();
  if (aborts || !FinishAll()) OnVerdict();
}

bool NcclWatch::FinishAll() {
  const auto deadline = steady_clock::now() + kFinishTimeout;
  try {
    for (NcclChannel* channel : channels()) channel->handle().Finish();
    for (NcclChannel* channel : channels()) {
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

}  // namespace backends
