#include "core/training/checkpoint.h"

#include <algorithm>

namespace core {
namespace {

int64_t OffsetIn(Buffer all, Buffer part) {
  return static_cast<float*>(part.data) - static_cast<float*>(all.data);
}

// By rank: the lowest that updates the same part, which it keeps for all of them.
std::vector<int> Keepers(const Strategy& strategy, Buffer all, int size) {
  std::vector<int> keepers;
  for (int rank = 0; rank < size; ++rank) {
    const Buffer part = strategy.Updated(all, rank, size);
    int keeper = 0;
    for (; keeper < rank; ++keeper) {
      const Buffer other = strategy.Updated(all, keeper, size);
      if (other.data == part.data && other.count == part.count) break;
    }
    keepers.push_back(keeper);
  }
  return keepers;
}

}  // namespace

Checkpoint TakeCheckpoint(const Worker& worker, const Strategy& strategy, TrainingReplica& replica,
                          Position position, const EpochProgress& progress) {
  const int rank = worker.communicator.rank();
  const int size = worker.communicator.size();
  Checkpoint checkpoint{.position = position, .progress = progress};
  const Buffer all = worker.replica.parameters();
  const Buffer part = strategy.Updated(all, rank, size);
  if (part.count > 0 && Keepers(strategy, all, size)[rank] == rank) {
    checkpoint.offset = OffsetIn(all, part);
    checkpoint.parameters = replica.Read(part);
    checkpoint.momentum = replica.Read(replica.momentum().Slice(checkpoint.offset, part.count));
  }
  if (strategy.roles(size).trains(rank)) {
    checkpoint.statistics = {replica.Read(replica.statistics()), replica.ReadBatchCounts()};
  }
  return checkpoint;
}

Task RestoreCheckpoint(Worker& worker, const Strategy& strategy, TrainingReplica& replica,
                       const Checkpoint& checkpoint) {
  const int size = worker.communicator.size();
  const int64_t count = static_cast<int64_t>(checkpoint.parameters.size());
  const Buffer all = worker.replica.parameters();
  const Buffer momentum = replica.momentum();
  if (count > 0) {
    replica.Write(checkpoint.parameters, all.Slice(checkpoint.offset, count));
    // Memory that is never touched is free.
    if (strategy.Updated(all, worker.communicator.rank(), size).count > 0) {
      replica.Write(checkpoint.momentum, momentum.Slice(checkpoint.offset, count));
    }
  }
  if (!checkpoint.statistics.values.empty()) {
    replica.Write(checkpoint.statistics.values, replica.statistics());
    replica.WriteBatchCounts(checkpoint.statistics.batches);
  }
  // All get the parameters, and the momentum of what several ranks update, from its keeper.
  const std::vector<int> keepers = Keepers(strategy, all, size);
  for (int keeper = 0; keeper < size; ++keeper) {
    const Buffer part = strategy.Updated(all, keeper, size);
    if (part.count == 0 || keepers[keeper] != keeper) continue;
    Work parameters = worker.communicator.Broadcast(part, keeper);
    co_await parameters;
    if (std::count(keepers.begin(), keepers.end(), keeper) == 1) continue;
    Work velocities =
        worker.communicator.Broadcast(momentum.Slice(OffsetIn(all, part), part.count), keeper);
    co_await velocities;
  }
}

}  // namespace core
