#include "backends/torch/testing/replica_driver.h"

#include <cstring>
#include <optional>
#include <stdexcept>

#include "core/task.h"

namespace backends {
namespace {

core::Task CollectBackward(TorchReplica& replica, std::vector<int>& order) {
  core::Gradients& gradients = replica.Backward();
  while (std::optional<core::Gradient> gradient = co_await gradients.Next()) {
    order.push_back(gradient->parameter);
  }
}

core::Task Await(core::Work& work) { co_await work; }

}  // namespace

std::vector<int> Backward(TorchReplica& replica) {
  std::vector<int> order;
  core::RunToEnd(CollectBackward(replica, order));
  return order;
}

void Wait(core::Work work) { core::RunToEnd(Await(work)); }

void Step(TorchReplica& replica) {
  Backward(replica);
  Wait(replica.Update(replica.gradients(), 1));
}

std::vector<double> Losses(TorchReplica& replica) {
  std::vector<double> losses;
  for (const core::StepMetrics& step : replica.TakeTraining()) losses.push_back(step.loss);
  return losses;
}

void Copy(core::Buffer source, core::Buffer target) {
  if (source.count != target.count) throw std::logic_error("sizes differ");
  std::memcpy(target.data, source.data, source.bytes());
}

}  // namespace backends
