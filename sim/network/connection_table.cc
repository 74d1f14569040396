#include <algorithm>
#include <bit>

#include "sim/network/network.h"

// How a network finds the connection of a message.
namespace sim {

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
  for (Id id = overhead_stage_count_; id < connections_.size(); ++id) {
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
Network::Id Network::FindConnection(const Posted& posted, Hint& hint) {
  const bool sends = posted.side == Side::kSend;
  const auto from = static_cast<uint32_t>(sends ? posted.rank : posted.peer);
  const auto to = static_cast<uint32_t>(sends ? posted.peer : posted.rank);
  const auto side = static_cast<size_t>(posted.side);
  const Id last = hint.connection;
  const Id next = last == kNone ? kNone : connections_[last].next[side];
  if (next != kNone && IsConnection(next, from, to, posted.channel)) {
    hint.connection = next;
    return next;
  }
  const Id id = LookUpConnection(from, to, posted.channel);
  if (last != kNone) connections_[last].next[side] = id;
  hint.connection = id;
  return id;
}

Network::Id Network::LookUpConnection(uint32_t from, uint32_t to, Channel channel) {
  if (connections_.size() * 5 >= table_.size() * 3) GrowTable();
  Slot& slot = FindSlot(from, to, channel);
  if (slot.connection == kNone) {
    slot.connection = static_cast<Id>(connections_.size());
    const Connection& connection = connections_.emplace_back(
        Connection{.from = from, .to = to, .channel = static_cast<uint32_t>(channel)});
    sharing_.AddRoute(PathOf(connection).view());
  }
  return slot.connection;
}

}  // namespace sim
