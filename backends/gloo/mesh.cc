#include "backends/gloo/mesh.h"

#include <dlfcn.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/error.h"
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
                                   ListeningPlace(options), " (", error.what(),
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

std::string KeyOf(int rank) { return absl::StrCat("addresses/", rank); }

// Every rank's addresses, one for each other rank to connect to.
std::vector<std::string> AwaitAddresses(const GlooOptions& options) {
  const auto deadline = steady_clock::now() + options.timeout;
  std::vector<std::string> addresses;
  std::vector<int> missing;
  for (int rank = 0; rank < options.size; ++rank) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    auto value = options.store->Get(KeyOf(rank), std::max(left, milliseconds(1)));
    if (!value) missing.push_back(rank);
    addresses.push_back(value.value_or(""));
  }
  if (missing.empty()) return addresses;
  throw core::Error(absl::StrCat("rank ", options.rank, ": of ", options.size, " ranks, ",
                                 missing.size() == 1 ? "rank " : "ranks ",
                                 absl::StrJoin(missing, ", "), " did not come within ",
                                 std::chrono::duration<double>(options.timeout).count(),
                                 " s: start all ranks with the same world size and rendezvous"));
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
  std::string own(options.size * ::gloo::transport::Address::kMaxByteSize, '\0');
  for (int peer = 0; peer < options.size; ++peer) {
    if (peer == options.rank) continue;
    const std::vector<char> address = context->createPair(peer)->address().bytes();
    std::copy(address.begin(), address.end(),
              own.begin() + peer * ::gloo::transport::Address::kMaxByteSize);
  }
  options.store->Set(KeyOf(options.rank), own);
  const std::vector<std::string> all = AwaitAddresses(options);
  for (int peer = 0; peer < options.size; ++peer) {
    if (peer == options.rank) continue;
    const size_t length = context->getPair(peer)->address().bytes().size();
    const auto start = all[peer].begin() + options.rank * ::gloo::transport::Address::kMaxByteSize;
    try {
      context->getPair(peer)->connect(std::vector<char>(start, start + length));
    } catch (const std::exception& error) {
      throw core::Error(absl::StrCat(
          "rank ", options.rank, ": cannot connect with rank ", peer, " (", error.what(),
          "); this rank listens on ", ListeningPlace(options),
          ": give ranks on several machines an interface that they reach each other by"));
    }
  }
  return context;
}

}  // namespace backends
