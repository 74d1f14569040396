#include "core/strategies/all_reduce.h"

#include <vector>

namespace core {

Task ManualAllReduce::Start(Worker& worker) {
  Work broadcast = worker.communicator.Broadcast(worker.replica.parameters(), 0);
  co_await broadcast;
}

Task ManualAllReduce::Step(Worker& worker) {
  Gradients& gradients = worker.replica.Backward();
  while (co_await gradients.Next()) {
  }
  const Buffer all = worker.replica.gradients();
  std::vector<Work> reductions;
  reductions.reserve(worker.replica.extents().size());
  for (const Extent& extent : worker.replica.extents()) {
    reductions.push_back(worker.communicator.AllReduce(all.Slice(extent.offset, extent.count)));
  }
  for (Work& reduction : reductions) co_await reduction;
  Work update = worker.replica.Update(all, 1.0f / static_cast<float>(worker.communicator.size()));
  co_await update;
}

Task ManualAllReduce::Synchronize(Worker&) { co_return; }

}  // namespace core
