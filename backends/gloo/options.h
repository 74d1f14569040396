#ifndef BACKENDS_GLOO_OPTIONS_H_
#define BACKENDS_GLOO_OPTIONS_H_

#include <chrono>
#include <string>

#include "backends/rendezvous/store.h"
#include "core/timeline.h"

namespace backends {

struct GlooOptions {
  int rank = 0;
  int size = 1;
  // Where the ranks find each other; used by ConnectGloo only.
  Store* store = nullptr;
  // How long to wait for the other ranks, at the start and in every operation.
  std::chrono::milliseconds timeout = std::chrono::seconds(300);
  std::string interface;  // The network interface to listen on (eth0); loopback if empty.
  // Gets a span for every operation; may be null. Outlives the communicator.
  core::Timeline* timeline = nullptr;
};

}  // namespace backends

#endif  // BACKENDS_GLOO_OPTIONS_H_
