#include "backends/cuda/testing/fake_device.h"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace backends::testing {
namespace {

using Clock = std::chrono::steady_clock;

class FakeEvent final : public DeviceEvent, public std::enable_shared_from_this<FakeEvent> {
 public:
  bool Passed() const override {
    const std::lock_guard lock(mutex_);
    return passed_;
  }
  void Wait() const override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return passed_; });
  }
  double SecondsSince(const DeviceEvent& earlier) const override {
    const auto& other = static_cast<const FakeEvent&>(earlier);
    if (!Passed() || !other.Passed()) throw std::logic_error("an event has not passed");
    return std::chrono::duration<double>(time_ - other.time_).count();
  }

  void Pass() {
    {
      const std::lock_guard lock(mutex_);
      passed_ = true;
      time_ = Clock::now();
    }
    changed_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool passed_ = false;
  Clock::time_point time_;
};

class FakeStream final : public DeviceStream {
 public:
  FakeStream() : thread_([this] { Run(); }) {}
  ~FakeStream() override {
    Add(nullptr);
    thread_.join();
  }

  std::shared_ptr<DeviceEvent> Record() override {
    auto event = std::make_shared<FakeEvent>();
    Add([event] { event->Pass(); });
    return event;
  }
  void WaitFor(const DeviceEvent& event) override {
    const auto& fake = static_cast<const FakeEvent&>(event);
    if (fake.Passed()) return;
    Add([kept = fake.shared_from_this()] { kept->Wait(); });
  }
  void Copy(void* target, const void* source, int64_t bytes) override {
    Add([=] { std::memmove(target, source, static_cast<size_t>(bytes)); });
  }
  void* handle() const override { return const_cast<FakeStream*>(this); }

  void Add(std::function<void()> work) {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(work));
    }
    changed_.notify_one();
  }

 private:
  void Run() {
    while (true) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !queue_.empty(); });
      const std::function<void()> work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      if (!work) return;
      work();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  std::thread thread_;
};

class FakeDevice final : public Device {
 public:
  FakeDevice(const std::string& identity, bool holds_all)
      : identity_(identity), holds_all_(holds_all) {}

  void Enter() override {}
  std::unique_ptr<DeviceStream> MakeStream(bool) override { return std::make_unique<FakeStream>(); }
  bool Holds(const void* data) const override {
    if (holds_all_) return true;
    const std::lock_guard lock(mutex_);
    const auto next = allocated_.upper_bound(static_cast<const std::byte*>(data));
    if (next == allocated_.begin()) return false;
    const auto& [start, bytes] = *std::prev(next);
    return static_cast<const std::byte*>(data) < start + bytes;
  }
  std::shared_ptr<void> Allocate(int64_t bytes) override {
    void* const memory = std::malloc(static_cast<size_t>(bytes));
    const std::lock_guard lock(mutex_);
    allocated_[static_cast<const std::byte*>(memory)] = bytes;
    return {memory, [this](void* freed) {
              const std::lock_guard freeing(mutex_);
              allocated_.erase(static_cast<const std::byte*>(freed));
              std::free(freed);
            }};
  }
  std::shared_ptr<void> AllocatePinned(int64_t bytes) override {
    return {std::malloc(static_cast<size_t>(bytes)), std::free};
  }
  int index() const override { return 0; }
  std::string identity() const override { return identity_; }
  std::string name() const override { return "fake"; }

 private:
  const std::string identity_;
  const bool holds_all_;
  mutable std::mutex mutex_;
  std::map<const std::byte*, int64_t> allocated_;  // Guarded by mutex_.
};

}  // namespace

std::unique_ptr<Device> MakeFakeDevice(const std::string& identity, bool holds_all) {
  return std::make_unique<FakeDevice>(identity, holds_all);
}

void Enqueue(DeviceStream& stream, std::function<void()> work) {
  static_cast<FakeStream&>(stream).Add(std::move(work));
}

}  // namespace backends::testing
