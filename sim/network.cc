#include "sim/network.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "core/error.h"

namespace sim {
namespace {

// Added to a message's id: the timer is for the end of the receiver's overhead.
constexpr uint64_t kReceived = uint64_t{1} << 32;

core::Error SizesDiffer(const Network::Half& half, int64_t other_bytes) {
  const bool sends = half.side == Network::Side::kSend;
  return core::Error("rank " + std::to_string(half.rank) + ": " + (sends ? "sends " : "receives ") +
                     std::to_string(half.buffer.bytes()) + " bytes " + (sends ? "to" : "from") +
                     " rank " + std::to_string(half.peer) + ", which " +
                     (sends ? "receives " : "sends ") + std::to_string(other_bytes) +
                     ": both sides of a message need the same size");
}

}  // namespace

Network::Network(Engine& engine, const Cluster& cluster, int ranks)
    : engine_(engine),
      cluster_(cluster),
      sharing_(cluster.incast),
      topology_(cluster, ranks, sharing_) {
  engine.Attach(*this);
}

size_t Network::Slot(uint32_t from, uint32_t to, Channel channel) const {
  uint64_t key = uint64_t{from} << 32 | to;
  key = (key ^ static_cast<uint64_t>(channel) << 63) * 0x9E3779B97F4A7C15;
  size_t slot = (key ^ (key >> 32)) & (table_.size() - 1);
  for (; table_[slot] != kNone; slot = (slot + 1) & (table_.size() - 1)) {
    const Connection& connection = connections_[table_[slot]];
    if (connection.from == from && connection.to == to && connection.channel == channel) break;
  }
  return slot;
}

void Network::GrowTable() {
  table_.assign(std::max<size_t>(64, table_.size() * 2), kNone);
  for (Id id = 0; id < connections_.size(); ++id) {
    const Connection& connection = connections_[id];
    table_[Slot(connection.from, connection.to, connection.channel)] = id;
  }
}

Network::Id Network::FindConnection(uint32_t from, uint32_t to, Channel channel) {
  if (connections_.size() * 3 >= table_.size() * 2) GrowTable();
  const size_t slot = Slot(from, to, channel);
  if (table_[slot] != kNone) return table_[slot];
  const Path path = topology_.PathBetween(static_cast<int>(from), static_cast<int>(to));
  sharing_.AddRoute(path.view());
  table_[slot] = static_cast<Id>(connections_.size());
  connections_.push_back({.from = from,
                          .to = to,
                          .channel = channel,
                          .latency = cluster_.send_overhead + path.latency});
  return table_[slot];
}

void Network::Post(Half half) {
  const bool sends = half.side == Side::kSend;
  const Id id = FindConnection(static_cast<uint32_t>(sends ? half.rank : half.peer),
                               static_cast<uint32_t>(sends ? half.peer : half.rank), half.channel);
  const Id head = connections_[id].unmatched_head;
  if (head == kNone || messages_[head].first == half.side) {
    Append(half, id);
  } else {
    Match(half, id);
  }
}

void Network::Take(Message& message, Half& half) {
  if (half.side == Side::kSend) {
    message.sender = std::move(half.completion);
    message.source = half.buffer.data;
  } else {
    message.receiver = std::move(half.completion);
    message.target = half.buffer.data;
  }
}

void Network::Append(Half& half, Id id) {
  const Id message_id = messages_.New();
  Message& message = messages_[message_id];
  message = Message{.bytes = half.buffer.bytes(),
                    .start = half.time,
                    .connection = id,
                    .kind = half.kind,
                    .first = half.side};
  Take(message, half);
  Connection& connection = connections_[id];
  (connection.unmatched_head == kNone ? connection.unmatched_head
                                      : messages_[connection.unmatched_tail].next_unmatched) =
      message_id;
  connection.unmatched_tail = message_id;
  if (half.side == Side::kSend && static_cast<double>(message.bytes) <= cluster_.eager_bytes) {
    message.started = true;
    Start(message_id, half.time);
  }
}

void Network::Match(Half& half, Id id) {
  Connection& connection = connections_[id];
  const Id message_id = connection.unmatched_head;
  Message& message = messages_[message_id];
  if (message.bytes != half.buffer.bytes()) throw SizesDiffer(half, message.bytes);
  connection.unmatched_head = message.next_unmatched;
  Take(message, half);
  if (!message.started) {
    Start(message_id, std::max(message.start, half.time));
  } else if (message.arrived) {
    CopyData(message_id);
    Receive(message_id, std::max(engine_.now(), half.time));
  }
}

void Network::Start(Id id, double time) {
  ++message_count_;
  const double entrance = time + connections_[messages_[id].connection].latency;
  if (entrance > engine_.now()) {
    engine_.At(entrance, *this, id);
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

void Network::Enter(Id id) {
  const Message& message = messages_[id];
  Connection& connection = connections_[message.connection];
  if (connection.from == connection.to) {
    Arrive(id);
    return;
  }
  if (connection.flight_head == kNone) {
    connection.flight_head = id;
    sharing_.Start(message.connection, static_cast<double>(message.bytes));
  } else {
    messages_[connection.flight_tail].next_in_flight = id;
  }
  connection.flight_tail = id;
}

void Network::Advance(double now) {
  complete_.clear();
  sharing_.Advance(now, complete_);
  for (Id id : complete_) {
    Connection& connection = connections_[id];
    const Id message = connection.flight_head;
    connection.flight_head = messages_[message].next_in_flight;
    if (connection.flight_head != kNone) {
      sharing_.Start(id, static_cast<double>(messages_[connection.flight_head].bytes));
    }
    Arrive(message);
  }
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
  std::exchange(message.sender, nullptr)->FinishPart(engine_);
  if (message.receiver) Receive(id, engine_.now());
}

void Network::CopyData(Id id) {
  const Message& message = messages_[id];
  const auto bytes = static_cast<size_t>(message.bytes);
  if (message.source == nullptr || bytes == 0) return;
  if (message.receiver == nullptr) {
    const auto* data = static_cast<const std::byte*>(message.source);
    held_[id].assign(data, data + bytes);
  } else if (const auto held = held_.find(id); held != held_.end()) {
    std::memcpy(message.target, held->second.data(), bytes);
    held_.erase(held);
  } else {
    std::memcpy(message.target, message.source, bytes);
  }
}

void Network::Receive(Id id, double time) {
  const double end = time + cluster_.receive_overhead;
  if (end > engine_.now()) {
    engine_.At(end, *this, id | kReceived);
  } else {
    FinishReceive(id);
  }
}

void Network::FinishReceive(Id id) {
  std::exchange(messages_[id].receiver, nullptr)->FinishPart(engine_);
  messages_.Delete(id);
}

void Network::Leave(int rank) {
  gone_.resize(static_cast<size_t>(topology_.ranks()), false);
  gone_[static_cast<size_t>(rank)] = true;
}

std::vector<Network::Waiting> Network::Unmatched() const {
  std::vector<Waiting> waiting = lost_;
  for (const Connection& connection : connections_) {
    const int from = static_cast<int>(connection.from);
    const int to = static_cast<int>(connection.to);
    for (Id id = connection.unmatched_head; id != kNone; id = messages_[id].next_unmatched) {
      const Message& message = messages_[id];
      const bool sends = message.first == Side::kSend;
      waiting.push_back(
          {message.first, sends ? from : to, sends ? to : from, message.kind, message.bytes});
    }
  }
  return waiting;
}

}  // namespace sim
