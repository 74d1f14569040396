#include "backends/torch/engine/torch_replica.h"

#include <stdexcept>
#include <string>

#include "backends/torch/engine/kinds_of_replicas.h"

namespace backends {

void TorchReplica::CheckAddend(core::Buffer addend, core::Buffer sum) {
  if (addend.count == sum.count) return;
  throw std::logic_error("Accumulate() of " + std::to_string(addend.count) + " elements onto " +
                         std::to_string(sum.count));
}

int64_t TorchReplica::OffsetOf(core::Buffer gradients) {
  const core::Buffer all = this->gradients();
  const int64_t offset =
      static_cast<const float*>(gradients.data) - static_cast<const float*>(all.data);
  if (offset < 0 || offset + gradients.count > all.count) {
    throw std::logic_error("Update() with gradients that are no slice of gradients()");
  }
  return offset;
}

std::unique_ptr<TorchReplica> MakeTorchReplica(const TorchReplica::Options& options,
                                               BatchSource* training, BatchSource* validation,
                                               core::Timeline* timeline) {
  return options.accelerator == nullptr ? MakeCpuReplica(options, training, validation, timeline)
                                        : MakeCudaReplica(options, training, validation);
}

}  // namespace backends
