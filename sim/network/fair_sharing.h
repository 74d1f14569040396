#ifndef SIM_NETWORK_FAIR_SHARING_H_
#define SIM_NETWORK_FAIR_SHARING_H_

#include <bit>
#include <cstdint>
#include <limits>
#include <span>
#include <unordered_map>
#include <vector>

#include "sim/cluster/incast.h"
#include "sim/engine/chunked_vector.h"
#include "sim/engine/indexed_heap.h"
#include "sim/engine/pool.h"
#include "sim/network/service_queue.h"

namespace sim {

// Max-min fair sharing of links between flows, exact at every instant.
//
// A route is a list of 1 to 4 links that carries one flow at a time. An allocation of rates is
// max-min fair if and only if each flow is bound by one link of its route, which is saturated and
// on which no flow is faster. That is a fixed point of conditions that each concern one link, so
// after a change only the links whose condition broke are visited:
//
// - A *bottleneck* binds routes, all at one rate, its level. It keeps the service that each of them
//   has had as one number (virtual time), a queue of its routes by the service at which they are
//   complete, and the sum of the rates of flows bound elsewhere (foreign).
//   Level = (capacity − foreign) / bound.
// - A *slack* link binds nothing and its flows are all slower than capacity / room, with room ≥
//   count: it cannot be saturated and costs nothing when rates change. Each route bound by a
//   bottleneck has a limit there: the level at which it could saturate a slack link of the route.
// - A *pair* holds the routes that one bottleneck binds and that cross another one.
// - A flow that has all its links to itself is *alone*: it is complete at a time known at its
//   start, and takes no part in all this until another flow starts on one of its links.
//
// Time is in seconds, data in bytes. All events of an instant (see Horizon) are taken before
// rates are settled.
class FairSharing {
 public:
  using Id = uint32_t;
  static constexpr Id kNone = ~Id{0};

  // `route_links_max`: of all routes, at most 4.
  explicit FairSharing(Incast incast = {}, uint32_t route_links_max = 4)
      : incast_(incast), route_bits_(static_cast<uint32_t>(std::bit_width(route_links_max - 1))) {}

  // `bytes_per_second` > 0.
  Id AddLink(double bytes_per_second, bool suffers_incast = false);
  // At least one link, each once.
  Id AddRoute(std::span<const Id> links);

  // Starts a flow over a route that has none, at the instant of the last Advance (0 before the
  // first). To be followed by Settle at that instant. `cookie` is the caller's.
  void Start(Id route, double bytes, Id cookie);
  bool IsIdle(Id route) const { return routes_[route].state == State::kIdle; }
  Id cookie(Id route) const { return routes_[route].cookie; }

  // When the next flow is complete if none starts.
  double Next() const;
  // Appends to `complete` the cookies of the flows that are complete at `now`, which is at most
  // Next().
  void Advance(double now, std::vector<Id>& complete);
  // Brings all rates to the fair ones after what happened at `now`.
  void Settle(double now);

  // Bytes per second; 0 for a route without a flow. After Settle.
  double Rate(Id route) const;
  double capacity(Id link) const { return links_[link].capacity; }
  // Bytes of the flows that were started over the link, and of what it was charged.
  double bytes(Id link) const { return links_[link].bytes; }
  // Begins to count anew.
  void ResetBytes();
  // Counts bytes that a link carried by another account than flows.
  void Charge(Id link, double bytes) { links_[link].bytes += bytes; }
  size_t link_count() const { return links_.size(); }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  // Levels this close (relative) are equal: no route changes sides.
  static constexpr double kTie = 1e-13;
  // A change of a level that other links need not know of. More than kTie: links that tie would
  // pass the rounding error of one another around.
  static constexpr double kSame = 1e-12;

  enum class State : uint8_t { kIdle, kArriving, kAlone, kBound };

  struct Link {
    double capacity;
    Id count = 0;           // Flows, arriving ones included.
    Id head = kNone;        // Crossings: of all routes if slack, of the bound ones if a bottleneck.
    Id bottleneck = kNone;  // Its id, if it is one.
    Id alone = kNone;       // The route that has this link to itself.
    uint8_t room_bits = 0;  // Room is 2 to this power, at least count once settled.
    bool suffers_incast = false;
    double bytes = 0;

    Id room() const { return Id{1} << room_bits; }
  };
  // A route's passage over one of its links.
  struct Crossing {
    Id link = kNone;
    Id next = kNone;  // In one list: the link's, or a pair's.
    Id previous = kNone;
    Id pair = kNone;  // If the link is a bottleneck and does not bind the route.
  };
  struct Route {
    // Arriving: bytes left. Alone: the time of completion. Bound: in service of the binding link.
    double finish = 0;
    Id cookie = 0;
    uint32_t stamp = 0;  // Changes whenever entries in queues lose their meaning.
    uint8_t length = 0;
    uint8_t binding = 0;  // Which of the crossings binds it.
    State state = State::kIdle;
  };
  struct Pair {
    Id from;      // Bottleneck that binds the routes.
    Id to;        // Bottleneck that they cross.
    double rate;  // As counted in `foreign` of `to`.
    Id count;
    Id head;  // Crossings of `to`.
    Id slot;  // In `out` of `from`.
  };
  struct Bottleneck {
    Id link = kNone;
    Id bound = 0;
    Id foreign_count = 0;
    double foreign = 0;        // Bytes per second.
    double level = kInfinity;  // Bytes per second of each bound route.
    double service = 0;        // Bytes: integral of level until `since`.
    double since = 0;
    uint32_t drift = 0;   // Changes of `foreign` since it was summed up.
    ServiceQueue finish;  // Bound routes by service at completion.
    ServiceQueue limit;   // Bound routes by the level at which they may saturate a slack link.
    std::vector<Id> out;  // Pairs from here.
    IndexedHeap in;       // Pairs to here, fastest first: keys are negative rates.
  };

  Id FirstCrossing(Id route) const { return route << route_bits_; }
  Id RouteOf(Id crossing) const { return crossing >> route_bits_; }
  std::span<const Crossing> Path(Id route) const {
    return {&crossings_[FirstCrossing(route)], routes_[route].length};
  }
  double Capacity(const Link& link) const {
    return link.suffers_incast ? link.capacity * incast_.Goodput(link.count) : link.capacity;
  }
  // A rate at which `room` flows do not saturate it.
  double Share(const Link& link) const {
    const double goodput = link.suffers_incast ? incast_.Goodput(link.room()) : 1;
    return link.capacity * goodput / link.room();
  }

  // Flows: fair_sharing.cc.
  double LeastCapacity(Id route) const;
  void EndAlone(Id route);
  bool IsAlone(Id route) const;
  void StartAlone(Id route);
  int GuessBinding(Id route) const;
  void Join(Id route);
  void Leave(Id route);
  void LeaveLinks(Id route);
  void TrimAlone();
  void AdvanceAlone(double horizon, std::vector<Id>& complete);
  void ScheduleTouched();
  void ScheduleNext(Id bottleneck);

  // Links: fair_sharing_bottlenecks.cc.
  Id Binding(Id route) const {
    return links_[crossings_[FirstCrossing(route) + routes_[route].binding].link].bottleneck;
  }
  double Level(const Bottleneck& bottleneck) const;
  double DueTime(const Bottleneck& bottleneck) const;
  void BringUpToNow(Bottleneck& bottleneck);
  void TrimFinish(Bottleneck& bottleneck);
  void Touch(Id bottleneck);
  void MarkDirty(Id bottleneck);
  void Insert(Id& head, Id crossing);
  void Erase(Id& head, Id crossing);
  void AddToPair(Id from, Id to, Id crossing);
  void RemoveFromPair(Id crossing);
  void DeletePair(Id pair);
  void AddForeign(Id bottleneck, double rate);
  void AddLimit(Id bottleneck, Id route, double limit);
  Id MakeBottleneck(Id link);
  void MakeSlack(Id bottleneck);
  void Split(Id link);
  void Bind(Id route, int binding);
  void Unbind(Id route);
  void Move(Id crossing, Id to);
  void TakeFasterRoutes(Id bottleneck);
  void CheckLimits(Id bottleneck, double level);
  void TellOthers(Id bottleneck, double level);
  void Visit(Id bottleneck);
  void SettleDirty();

  const Incast incast_;
  const uint32_t route_bits_;  // A route has places for 2 to this power crossings.
  double now_ = 0;
  ChunkedVector<Link> links_;
  ChunkedVector<Route> routes_;
  ChunkedVector<Crossing> crossings_;  // Those of route 0, of route 1, ….
  Pool<Pair> pairs_;
  Pool<Bottleneck> bottlenecks_;
  std::unordered_map<uint64_t, Id> pair_of_;  // By (from, to). Looked up, never iterated over.
  ServiceQueue alone_;                        // Routes by time of completion.
  IndexedHeap events_;                        // Bottlenecks by the next completion.
  IndexedHeap dirty_;                         // Bottlenecks to be visited, by level.
  std::vector<Id> event_place_;
  std::vector<Id> dirty_place_;
  std::vector<Id> pair_place_;
  std::vector<double> dirty_level_;  // A key of dirty_ at most the level.
  std::vector<bool> is_touched_;     // By bottleneck: it is in touched_.
  std::vector<Id> arrivals_;
  std::vector<Id> crowded_;  // Links with more flows than room.
  std::vector<Id> touched_;  // Bottlenecks whose next completion may have changed.
};

}  // namespace sim

#endif  // SIM_NETWORK_FAIR_SHARING_H_
