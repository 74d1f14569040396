#include "core/strategies/parameter_server.h"

namespace core {
namespace {

std::vector<Work> SendParameters(Worker& worker) {
  std::vector<Work> pulls;
  pulls.reserve(static_cast<size_t>(worker.communicator.size()) - 1);
  for (int peer = 1; peer < worker.communicator.size(); ++peer) {
    pulls.push_back(worker.communicator.Send(worker.replica.parameters(), peer, SpanKind::kPull));
  }
  return pulls;
}

Work Pull(Worker& worker) {
  return worker.communicator.Receive(worker.replica.parameters(), ParameterServer::kServerRank,
                                     SpanKind::kPull);
}

bool IsServer(const Worker& worker) {
  return worker.communicator.rank() == ParameterServer::kServerRank;
}

}  // namespace

Task ParameterServer::Start(Worker& worker) {
  if (!IsServer(worker)) co_return;
  pushed_.reserve(static_cast<size_t>(worker.communicator.size()) - 1);
  // The first worker's gradients arrive where the sum will be.
  pushed_.push_back(worker.replica.gradients());
  for (int peer = 2; peer < worker.communicator.size(); ++peer) {
    pushed_.push_back(worker.replica.Allocate(worker.replica.gradients().count));
  }
}

Task ParameterServer::Step(Worker& worker) {
  return IsServer(worker) ? Serve(worker) : PullComputePush(worker);
}

Task ParameterServer::Synchronize(Worker& worker) {
  if (!IsServer(worker)) {
    co_await Pull(worker);
    co_return;
  }
  std::vector<Work> pulls = SendParameters(worker);
  for (Work& pull : pulls) co_await pull;
}

Task ParameterServer::Serve(Worker& worker) {
  std::vector<Work> pulls = SendParameters(worker);
  std::vector<Work> pushes;  // All at once, so that no worker waits for another.
  pushes.reserve(pulls.size());
  for (int peer = 1; peer < worker.communicator.size(); ++peer) {
    pushes.push_back(worker.communicator.Receive(pushed_[peer - 1], peer, SpanKind::kPush));
  }
  const Buffer sum = worker.replica.gradients();
  for (size_t i = 0; i < pushes.size(); ++i) {
    co_await pushes[i];
    if (i == 0) continue;
    Work accumulated = worker.replica.Accumulate(pushed_[i], sum);
    co_await accumulated;
  }
  for (Work& pull : pulls) co_await pull;  // Before what they send changes.
  Work update = worker.replica.Update(sum, 1.0f / static_cast<float>(pushes.size()));
  co_await update;
}

Task ParameterServer::PullComputePush(Worker& worker) {
  co_await Pull(worker);
  Gradients& gradients = worker.replica.Backward();
  while (co_await gradients.Next()) {
  }
  Work push = worker.communicator.Send(worker.replica.gradients(), kServerRank, SpanKind::kPush);
  co_await push;
}

}  // namespace core
