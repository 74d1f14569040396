#include "backends/gloo/mesh.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "backends/gloo/cause.h"
#include "core/base/error.h"
#include "gloo/transport/tcp/device.h"

namespace backends {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Gloo waits this many times a context's timeout for a connection.
constexpr int kConnectTimeoutFactor = 5;

std::string ListeningPlace(const GlooOptions& options) {
  if (!options.interface.empty()) return absl::StrCat("interface ", options.interface);
  if (!options.hostname.empty()) return absl::StrCat("host name ", options.hostname);
  return "loopback";
}

std::shared_ptr<::gloo::transport::Device> Listen(const GlooOptions& options) {
  ::gloo::transport::tcp::attr attributes;
  attributes.iface = options.interface;
  attributes.hostname = options.hostname;
  if (options.interface.empty() && options.hostname.empty()) attributes.hostname = "127.0.0.1";
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

std::string ThisHost() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

// What a rank tells the others: its host's name, and an address for each of them to connect to.
class Card {
 public:
  static constexpr int kAddressBytes = ::gloo::transport::Address::kMaxByteSize;

  explicit Card(std::string text) : text_(std::move(text)) {}
  Card(const std::string& host, int size)
      : text_(host + '\n' + std::string(size * kAddressBytes, '\0')) {}

  void SetAddress(int peer, const std::vector<char>& address) {
    std::copy(address.begin(), address.end(), text_.begin() + Start() + peer * kAddressBytes);
  }
  std::vector<char> Address(int peer, size_t length) const {
    const auto start = text_.begin() + Start() + peer * kAddressBytes;
    return std::vector<char>(start, start + length);
  }
  std::string host() const { return text_.substr(0, text_.find('\n')); }
  int size() const { return (static_cast<int>(text_.size()) - Start()) / kAddressBytes; }
  const std::string& text() const { return text_; }

 private:
  int Start() const { return static_cast<int>(text_.find('\n')) + 1; }

  std::string text_;
};

std::string KeyOf(int rank) { return absl::StrCat("addresses/", rank); }

std::vector<Card> AwaitCards(const GlooOptions& options) {
  const auto deadline = steady_clock::now() + options.timeout;
  std::vector<Card> cards;
  std::vector<int> missing;
  for (int rank = 0; rank < options.size; ++rank) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    auto value = options.store->Get(KeyOf(rank), std::max(left, milliseconds(1)));
    if (!value) missing.push_back(rank);
    cards.emplace_back(value.value_or("\n"));
  }
  if (missing.empty()) return cards;
  throw core::Error(absl::StrCat("rank ", options.rank, ": of ", options.size, " ranks, ",
                                 missing.size() == 1 ? "rank " : "ranks ",
                                 absl::StrJoin(missing, ", "), " did not come within ",
                                 std::chrono::duration<double>(options.timeout).count(),
                                 " s: start all ranks with the same world size and rendezvous"));
}

void Check(const Card& card, int peer, const GlooOptions& options) {
  if (card.size() != options.size) {
    throw core::Error(absl::StrCat("rank ", options.rank, ": rank ", peer,
                                   " was started as one of ", card.size(), " ranks, this one of ",
                                   options.size, ": give all the same world size"));
  }
  const bool loopback = options.interface.empty() && options.hostname.empty();
  if (loopback && card.host() != ThisHost()) {
    throw core::Error(
        absl::StrCat("rank ", options.rank, ": listens on loopback on host ", ThisHost(),
                     ", where rank ", peer, " on host ", card.host(),
                     " cannot reach it: give every rank the network interface to use"));
  }
}

}  // namespace

std::shared_ptr<::gloo::transport::Context> ConnectMesh(const GlooOptions& options) {
  // A write to a rank that is gone is an error, not the end of this process.
  std::signal(SIGPIPE, SIG_IGN);
  const auto device = Listen(options);
  CheckLinkOrder(*device);
  auto context = device->createContext(options.rank, options.size);
  if (options.size == 1) return context;
  context->setTimeout(std::max(options.timeout / kConnectTimeoutFactor, milliseconds(1)));
  Card own(ThisHost(), options.size);
  for (int peer = 0; peer < options.size; ++peer) {
    if (peer != options.rank) own.SetAddress(peer, context->createPair(peer)->address().bytes());
  }
  options.store->Set(KeyOf(options.rank), own.text());
  const std::vector<Card> cards = AwaitCards(options);
  for (int peer = 0; peer < options.size; ++peer) Check(cards[peer], peer, options);
  for (int peer = 0; peer < options.size; ++peer) {
    if (peer == options.rank) continue;
    const auto& pair = context->getPair(peer);
    try {
      pair->connect(cards[peer].Address(options.rank, pair->address().bytes().size()));
    } catch (const std::exception& error) {
      throw core::Error(absl::StrCat("rank ", options.rank, ": cannot connect with rank ", peer,
                                     " on host ", cards[peer].host(), " (", CauseOf(error),
                                     "); this rank listens on ", ListeningPlace(options),
                                     ": give an interface by which the hosts reach each other"));
    }
  }
  return context;
}

}  // namespace backends
