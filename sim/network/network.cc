#include "sim/network/network.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/error.h"

namespace sim {
namespace {

// Added to a message's id: the timer is for the end of the receiver's overhead.
constexpr uint64_t kReceived = uint64_t{1} << 32;

core::Error SizesDiffer(const Network::Posted& posted, int64_t other_bytes) {
  const bool sends = posted.side == Network::Side::kSend;
  return core::Error("rank " + std::to_string(posted.rank) + ": " +
                     (sends ? "sends " : "receives ") + std::to_string(posted.buffer.bytes()) +
                     " bytes " + (sends ? "to" : "from") + " rank " + std::to_string(posted.peer) +
                     ", which " + (sends ? "receives " : "sends ") + std::to_string(other_bytes) +
                     ": both sides of a message need the same size");
}

}  // namespace

Network::Network(Engine& engine, const Cluster& cluster, int ranks)
    : engine_(engine),
      cluster_(cluster),
      sharing_(cluster.incast, Topology::PathLinksMax(cluster)),
      topology_(cluster, ranks, sharing_),
      buckets_(topology_, sharing_),
      overhead_stage_count_(cluster.shared_cores.any() ? 2 * static_cast<Id>(ranks) : 0) {
  for (Id stage = 0; stage < overhead_stage_count_; ++stage) {
    sharing_.AddRoute(topology_.OverheadPath(static_cast<int>(stage / 2), stage % 2).view());
    connections_.emplace_back();
  }
  engine.Attach(*this);
  if (overhead_stage_count_ > 0) return;
  if (cluster.send_overhead > 0) sending_until_.resize(static_cast<size_t>(ranks));
  if (cluster.receive_overhead > 0) receiving_until_.resize(static_cast<size_t>(ranks));
}

Path Network::PathOf(const Connection& connection) const {
  return topology_.PathBetween(static_cast<int>(connection.from), static_cast<int>(connection.to));
}

double Network::Occupy(std::vector<double>& until, uint32_t rank, double time, double overhead) {
  if (until.empty()) return time;
  until[rank] = std::max(time, until[rank]) + overhead;
  return until[rank];
}

void Network::Post(Posted posted, Hint& hint) {
  const Id id = FindConnection(posted, hint);
  const Id last = connections_[id].unmatched;
  if (last == kNone || messages_[last].first == posted.side) {
    Append(posted, id);
  } else {
    Match(posted, id);
  }
}

void Network::Take(Id id, Posted& posted) {
  Message& message = messages_[id];
  const bool sends = posted.side == Side::kSend;
  (sends ? message.sender : message.receiver) = std::move(posted.part);
  if (posted.buffer.data == nullptr) return;
  message.has_data = true;
  Data& data = data_[id];
  if (sends) {
    data.source = posted.buffer.data;
  } else {
    data.target = posted.buffer.data;
  }
}

void Network::Append(Posted& posted, Id id) {
  const Id message_id = messages_.New();
  Message& message = messages_[message_id];
  message = Message{.bytes = posted.buffer.bytes(),
                    .start = posted.time,
                    .connection = id,
                    .kind = posted.kind,
                    .first = posted.side};
  Take(message_id, posted);
  Id& last = connections_[id].unmatched;
  message.next_unmatched =
      last == kNone ? message_id : std::exchange(messages_[last].next_unmatched, message_id);
  last = message_id;
  const bool eager =
      message.bytes > 0 && static_cast<double>(message.bytes) <= cluster_.eager_bytes;
  if (posted.side == Side::kSend && eager) {
    message.started = true;
    Start(message_id, posted.time);
  }
}

void Network::Match(Posted& posted, Id id) {
  Id& last = connections_[id].unmatched;
  const Id message_id = messages_[last].next_unmatched;
  Message& message = messages_[message_id];
  if (message.bytes != posted.buffer.bytes()) throw SizesDiffer(posted, message.bytes);
  if (message_id == last) {
    last = kNone;
  } else {
    messages_[last].next_unmatched = message.next_unmatched;
  }
  Take(message_id, posted);
  if (!message.started) {
    Start(message_id, std::max(message.start, posted.time));
  } else if (message.arrived) {
    CopyData(message_id);
    Receive(message_id, std::max(engine_.now(), posted.time));
  }
}

bool Network::StartsWithLast(Id connection, double time) {
  if (connections_[connection].channel != static_cast<uint32_t>(Channel::kOpenings)) return false;
  const auto [last, first] = opening_starts_.try_emplace(connection, time);
  return !first && std::exchange(last->second, time) == time;
}

void Network::Start(Id id, double time) {
  ++message_count_;
  messages_[id].coalesced = StartsWithLast(messages_[id].connection, time);
  if (overhead_stage_count_ > 0) {
    messages_[id].phase = Phase::kSending;
    return EnterAt(id, time);
  }
  const Connection& connection = connections_[messages_[id].connection];
  const double sent = Occupy(sending_until_, connection.from, time, SendOverhead(messages_[id]));
  EnterAt(id, sent + PathOf(connection).latency);
}

void Network::EnterAt(Id id, double time) {
  if (time > engine_.now()) {
    engine_.At(time, *this, id);
  } else {
    Enter(id);
  }
}

void Network::OnTimer(uint64_t argument) {
  if (argument & kReceived) {
    FinishReceive(static_cast<Id>(argument));
  } else {
    Enter(static_cast<Id>(argument));
  }
}

// Where a message is in this phase: its connection, or the stage of a rank's overheads.
Network::Id Network::StageOf(const Message& message) const {
  if (message.phase == Phase::kFlowing) return message.connection;
  const Connection& connection = connections_[message.connection];
  return message.phase == Phase::kSending ? 2 * connection.from : 2 * connection.to + 1;
}

void Network::Enter(Id id) {
  Message& message = messages_[id];
  const Id stage = StageOf(message);
  if (sharing_.IsIdle(stage)) {
    const Connection& connection = connections_[stage];
    if (stage >= overhead_stage_count_ && connection.from == connection.to) {
      Arrive(id);
    } else {
      Flow(id);
    }
    return;
  }
  messages_[sharing_.cookie(stage)].followed = true;
  Id& last = connections_[stage].following;
  message.next_following = last == kNone ? id : std::exchange(messages_[last].next_following, id);
  last = id;
}

void Network::Advance(double now) {
  complete_.clear();
  sharing_.Advance(now, complete_);
  for (Id message : complete_) LeaveStage(message);
}

// A message has gone through a stage. It enters the next one by a timer, even if that is now: first
// all that are complete leave theirs to those that wait for them.
void Network::LeaveStage(Id id) {
  Message& message = messages_[id];
  if (message.followed) {
    message.followed = false;
    Follow(StageOf(message));
  }
  switch (message.phase) {
    case Phase::kSending:
      message.phase = Phase::kFlowing;
      engine_.At(engine_.now() + PathOf(connections_[message.connection]).latency, *this, id);
      break;
    case Phase::kFlowing:
      Arrive(id);
      break;
    case Phase::kReceiving:
      FinishReceive(id);
      break;
  }
}

// Starts the first of the messages that wait for the one that has flowed.
void Network::Follow(Id connection) {
  Id& last = connections_[connection].following;
  const Id id = messages_[last].next_following;
  if (id == last) {
    last = kNone;
  } else {
    messages_[last].next_following = messages_[id].next_following;
    messages_[id].followed = true;
  }
  Flow(id);
}

// Starts a message whose stage is free.
void Network::Flow(Id id) {
  const Message& message = messages_[id];
  if (message.phase != Phase::kFlowing) {
    const double overhead =
        message.phase == Phase::kSending ? SendOverhead(message) : ReceiveOverhead(message);
    sharing_.Start(StageOf(message), cluster_.shared_cores.BytesOf(overhead), id);
    return;
  }
  double bytes = static_cast<double>(message.bytes);
  if (buckets_.any()) {
    const Path path = PathOf(connections_[message.connection]);
    const double passed = buckets_.Take(path.view(), bytes, engine_.now());
    for (uint32_t link : path.view()) {
      if (!topology_.IsCore(link)) sharing_.Charge(link, passed);  // No core has worked on it.
    }
    bytes -= passed;
  }
  sharing_.Start(message.connection, bytes, id);
}

void Network::Arrive(Id id) {
  Message& message = messages_[id];
  const Connection& connection = connections_[message.connection];
  if (!gone_.empty() && (gone_[connection.from] || gone_[connection.to])) {
    // Nobody is told: the peer waits for ever, and is reported.
    lost_.push_back({Side::kReceive, static_cast<int>(connection.to),
                     static_cast<int>(connection.from), message.kind, message.bytes});
    return;
  }
  message.arrived = true;
  CopyData(id);
  message.sender.Finish(engine_);
  if (message.receiver) Receive(id, engine_.now());
}

void Network::CopyData(Id id) {
  const Message& message = messages_[id];
  if (!message.has_data || message.bytes == 0) return;
  const auto bytes = static_cast<size_t>(message.bytes);
  Data& data = data_[id];
  if (!message.receiver) {
    const auto* source = static_cast<const std::byte*>(data.source);
    data.held.assign(source, source + bytes);
    data.source = nullptr;  // The sender's buffer is free.
  } else {
    std::memcpy(data.target, data.source ? data.source : data.held.data(), bytes);
  }
}

void Network::Receive(Id id, double time) {
  if (overhead_stage_count_ > 0) {
    messages_[id].phase = Phase::kReceiving;
    return engine_.At(time, *this, id);
  }
  const double end = Occupy(receiving_until_, connections_[messages_[id].connection].to, time,
                            ReceiveOverhead(messages_[id]));
  if (end > engine_.now()) {
    engine_.At(end, *this, id | kReceived);
  } else {
    FinishReceive(id);
  }
}

void Network::FinishReceive(Id id) {
  messages_[id].receiver.Finish(engine_);
  if (messages_[id].has_data) data_.erase(id);
  messages_.Delete(id);
}

void Network::Leave(int rank) {
  gone_.resize(static_cast<size_t>(topology_.ranks()), false);
  gone_[static_cast<size_t>(rank)] = true;
}

std::vector<Network::Waiting> Network::Unmatched() const {
  std::vector<Waiting> waiting = lost_;
  for (Id index = 0; index < connections_.size(); ++index) {
    const Connection& connection = connections_[index];
    const int from = static_cast<int>(connection.from);
    const int to = static_cast<int>(connection.to);
    if (connection.unmatched == kNone) continue;
    Id id = connection.unmatched;
    do {
      id = messages_[id].next_unmatched;
      const Message& message = messages_[id];
      const bool sends = message.first == Side::kSend;
      waiting.push_back(
          {message.first, sends ? from : to, sends ? to : from, message.kind, message.bytes});
    } while (id != connection.unmatched);
  }
  return waiting;
}

}  // namespace sim
