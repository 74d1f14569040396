#include "backends/rendezvous/tcp_store.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "c10/util/Logging.h"
#include "core/base/error.h"
#include "torch/csrc/distributed/c10d/PrefixStore.hpp"
#include "torch/csrc/distributed/c10d/TCPStore.hpp"

namespace backends {
namespace {

using std::chrono::milliseconds;

// The first line of what c10d says, without its prefix and stack trace.
std::string FirstLine(const std::exception& error) {
  const std::string_view text = error.what();
  return std::string(text.substr(0, text.find('\n')));
}

class TcpStore : public Store {
 public:
  TcpStore(c10::intrusive_ptr<c10d::Store> store, std::string place, milliseconds timeout)
      : store_(std::move(store)), place_(std::move(place)), timeout_(timeout) {}

  void Set(const std::string& key, const std::string& value) override {
    Ask(timeout_, [key, bytes = Bytes(value)](c10d::Store& store) { store.set(key, bytes); });
  }

  void Append(const std::string& key, const std::string& value) override {
    Ask(timeout_, [key, bytes = Bytes(value)](c10d::Store& store) { store.append(key, bytes); });
  }

  std::optional<std::string> Get(const std::string& key, milliseconds timeout) override {
    const auto found = std::make_shared<std::optional<std::string>>();
    Ask(timeout + timeout_, [key, timeout, found](c10d::Store& store) {
      if (timeout == milliseconds(0)) {
        if (!store.check({key})) return;
      } else if (!Await(store, key, timeout)) {
        return;
      }
      const std::vector<uint8_t> value = store.get(key);
      found->emplace(value.begin(), value.end());
    });
    return *found;
  }

 private:
  static std::vector<uint8_t> Bytes(const std::string& value) {
    return {value.begin(), value.end()};
  }

  static bool Await(c10d::Store& store, const std::string& key, milliseconds timeout) {
    try {
      store.wait({key}, timeout);
      return true;
    } catch (const c10::DistStoreError&) {
      return false;
    }
  }

  // c10d waits without a limit for a server that is stopped or cut off. So every question has a
  // thread of its own, which is left behind if no answer comes.
  void Ask(milliseconds timeout, std::function<void(c10d::Store&)> question) {
    std::packaged_task<void()> task(
        [store = store_, question = std::move(question)] { question(*store); });
    std::future<void> answer = task.get_future();
    std::string cause = "it does not answer";
    try {
      if (!lost_) {
        std::thread(std::move(task)).detach();
        if (answer.wait_for(timeout) == std::future_status::ready) return answer.get();
      }
    } catch (const std::exception& error) {  // Of the question, or of the thread's start.
      cause = FirstLine(error);
    }
    lost_ = true;
    throw Lost(cause);
  }

  core::Error Lost(const std::string& cause) const {
    return core::Error("lost the rendezvous at " + place_ + " (" + cause +
                       "): see what rank 0 said last");
  }

  const c10::intrusive_ptr<c10d::Store> store_;
  const std::string place_;
  const milliseconds timeout_;  // For an answer.
  std::atomic<bool> lost_ = false;
};

bool IsLoopback(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    return ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24 == 127;
  }
  return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

// A socket that listens at the host's address; none if that does not say where, as the header has
// it. Throws core::Error if another program does.
std::optional<int> ListenAt(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST;
  // Of localhost's two addresses the one that whoever writes 127.0.0.1 means too.
  const std::string name = host == "localhost" ? "127.0.0.1" : host;
  addrinfo* found = nullptr;
  const bool is_number = getaddrinfo(name.c_str(), nullptr, &hints, &found) == 0;
  hints.ai_flags = 0;
  if (!is_number && getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return std::nullopt;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, freeaddrinfo);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (!is_number && IsLoopback(*one->ai_addr)) continue;
    const int listener = socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0) continue;
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    // In both families it stands at the same place.
    reinterpret_cast<sockaddr_in*>(one->ai_addr)->sin_port = htons(static_cast<uint16_t>(port));
    if (bind(listener, one->ai_addr, one->ai_addrlen) == 0 && listen(listener, SOMAXCONN) == 0) {
      return listener;
    }
    const int cause = errno;
    close(listener);
    if (cause != EADDRNOTAVAIL) throw core::Error(std::strerror(cause));
  }
  return std::nullopt;
}

}  // namespace

std::unique_ptr<Store> ConnectTcpStore(const TcpStoreOptions& options) {
  // c10d writes what goes wrong to standard error, with a stack trace, besides throwing it. Once, as
  // ranks may be threads.
  [[maybe_unused]] static const int level = FLAGS_caffe2_log_level = c10::GLOG_FATAL;
  const std::string place = options.host + ":" + std::to_string(options.port);
  c10d::TCPStoreOptions settings;
  settings.port = static_cast<uint16_t>(options.port);
  settings.isServer = options.serve;
  settings.waitWorkers = false;
  settings.timeout = options.timeout;
  try {
    if (options.serve) settings.masterListenFd = ListenAt(options.host, options.port);
    auto store = c10::make_intrusive<c10d::TCPStore>(options.host, settings);
    return std::make_unique<TcpStore>(
        c10::make_intrusive<c10d::PrefixStore>(options.prefix, std::move(store)), place,
        options.timeout);
  } catch (const std::exception& error) {
    if (options.serve) {
      throw core::Error("cannot serve the rendezvous at " + place + " (" + FirstLine(error) +
                        "): if the port is in use, give another MASTER_PORT to all ranks");
    }
    throw core::Error("cannot reach the rendezvous at " + place + " (" + FirstLine(error) +
                      "): rank 0 has to run there, with the same MASTER_ADDR and MASTER_PORT");
  }
}

}  // namespace backends
