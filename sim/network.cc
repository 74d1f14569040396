#include "sim/network.h"

#include <algorithm>
#include <bit>
#include <cstring>
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
      sharing_(cluster.incast, Topology::PathLinksMax(cluster)),
      topology_(cluster, ranks, sharing_),
      buckets_(topology_, sharing_) {
  if (cluster.send_overhead > 0) sending_until_.resize(static_cast<size_t>(ranks));
  if (cluster.receive_overhead > 0) receiving_until_.resize(static_cast<size_t>(ranks));
  engine.Attach(*this);
}

// Where a connection is in the table, or would be. Hashes of neighbours are neighbours, so that a
// rank that goes through its peers goes through memory.
Network::Slot& Network::FindSlot(uint32_t from, uint32_t to, Channel channel) {
  uint64_t hash = uint64_t{from >> 2} << 32 | to >> 2;
  hash = (hash ^ static_cast<uint64_t>(channel) << 62) * 0x9E3779B97F4A7C15;
  hash = (hash ^ hash >> 29) * 0xBF58476D1CE4E5B9;
  const uint32_t near = (from & 3) << 2 | (to & 3);
  const auto tag = static_cast<uint32_t>(hash >> 32) << 4 | near;
  const size_t mask = table_.size() - 1;
  for (size_t at = (hash << 4 | near) & mask;; at = (at + 1) & mask) {
    Slot& slot = table_[at];
    if (slot.connection == kNone) {
      slot.tag = tag;
      return slot;
    }
    if (slot.tag != tag) continue;
    if (IsConnection(slot.connection, from, to, channel)) return slot;
  }
}

void Network::GrowTable() {
  std::vector<Slot>().swap(table_);
  table_.resize(std::bit_ceil(std::max<size_t>(32, connections_.size() + 1)) * 2);
  for (Id id = 0; id < connections_.size(); ++id) {
    const Connection& connection = connections_[id];
    FindSlot(connection.from, connection.to, static_cast<Channel>(connection.channel)).connection =
        id;
  }
}

bool Network::IsConnection(Id id, uint32_t from, uint32_t to, Channel channel) const {
  const Connection& connection = connections_[id];
  return connection.from == from && connection.to == to &&
         connection.channel == static_cast<uint32_t>(channel);
}

// A rank mostly goes through its peers in the same order again.
Network::Id Network::FindConnection(const Half& half, Hint& hint) {
  const bool sends = half.side == Side::kSend;
  const auto from = static_cast<uint32_t>(sends ? half.rank : half.peer);
  const auto to = static_cast<uint32_t>(sends ? half.peer : half.rank);
  const auto side = static_cast<size_t>(half.side);
  const Id last = hint.connection;
  const Id next = last == kNone ? kNone : connections_[last].next[side];
  if (next != kNone && IsConnection(next, from, to, half.channel)) {
    hint.connection = next;
    LookAhead(half.side, hint);
    return next;
  }
  const Id id = LookUpConnection(from, to, half.channel);
  if (last != kNone) connections_[last].next[side] = id;
  hint = {id, id};
  return id;
}

// Keeps `ahead` some posts ahead, and fetches that connection and the message that waits on the one
// before it.
void Network::LookAhead(Side side, Hint& hint) const {
  constexpr int kPosts = 4;
  for (int post = hint.ahead == hint.connection ? -kPosts : 0; post <= 0; ++post) {
    const Connection& connection = connections_[hint.ahead];
    if (connection.unmatched != kNone) __builtin_prefetch(&messages_[connection.unmatched]);
    const Id next = connection.next[static_cast<size_t>(side)];
    if (next == kNone) {
      hint.ahead = hint.connection;
      return;
    }
    hint.ahead = next;
  }
  __builtin_prefetch(&connections_[hint.ahead]);
}

Network::Id Network::LookUpConnection(uint32_t from, uint32_t to, Channel channel) {
  if (connections_.size() * 5 >= table_.size() * 3) GrowTable();
  Slot& slot = FindSlot(from, to, channel);
  if (slot.connection == kNone) {
    const Path path = topology_.PathBetween(static_cast<int>(from), static_cast<int>(to));
    sharing_.AddRoute(path.view());
    slot.connection = static_cast<Id>(connections_.size());
    Connection& connection = connections_.emplace_back();
    connection.from = from;
    connection.to = to;
    connection.channel = static_cast<uint32_t>(channel);
  }
  return slot.connection;
}

double Network::LatencyOf(const Connection& connection) const {
  const Path path =
      topology_.PathBetween(static_cast<int>(connection.from), static_cast<int>(connection.to));
  return path.latency;
}

double Network::Occupy(std::vector<double>& until, uint32_t rank, double time, double overhead) {
  if (until.empty()) return time;
  until[rank] = std::max(time, until[rank]) + overhead;
  return until[rank];
}

void Network::Post(Half half, Hint& hint) {
  const Id id = FindConnection(half, hint);
  const Id last = connections_[id].unmatched;
  if (last == kNone || messages_[last].first == half.side) {
    Append(half, id);
  } else {
    Match(half, id);
  }
}

void Network::Take(Id id, Half& half) {
  Message& message = messages_[id];
  const bool sends = half.side == Side::kSend;
  (sends ? message.sender : message.receiver) = std::move(half.part);
  if (half.buffer.data == nullptr) return;
  message.has_data = true;
  Data& data = data_[id];
  if (sends) {
    data.source = half.buffer.data;
  } else {
    data.target = half.buffer.data;
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
  Take(message_id, half);
  Id& last = connections_[id].unmatched;
  message.next_unmatched =
      last == kNone ? message_id : std::exchange(messages_[last].next_unmatched, message_id);
  last = message_id;
  const bool eager =
      message.bytes > 0 && static_cast<double>(message.bytes) <= cluster_.eager_bytes;
  if (half.side == Side::kSend && eager) {
    message.started = true;
    Start(message_id, half.time);
  }
}

void Network::Match(Half& half, Id id) {
  Id& last = connections_[id].unmatched;
  const Id message_id = messages_[last].next_unmatched;
  Message& message = messages_[message_id];
  if (message.bytes != half.buffer.bytes()) throw SizesDiffer(half, message.bytes);
  if (message_id == last) {
    last = kNone;
  } else {
    messages_[last].next_unmatched = message.next_unmatched;
  }
  Take(message_id, half);
  if (!message.started) {
    Start(message_id, std::max(message.start, half.time));
  } else if (message.arrived) {
    CopyData(message_id);
    Receive(message_id, std::max(engine_.now(), half.time));
  }
}

void Network::Start(Id id, double time) {
  ++message_count_;
  const Connection& connection = connections_[messages_[id].connection];
  const double sent = Occupy(sending_until_, connection.from, time, cluster_.send_overhead);
  const double entrance = sent + LatencyOf(connection);
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

// A message in the distance is looked up step by step.
void Network::Expect(uint64_t argument, int stage) const {
  const Message& message = messages_[static_cast<Id>(argument)];
  if (stage == 3) {
    __builtin_prefetch(&message);
  } else if (stage == 2) {
    __builtin_prefetch(&connections_[message.connection]);
    sharing_.Prefetch(message.connection);
  } else if (stage == 1) {
    sharing_.PrefetchPath(message.connection);
  } else {
    sharing_.PrefetchLinks(message.connection);
  }
}

void Network::Enter(Id id) {
  Message& message = messages_[id];
  if (sharing_.IsIdle(message.connection)) {
    const Connection& connection = connections_[message.connection];
    if (connection.from == connection.to) {
      Arrive(id);
    } else {
      Flow(id);
    }
    return;
  }
  messages_[sharing_.cookie(message.connection)].followed = true;
  Id& last = connections_[message.connection].following;
  message.next_following = last == kNone ? id : std::exchange(messages_[last].next_following, id);
  last = id;
}

void Network::Advance(double now) {
  complete_.clear();
  sharing_.Advance(now, complete_);
  for (size_t i = 0; i < complete_.size(); ++i) {
    PrefetchUpcoming(i);
    const Id id = complete_[i];
    if (messages_[id].followed) Follow(messages_[id].connection);
    Arrive(id);
  }
}

// Messages in the distance are looked up step by step: messages, completions, waiters.
void Network::PrefetchUpcoming(size_t done) const {
  const auto upcoming = [&](size_t distance) {
    const size_t left = complete_.size() - done - 1;
    return distance <= left ? complete_[done + distance] : sharing_.Upcoming(distance - left);
  };
  if (const Id id = upcoming(12); id != kNone) __builtin_prefetch(&messages_[id]);
  if (const Id id = upcoming(8); id != kNone) {
    __builtin_prefetch(&connections_[messages_[id].connection]);
    messages_[id].sender.Prefetch();
    messages_[id].receiver.Prefetch();
  }
  if (const Id id = upcoming(4); id != kNone) {
    messages_[id].sender.PrefetchWaiter();
    messages_[id].receiver.PrefetchWaiter();
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

// Starts a message whose connection is free.
void Network::Flow(Id id) {
  const Message& message = messages_[id];
  double bytes = static_cast<double>(message.bytes);
  if (buckets_.any()) {
    const Connection& connection = connections_[message.connection];
    const Path path =
        topology_.PathBetween(static_cast<int>(connection.from), static_cast<int>(connection.to));
    const double passed = buckets_.Take(path.view(), bytes, engine_.now());
    for (uint32_t link : path.view()) sharing_.Charge(link, passed);
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
  const double end = Occupy(receiving_until_, connections_[messages_[id].connection].to, time,
                            cluster_.receive_overhead);
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
