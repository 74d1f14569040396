#include "backends/gloo/mesh.h"

#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "backends/gloo/cause.h"
#include "backends/membership/membership.h"
#include "core/base/error.h"
#include "core/base/sha256.h"
#include "gloo/transport/tcp/device.h"
#include "gloo/transport/unbound_buffer.h"

namespace backends {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int64_t kAddressBytes = ::gloo::transport::Address::kMaxByteSize;
// Gloo waits this many times a context's timeout for a connection.
constexpr int kConnectTimeoutFactor = 5;
// Each has ports of its own, which whoever got in the way of one has to find anew.
constexpr int kAttempts = 5;
constexpr int64_t kNonceBytes = 16;
constexpr int64_t kProofBytes = 32;
constexpr uint64_t kProofSlot = uint64_t{7} << 56;
// For a step of an attempt: all ranks are at it when it begins. Where a stranger has spoilt only the
// end of the rank that was to connect, the other one waits for so long.
constexpr milliseconds kStepTimeout(10'000);

std::string ListeningPlace(const GlooOptions& options) {
  return options.interface.empty() ? "loopback" : absl::StrCat("interface ", options.interface);
}

std::shared_ptr<::gloo::transport::Device> Listen(const GlooOptions& options) {
  ::gloo::transport::tcp::attr attributes;
  attributes.iface = options.interface;
  if (options.interface.empty()) attributes.hostname = "127.0.0.1";
  try {
    return ::gloo::transport::tcp::CreateDevice(attributes);
  } catch (const std::exception& error) {
    throw core::Error(absl::StrCat("rank ", options.rank, ": cannot listen on ",
                                   ListeningPlace(options), " (", CauseOf(error),
                                   "): name an interface that `ip address` lists"));
  }
}

// libtorch carries another Gloo, with which everything crashes: the one that is linked first is
// used.
void CheckLinkOrder(const ::gloo::transport::Device& device) {
  const void* functions = *reinterpret_cast<const void* const*>(&device);
  Dl_info info{};
  if (dladdr(functions, &info) == 0) return;
  if (std::string_view(info.dli_fname).find("libgloo") != std::string_view::npos) return;
  throw std::logic_error(absl::StrCat("Gloo comes from ", info.dli_fname,
                                      ": //backends/gloo has to be linked before libtorch"));
}

void CheckHosts(const Membership& members, const GlooOptions& options) {
  if (!options.interface.empty()) return;
  for (int peer = 0; peer < options.size; ++peer) {
    if (members[peer].host == ThisHost()) continue;
    throw core::Error(absl::StrCat("rank ", options.rank, ": listens on loopback on host ",
                                   ThisHost(), ", where rank ", peer, " on host ",
                                   members[peer].host,
                                   " cannot reach it: give every rank the network interface to "
                                   "use"));
  }
}

// One try to connect this rank with all others. Gloo takes whoever connects to a port first for the
// peer that it has opened it for. So all ranks say whether they got through, and then prove to each
// other that they are of this run, before anything else goes over the connections.
class Attempt {
 public:
  Attempt(const GlooOptions& options, Membership& members, int number)
      : options_(options),
        members_(members),
        topic_(absl::StrCat("gloo/", number, "/")),
        context_(Listen(options)->createContext(options.rank, options.size)) {
    context_->setTimeout(std::max(step_timeout() / kConnectTimeoutFactor, milliseconds(1)));
  }

  // Returns what went wrong on some rank, the same on all of them; empty if they are connected.
  std::string Connect() {
    Exchange();
    std::string failure = Agree("connected", ConnectPairs());
    if (failure.empty()) failure = Agree("proved", Prove());
    return failure;
  }

  std::shared_ptr<::gloo::transport::Context> context() const { return context_; }

 private:
  milliseconds step_timeout() const { return std::min(options_.timeout, kStepTimeout); }

  template <class Body>
  void ForEachPeer(const Body& body) {
    for (int peer = 0; peer < options_.size; ++peer) {
      if (peer != options_.rank) body(peer);
    }
  }

  // Gives all others a number that was never used and an address for each to connect to.
  void Exchange() {
    std::string own = core::RandomBytes(kNonceBytes);
    own.resize(kNonceBytes + options_.size * kAddressBytes, '\0');
    ForEachPeer([&](int peer) {
      const std::vector<char> address = context_->createPair(peer)->address().bytes();
      std::copy(address.begin(), address.end(), own.begin() + kNonceBytes + peer * kAddressBytes);
    });
    records_ = members_.Exchange(topic_ + "addresses", own);
    for (int peer = 0; peer < options_.size; ++peer) {
      if (records_[peer].size() == own.size()) continue;
      throw core::Error(absl::StrCat("rank ", options_.rank, ": rank ", peer, " gives ",
                                     records_[peer].size(), " bytes of addresses, not ", own.size(),
                                     ": start all ranks from the same build"));
    }
  }

  // What went wrong. Each peer is tried, so that none waits for this rank because of another one.
  std::string ConnectPairs() {
    const auto deadline = steady_clock::now() + step_timeout();
    std::string failure;
    ForEachPeer([&](int peer) {
      if (!failure.empty() && steady_clock::now() > deadline) return;
      const auto& pair = context_->getPair(peer);
      const auto address = records_[peer].begin() + kNonceBytes + options_.rank * kAddressBytes;
      try {
        pair->connect({address, address + pair->address().bytes().size()});
      } catch (const std::exception& error) {
        if (!failure.empty()) return;
        failure = absl::StrCat("rank ", options_.rank, ", which listens on ",
                               ListeningPlace(options_), ", cannot connect with rank ", peer,
                               " on host ", members_[peer].host, " (", CauseOf(error), ")");
      }
    });
    return failure;
  }

  std::string ProofOf(int from, int to) const {
    return core::HmacSha256(
        absl::StrCat(options_.store->secret(), records_[from].substr(0, kNonceBytes),
                     records_[to].substr(0, kNonceBytes)),
        absl::StrCat(topic_, "rank ", from, " to rank ", to));
  }

  std::string Prove() {
    const auto deadline = steady_clock::now() + step_timeout();
    std::vector<std::string> own(options_.size), theirs(options_.size, std::string(kProofBytes, 0));
    std::vector<std::unique_ptr<::gloo::transport::UnboundBuffer>> sources(options_.size),
        targets(options_.size);
    int awaited = 0;
    try {
      ForEachPeer([&](int peer) {
        awaited = peer;
        own[peer] = ProofOf(options_.rank, peer);
        targets[peer] = context_->createUnboundBuffer(theirs[peer].data(), kProofBytes);
        targets[peer]->recv(peer, kProofSlot);
        sources[peer] = context_->createUnboundBuffer(own[peer].data(), kProofBytes);
        sources[peer]->send(peer, kProofSlot);
      });
      ForEachPeer([&](int peer) {
        awaited = peer;
        targets[peer]->waitRecv(nullptr, Left(deadline));
        if (!core::EqualInConstantTime(theirs[peer], ProofOf(peer, options_.rank))) {
          throw core::Error("it does not know the secret");
        }
        sources[peer]->waitSend(nullptr, Left(deadline));
      });
    } catch (const std::exception& error) {
      return absl::StrCat("who connected to rank ", options_.rank, " in the place of rank ",
                          awaited, " has not proved to be it (", CauseOf(error), ")");
    }
    return "";
  }

  static milliseconds Left(steady_clock::time_point deadline) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    return std::max(left, milliseconds(1));
  }

  // The first failure of all ranks' ones.
  std::string Agree(const std::string& step, const std::string& failure) {
    const std::vector<std::string> failures = members_.Exchange(topic_ + step, failure);
    const auto first = std::find_if(failures.begin(), failures.end(),
                                    [](const std::string& one) { return !one.empty(); });
    return first == failures.end() ? "" : *first;
  }

  const GlooOptions& options_;
  Membership& members_;
  const std::string topic_;
  const std::shared_ptr<::gloo::transport::Context> context_;
  std::vector<std::string> records_;  // By rank.
};

std::shared_ptr<::gloo::transport::Context> ConnectMembers(const GlooOptions& options,
                                                           Membership& members) {
  CheckHosts(members, options);
  std::string failure;
  for (int number = 0; number < kAttempts; ++number) {
    Attempt attempt(options, members, number);
    failure = attempt.Connect();
    if (failure.empty()) return attempt.context();
  }
  throw core::Error(absl::StrCat(
      "rank ", options.rank, ": the ranks could not be connected: ", failure,
      ": give an interface by which the hosts reach each other, and whose ports nobody else "
      "connects to (a firewall, a private network)"));
}

}  // namespace

std::shared_ptr<::gloo::transport::Context> ConnectMesh(const GlooOptions& options) {
  // A write to a rank that is gone is an error, not the end of this process.
  std::signal(SIGPIPE, SIG_IGN);
  {
    const auto device = Listen(options);
    CheckLinkOrder(*device);
    if (options.size == 1) return device->createContext(options.rank, options.size);
  }
  // No port is open before all ranks have come: none is there to be found while they wait.
  Membership members({options.rank, options.size, options.store, options.timeout, "gloo"}, "");
  try {
    return ConnectMembers(options, members);
  } catch (const core::Error& error) {
    TellFailure(*options.store, options.rank, error.what());
    throw;
  }
}

}  // namespace backends
