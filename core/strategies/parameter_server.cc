#include "core/strategies/parameter_server.h"

namespace core {

bool ParameterServer::Serves(const Worker& worker) const {
  return worker.communicator.rank() < ServerCount(worker.communicator.size());
}

Buffer ParameterServer::ShardOf(Buffer all, int server, int size) const {
  const int64_t servers = ServerCount(size);
  const int64_t begin = all.count * server / servers;
  return all.Slice(begin, all.count * (server + 1) / servers - begin);
}

Task ParameterServer::Start(Worker& worker) {
  const int rank = worker.communicator.rank();
  const int size = worker.communicator.size();
  if (ServerCount(size) > 1) {
    Work broadcast = worker.communicator.Broadcast(worker.replica.parameters(), 0);
    co_await broadcast;
  }
  if (!Serves(worker)) co_return;
  const Buffer sum = ShardOf(worker.replica.gradients(), rank, size);
  // The sum starts as this rank's own gradients, or as the first worker's, which arrive there.
  const bool trains = Trains(worker);
  const int peers = size - (trains ? 1 : options_.servers);
  targets_.reserve(peers);
  for (int i = 0; i < peers; ++i) {
    targets_.push_back(i > 0 || trains ? worker.replica.Allocate(sum.count).data : sum.data);
  }
}

int ParameterServer::Pusher(int index, int rank) const {
  if (!options_.colocated) return options_.servers + index;
  return index < rank ? index : index + 1;
}

Task ParameterServer::Step(Worker& worker) {
  return Serves(worker) ? Serve(worker) : Train(worker);
}

// Of ranks that only train, of which there may be a million in a simulation: one list and nothing
// else for both waits, as g++ gives every variable of a coroutine memory of its own.
Task ParameterServer::Train(Worker& worker) {
  Works works = ReceiveParameters(worker);
  for (; !works.empty(); works.pop_back()) co_await works.back();
  Gradients& gradients = worker.replica.Backward();
  while (co_await gradients.Next()) {
  }
  works = SendGradients(worker);
  for (; !works.empty(); works.pop_back()) co_await works.back();
}

Task ParameterServer::Serve(Worker& worker) {
  // Whatever can be on its way is started at once, so that no worker waits for another; a peer's
  // parameters come before its gradients. Receives go first: a backend may have to tell the peer of
  // them over the connection that is then busy with what this rank sends.
  Works pulls;
  if (Trains(worker)) pulls = ReceiveParameters(worker);
  std::vector<Work> received = ReceiveGradients(worker);
  std::vector<Work> pulls_sent = SendParameters(worker);

  Works pushes_sent;
  if (Trains(worker)) {
    for (Work& pull : pulls) co_await pull;
    Gradients& gradients = worker.replica.Backward();
    while (co_await gradients.Next()) {
    }
    pushes_sent = SendGradients(worker);
  }

  const Buffer sum =
      ShardOf(worker.replica.gradients(), worker.communicator.rank(), worker.communicator.size());
  for (size_t i = 0; i < received.size(); ++i) {
    co_await received[i];
    if (i == 0 && !Trains(worker)) continue;  // It arrived in `sum`.
    Work accumulated = worker.replica.Accumulate(Target(i, sum), sum);
    co_await accumulated;
  }
  // Before what they send changes.
  for (Work& pull : pulls_sent) co_await pull;
  for (Work& push : pushes_sent) co_await push;
  const int workers = static_cast<int>(targets_.size()) + (Trains(worker) ? 1 : 0);
  Work update = worker.replica.Update(sum, 1.0f / static_cast<float>(workers));
  co_await update;
}

Task ParameterServer::Synchronize(Worker& worker) {
  std::vector<Work> sent = SendParameters(worker);
  if (Trains(worker)) {
    Works pulls = ReceiveParameters(worker);
    for (Work& pull : pulls) co_await pull;
  }
  for (Work& work : sent) co_await work;
}

std::vector<Work> ParameterServer::SendParameters(Worker& worker) const {
  std::vector<Work> sent;
  sent.reserve(targets_.size());
  const int rank = worker.communicator.rank();
  const Buffer shard = ShardOf(worker.replica.parameters(), rank, worker.communicator.size());
  for (size_t i = 0; i < targets_.size(); ++i) {
    const int to = Pusher(static_cast<int>(i), rank);
    sent.push_back(worker.communicator.Send(shard, to, SpanKind::kPull));
  }
  return sent;
}

ParameterServer::Works ParameterServer::ReceiveParameters(Worker& worker) const {
  Works received;
  const int size = worker.communicator.size();
  received.reserve(ServerCount(size));
  for (int server = 0; server < ServerCount(size); ++server) {
    if (server == worker.communicator.rank()) continue;
    received.push_back(worker.communicator.Receive(
        ShardOf(worker.replica.parameters(), server, size), server, SpanKind::kPull));
  }
  return received;
}

ParameterServer::Works ParameterServer::SendGradients(Worker& worker) const {
  Works sent;
  const int size = worker.communicator.size();
  sent.reserve(ServerCount(size));
  for (int server = 0; server < ServerCount(size); ++server) {
    if (server == worker.communicator.rank()) continue;
    sent.push_back(worker.communicator.Send(ShardOf(worker.replica.gradients(), server, size),
                                            server, SpanKind::kPush));
  }
  return sent;
}

std::vector<Work> ParameterServer::ReceiveGradients(Worker& worker) const {
  std::vector<Work> received;
  received.reserve(targets_.size());
  const int rank = worker.communicator.rank();
  const Buffer sum = ShardOf(worker.replica.gradients(), rank, worker.communicator.size());
  for (size_t i = 0; i < targets_.size(); ++i) {
    const int from = Pusher(static_cast<int>(i), rank);
    received.push_back(worker.communicator.Receive(Target(i, sum), from, SpanKind::kPush));
  }
  return received;
}

}  // namespace core
