#ifndef BACKENDS_NCCL_OPTIONS_H_
#define BACKENDS_NCCL_OPTIONS_H_

#include <chrono>

#include "backends/cuda/compute_order.h"
#include "backends/cuda/device.h"
#include "backends/cuda/device_spans.h"
#include "backends/rendezvous/store.h"

namespace backends {

// All that is pointed to outlives the communicator.
struct NcclOptions {
  int rank = 0;
  int size = 1;
  // Where the ranks find each other, and tell why they end.
  Store* store = nullptr;
  // How long to wait for the other ranks, at the start and in every operation.
  std::chrono::milliseconds timeout = std::chrono::seconds(300);
  Device* device = nullptr;
  // The order with the replica's stream; null where nothing is computed on the device.
  ComputeOrder* order = nullptr;
  // Gets a span for every operation; may be null.
  DeviceSpans* spans = nullptr;
};

}  // namespace backends

#endif  // BACKENDS_NCCL_OPTIONS_H_
