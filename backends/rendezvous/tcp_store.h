#ifndef BACKENDS_RENDEZVOUS_TCP_STORE_H_
#define BACKENDS_RENDEZVOUS_TCP_STORE_H_

#include <chrono>
#include <memory>
#include <string>

#include "backends/rendezvous/store.h"

namespace backends {

struct TcpStoreOptions {
  // MASTER_ADDR: who serves listens there and nowhere else, if it is one of its addresses. A name
  // that only leads back to its own host (127.0.1.1), or to an address that is not on this host (of
  // a gateway), does not say where others come from: then it listens on all.
  std::string host = "127.0.0.1";
  int port = 29500;  // MASTER_PORT
  // Whether this process serves the others: rank 0, unless a launcher does (torchrun says so by
  // TORCHELASTIC_USE_AGENT_STORE=True). It has to outlive them all.
  bool serve = false;
  // Puts the keys of this run apart from those of others at the same server: a restart's count,
  // say.
  std::string prefix = "lockstep";
  std::chrono::milliseconds timeout = std::chrono::seconds(300);  // For the server to answer.
};

// Ranks of many machines meet at host:port, with PyTorch's c10d::TCPStore. Throws core::Error if
// the port is in use or the server cannot be reached.
std::unique_ptr<Store> ConnectTcpStore(const TcpStoreOptions& options);

}  // namespace backends

#endif  // BACKENDS_RENDEZVOUS_TCP_STORE_H_
