#ifndef SIM_NETWORK_NETWORK_H_
#define SIM_NETWORK_NETWORK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "core/buffer.h"
#include "core/span.h"
#include "sim/cluster/cluster.h"
#include "sim/engine/chunked_vector.h"
#include "sim/engine/completion.h"
#include "sim/engine/engine.h"
#include "sim/engine/pool.h"
#include "sim/network/fair_sharing.h"
#include "sim/network/token_buckets.h"
#include "sim/network/topology.h"

namespace sim {

// Messages between ranks.
//
// A message starts when its sender and its receiver are both there (eager ones: when it is sent).
// After the sender's overhead and the path's latency its bytes flow over the path's links, which
// all flows share; after the receiver's overhead it is received. A rank has the overhead of one
// message that it sends, and of one that it receives, at a time (as in LogP: Culler et al. 1993).
// Where hosts share cores, overheads take as long as the cores have time for them.
//
// Messages of one connection (sender, receiver and channel) are matched and flow one after the
// other in the order in which they were sent, as on a TCP connection. Several flows at once from
// one sender to one receiver would share the same links with each other, and make results chaotic.
class Network : public EventSource, public TimerHandler {
 public:
  // Messages of different channels are not matched with one another. Openings that start together
  // over one connection travel as one message and have the overheads of one.
  enum class Channel : uint8_t { kMessages, kCollectives, kGathering, kOpenings };
  enum class Side : uint8_t { kSend, kReceive };

  // One side of a message: what a rank sends, or wants to receive.
  struct Posted {
    Side side;
    int rank;
    int peer;
    Channel channel;
    core::SpanKind kind;
    core::Buffer buffer;
    double time;  // When the rank is there; may be later than now.
    Part part;    // Finished when the rank is done with it.
  };

  // A posted side without the other.
  struct Waiting {
    Side side;
    int rank;
    int peer;
    core::SpanKind kind;
    int64_t bytes;
  };

  // `engine` and `cluster` outlive the network.
  Network(Engine& engine, const Cluster& cluster, int ranks);

  // Of a rank's sends, or of its receives: the last one's connection.
  struct Hint {
    uint32_t connection = ~uint32_t{0};
  };

  // Times of one rank do not decrease. Throws core::Error if the other side has another size.
  void Post(Posted posted, Hint& hint);
  // The rank's buffers are not touched any more; its messages do not arrive.
  void Leave(int rank);

  std::vector<Waiting> Unmatched() const;
  uint64_t message_count() const { return message_count_; }
  Engine& engine() { return engine_; }
  const Cluster& cluster() const { return cluster_; }
  const Topology& topology() const { return topology_; }
  FairSharing& sharing() { return sharing_; }

  double Next() const override { return sharing_.Next(); }
  void Advance(double now) override;
  void Settle(double now) override { sharing_.Settle(now); }
  void OnTimer(uint64_t argument) override;

 private:
  using Id = FairSharing::Id;
  enum class Phase : uint8_t { kSending, kFlowing, kReceiving };
  static constexpr Id kNone = FairSharing::kNone;

  // Queues are circular lists of messages: the last one leads to the first. The message that flows
  // is in none: it is the cookie of the connection's route, whose id is the connection's.
  struct Connection {
    uint32_t from = 0;
    uint32_t to : 30 = 0;
    uint32_t channel : 2 = 0;
    Id unmatched = kNone;  // The last of those that lack one side, all the same one.
    Id following = kNone;  // The last of those that wait for the one that flows.
    // Those on which its sender sent, and its receiver received, after it.
    std::array<Id, 2> next{kNone, kNone};
  };
  struct Message {
    Part sender;
    Part receiver;
    int64_t bytes = 0;
    double start = 0;  // When the side that is there came.
    Id connection = kNone;
    Id next_unmatched = kNone;
    Id next_following = kNone;
    core::SpanKind kind : 16 {};
    Side first : 1 {};         // The one that came first.
    bool started : 1 = false;  // Before it was matched: eager.
    bool arrived : 1 = false;
    bool has_data : 1 = false;   // In data_.
    bool followed : 1 = false;   // It flows, and others wait for it.
    bool coalesced : 1 = false;  // Travels with the one before it, which has the overheads.
    Phase phase : 2 = Phase::kFlowing;
  };
  struct Data {
    const void* source = nullptr;
    void* target = nullptr;
    std::vector<std::byte> held;  // Of an eager message that has arrived and waits.
  };
  struct Slot {
    Id connection = kNone;
    uint32_t tag = 0;  // More of the hash: a look at the connection that is saved in most cases.
  };

  Id FindConnection(const Posted& posted, Hint& hint);
  Id LookUpConnection(uint32_t from, uint32_t to, Channel channel);
  bool IsConnection(Id id, uint32_t from, uint32_t to, Channel channel) const;
  Slot& FindSlot(uint32_t from, uint32_t to, Channel channel);
  void GrowTable();
  void Take(Id message, Posted& posted);
  void Append(Posted& posted, Id connection);
  void Match(Posted& posted, Id connection);
  void Start(Id message, double time);
  void EnterAt(Id message, double time);
  bool StartsWithLast(Id connection, double time);
  double SendOverhead(const Message& message) const {
    return message.coalesced ? 0 : cluster_.send_overhead;
  }
  double ReceiveOverhead(const Message& message) const {
    return message.coalesced ? 0 : cluster_.receive_overhead;
  }
  Id StageOf(const Message& message) const;
  void Enter(Id message);
  void LeaveStage(Id message);
  void Follow(Id connection);
  void Flow(Id message);
  void Arrive(Id message);
  Path PathOf(const Connection& connection) const;
  // The end of a message's overhead that begins at `time`, or when the rank has done with others.
  static double Occupy(std::vector<double>& until, uint32_t rank, double time, double overhead);
  void CopyData(Id message);
  void Receive(Id message, double time);
  void FinishReceive(Id message);

  Engine& engine_;
  const Cluster& cluster_;
  FairSharing sharing_;  // Its routes are the connections.
  Topology topology_;
  TokenBuckets buckets_;
  // Where hosts share cores, the first are no connections but the stages of each rank's overheads
  // to send, and to receive, through which a message goes before and after it flows.
  ChunkedVector<Connection> connections_;
  const Id overhead_stage_count_;
  std::vector<Slot> table_;  // Connections by hash, open addressing.
  Pool<Message> messages_;
  std::unordered_map<Id, Data> data_;              // Of messages that carry any.
  std::unordered_map<Id, double> opening_starts_;  // By connection: of the last opening.
  // By rank: when it has done with the messages so far; empty where that takes no time.
  std::vector<double> sending_until_;
  std::vector<double> receiving_until_;
  std::vector<bool> gone_;     // By rank; empty if none is.
  std::vector<Waiting> lost_;  // Receives of messages from ranks that are gone.
  std::vector<Id> complete_;
  uint64_t message_count_ = 0;
};

}  // namespace sim

#endif  // SIM_NETWORK_NETWORK_H_
