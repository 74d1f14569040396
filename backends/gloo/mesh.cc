#include "backends/gloo/mesh.h"

#include <dlfcn.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "backends/gloo/cause.h"
#include "backends/membership/membership.h"
#include "core/base/error.h"
#include "gloo/transport/tcp/device.h"

namespace backends {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kAddressBytes = ::gloo::transport::Address::kMaxByteSize;
// Gloo waits this many times a context's timeout for a connection.
constexpr int kConnectTimeoutFactor = 5;

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

void CheckAddress(const AddressRecord& record, int peer, const GlooOptions& options) {
  if (static_cast<int64_t>(record.address.size()) != options.size * kAddressBytes) {
    throw core::Error(absl::StrCat("rank ", options.rank, ": rank ", peer, " gives ",
                                   record.address.size(), " bytes of addresses, not ",
                                   options.size * kAddressBytes,
                                   ": start all ranks from the same build"));
  }
  if (!options.interface.empty() || record.host == ThisHost()) return;
  throw core::Error(absl::StrCat("rank ", options.rank, ": listens on loopback on host ",
                                 ThisHost(), ", where rank ", peer, " on host ", record.host,
                                 " cannot reach it: give every rank the network interface to use"));
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
  // An address for each other rank to connect to.
  std::string addresses(options.size * kAddressBytes, '\0');
  for (int peer = 0; peer < options.size; ++peer) {
    if (peer == options.rank) continue;
    const std::vector<char> address = context->createPair(peer)->address().bytes();
    std::copy(address.begin(), address.end(), addresses.begin() + peer * kAddressBytes);
  }
  const Membership members({options.rank, options.size, options.store, options.timeout, "gloo"},
                           addresses);
  for (int peer = 0; peer < options.size; ++peer) CheckAddress(members[peer], peer, options);
  for (int peer = 0; peer < options.size; ++peer) {
    if (peer == options.rank) continue;
    const auto& pair = context->getPair(peer);
    const auto address = members[peer].address.begin() + options.rank * kAddressBytes;
    try {
      pair->connect({address, address + pair->address().bytes().size()});
    } catch (const std::exception& error) {
      throw core::Error(absl::StrCat("rank ", options.rank, ": cannot connect with rank ", peer,
                                     " on host ", members[peer].host, " (", CauseOf(error),
                                     "); this rank listens on ", ListeningPlace(options),
                                     ": give an interface by which the hosts reach each other"));
    }
  }
  return context;
}

}  // namespace backends
