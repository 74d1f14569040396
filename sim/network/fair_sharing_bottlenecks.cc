// The links of FairSharing: which are bottlenecks, of what, and at which level.
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/network/fair_sharing.h"

namespace sim {
namespace {

constexpr uint64_t PairKey(uint32_t from, uint32_t to) { return uint64_t{from} << 32 | to; }

}  // namespace

double FairSharing::Level(const Bottleneck& bottleneck) const {
  const double capacity = Capacity(links_[bottleneck.link]);
  if (bottleneck.bound) return (capacity - bottleneck.foreign) / bottleneck.bound;
  return bottleneck.foreign > capacity * (1 + kTie) ? 0 : kInfinity;
}

double FairSharing::DueTime(const Bottleneck& bottleneck) const {
  const double left = bottleneck.finish.top().key - bottleneck.service;
  return std::max(now_, bottleneck.since + left / bottleneck.level);
}

void FairSharing::BringUpToNow(Bottleneck& bottleneck) {
  constexpr double kRebase = 1e10;  // Bytes: beyond it, service would lose digits.
  if (bottleneck.level < kInfinity) {
    bottleneck.service += bottleneck.level * (now_ - bottleneck.since);
  }
  bottleneck.since = now_;
  if (bottleneck.service <= kRebase) return;
  bottleneck.finish.ForEach([&](Due& due) {
    due.key -= bottleneck.service;
    if (routes_[due.id].stamp == due.stamp) routes_[due.id].finish = due.key;
  });
  bottleneck.service = 0;
}

void FairSharing::TrimFinish(Bottleneck& bottleneck) {
  ServiceQueue& finish = bottleneck.finish;
  while (!finish.empty() && routes_[finish.top().id].stamp != finish.top().stamp) finish.Pop();
}

void FairSharing::Touch(Id id) {
  if (!is_touched_[id]) touched_.push_back(id);
  is_touched_[id] = true;
}

void FairSharing::MarkDirty(Id id) {
  const double level = Level(bottlenecks_[id]);
  if (dirty_place_[id] == kNone || level < dirty_level_[id]) {
    dirty_level_[id] = level;
    dirty_.Set(id, level, dirty_place_);
  }
}

void FairSharing::Insert(Id& head, Id id) {
  crossings_[id].previous = kNone;
  crossings_[id].next = head;
  if (head != kNone) crossings_[head].previous = id;
  head = id;
}

void FairSharing::Erase(Id& head, Id id) {
  const Crossing& crossing = crossings_[id];
  (crossing.previous == kNone ? head : crossings_[crossing.previous].next) = crossing.next;
  if (crossing.next != kNone) crossings_[crossing.next].previous = crossing.previous;
}

void FairSharing::AddForeign(Id id, double rate) {
  bottlenecks_[id].foreign += rate;
  ++bottlenecks_[id].drift;
}

void FairSharing::AddToPair(Id from, Id to, Id crossing) {
  const auto [found, added] = pair_of_.try_emplace(PairKey(from, to), kNone);
  if (added) {
    const Id id = found->second = pairs_.New();
    if (pair_place_.size() < pairs_.size()) pair_place_.resize(pairs_.size(), kNone);
    const double level = bottlenecks_[from].level;
    std::vector<Id>& out = bottlenecks_[from].out;
    // A level that is not known yet is corrected when `from` is visited.
    pairs_[id] = {from, to, level < kInfinity ? level : 0, 0, kNone, static_cast<Id>(out.size())};
    out.push_back(id);
    bottlenecks_[to].in.Set(id, -pairs_[id].rate, pair_place_);
  }
  Pair& pair = pairs_[found->second];
  crossings_[crossing].pair = found->second;
  Insert(pair.head, crossing);
  ++pair.count;
  ++bottlenecks_[to].foreign_count;
  AddForeign(to, pair.rate);
  MarkDirty(to);
}

void FairSharing::RemoveFromPair(Id crossing) {
  const Id id = std::exchange(crossings_[crossing].pair, kNone);
  Pair& pair = pairs_[id];
  Erase(pair.head, crossing);
  --pair.count;
  --bottlenecks_[pair.to].foreign_count;
  AddForeign(pair.to, -pair.rate);
  MarkDirty(pair.to);
  if (pair.count == 0) DeletePair(id);
}

void FairSharing::DeletePair(Id id) {
  const Pair& pair = pairs_[id];
  std::vector<Id>& out = bottlenecks_[pair.from].out;
  pairs_[out.back()].slot = pair.slot;
  out[pair.slot] = out.back();
  out.pop_back();
  bottlenecks_[pair.to].in.Remove(id, pair_place_);
  pair_of_.erase(PairKey(pair.from, pair.to));
  pairs_.Delete(id);
}

FairSharing::Id FairSharing::MakeBottleneck(Id link_id) {
  const Id id = bottlenecks_.New();
  if (event_place_.size() < bottlenecks_.size()) {
    event_place_.resize(bottlenecks_.size(), kNone);
    dirty_place_.resize(bottlenecks_.size(), kNone);
    dirty_level_.resize(bottlenecks_.size());
    is_touched_.resize(bottlenecks_.size());
  }
  Bottleneck& bottleneck = bottlenecks_[id];
  bottleneck.link = link_id;
  bottleneck.bound = bottleneck.foreign_count = bottleneck.drift = 0;
  bottleneck.foreign = bottleneck.service = 0;
  bottleneck.level = kInfinity;
  bottleneck.since = now_;
  bottleneck.finish.Clear();
  bottleneck.limit.Clear();
  Link& link = links_[link_id];
  link.bottleneck = id;
  for (Id crossing = std::exchange(link.head, kNone); crossing != kNone;) {
    const Id next = crossings_[crossing].next;
    AddToPair(Binding(RouteOf(crossing)), id, crossing);
    crossing = next;
  }
  MarkDirty(id);
  return id;
}

void FairSharing::MakeSlack(Id id) {
  Bottleneck& bottleneck = bottlenecks_[id];
  Link& link = links_[bottleneck.link];
  while (!bottleneck.in.empty()) {
    const Id pair = bottleneck.in.top().id;
    for (Id crossing = pairs_[pair].head; crossing != kNone;) {
      const Id next = crossings_[crossing].next;
      crossings_[crossing].pair = kNone;
      Insert(link.head, crossing);
      AddLimit(pairs_[pair].from, RouteOf(crossing), Share(link));
      crossing = next;
    }
    DeletePair(pair);
  }
  events_.Remove(id, event_place_);
  dirty_.Remove(id, dirty_place_);
  link.bottleneck = kNone;
  is_touched_[id] = false;
  bottlenecks_.Delete(id);
}

void FairSharing::AddLimit(Id id, Id route, double limit) {
  ServiceQueue& queue = bottlenecks_[id].limit;
  queue.Purge([&](const Due& due) { return routes_[due.id].stamp == due.stamp; });
  queue.Push({limit, route, routes_[route].stamp});
}

// Makes room for the flows of a link: if it is slack, its share becomes smaller.
void FairSharing::Split(Id id) {
  Link& link = links_[id];
  if (link.room() >= link.count) return;
  while (link.room() < link.count) ++link.room_bits;
  if (link.bottleneck != kNone) return;
  const double share = Share(link);
  for (Id crossing = link.head; crossing != kNone; crossing = crossings_[crossing].next) {
    if (Rate(RouteOf(crossing)) > share) {
      MakeBottleneck(id);
      return;
    }
  }
  for (Id crossing = link.head; crossing != kNone; crossing = crossings_[crossing].next) {
    const Id route = RouteOf(crossing);
    AddLimit(Binding(route), route, share);
  }
}

void FairSharing::Bind(Id id, int binding) {
  Route& route = routes_[id];
  route.binding = static_cast<uint8_t>(binding);
  const Id bound = FirstCrossing(id) + static_cast<Id>(binding);
  const Id link = crossings_[bound].link;
  const Id to = links_[link].bottleneck == kNone ? MakeBottleneck(link) : links_[link].bottleneck;
  Insert(links_[link].head, bound);
  double limit = kInfinity;
  const Id first = FirstCrossing(id);
  for (Id crossing = first; crossing != first + route.length; ++crossing) {
    if (crossing == bound) continue;
    Link& crossed = links_[crossings_[crossing].link];
    if (crossed.bottleneck != kNone) {
      AddToPair(to, crossed.bottleneck, crossing);
    } else {
      Insert(crossed.head, crossing);
      limit = std::min(limit, Share(crossed));
    }
  }
  if (limit < kInfinity) AddLimit(to, id, limit);
  MarkDirty(to);
}

void FairSharing::Unbind(Id id) {
  Route& route = routes_[id];
  ++route.stamp;
  const Id first = FirstCrossing(id);
  for (Id crossing = first; crossing != first + route.length; ++crossing) {
    if (crossings_[crossing].pair != kNone) {
      RemoveFromPair(crossing);
    } else {
      Erase(links_[crossings_[crossing].link].head, crossing);
    }
  }
}

// The bottleneck `to`, which the crossing's route crosses, binds it from now on.
void FairSharing::Move(Id crossing, Id to) {
  const Id id = RouteOf(crossing);
  Route& route = routes_[id];
  const Id from = Binding(id);
  Unbind(id);
  --bottlenecks_[from].bound;
  ++bottlenecks_[to].bound;
  BringUpToNow(bottlenecks_[from]);
  BringUpToNow(bottlenecks_[to]);
  route.finish += bottlenecks_[to].service - bottlenecks_[from].service;
  ServiceQueue& finish = bottlenecks_[to].finish;
  finish.Purge([&](const Due& due) { return routes_[due.id].stamp == due.stamp; });
  finish.Push({route.finish, id, route.stamp});
  Bind(id, static_cast<int>(crossing - FirstCrossing(id)));
  Touch(from);
  MarkDirty(from);
  Touch(to);
}

// Binds the routes that others bind at a higher level, fastest first.
void FairSharing::TakeFasterRoutes(Id id) {
  for (;;) {
    Bottleneck& bottleneck = bottlenecks_[id];
    if (bottleneck.drift > bottleneck.in.size()) {  // Sums it up anew: rounding does not build up.
      bottleneck.drift = 0;
      bottleneck.foreign = 0;
      for (const IndexedHeap::Item& item : bottleneck.in) {
        bottleneck.foreign += pairs_[item.id].count * pairs_[item.id].rate;
      }
    }
    if (bottleneck.in.empty()) return;
    if (-bottleneck.in.top().key <= Level(bottleneck) * (1 + kTie)) return;
    for (Id crossing = pairs_[bottleneck.in.top().id].head; crossing != kNone;) {
      const Id next = crossings_[crossing].next;
      Move(crossing, id);
      crossing = next;
    }
  }
}

// Slack links that flows at this level may saturate become bottlenecks.
void FairSharing::CheckLimits(Id id, double level) {
  while (!bottlenecks_[id].limit.empty()) {
    const Due due = bottlenecks_[id].limit.top();
    if (due.key * (1 + kTie) >= level) return;
    bottlenecks_[id].limit.Pop();
    if (routes_[due.id].stamp != due.stamp) continue;
    double limit = kInfinity;
    for (const Crossing& crossing : Path(due.id)) {
      const Link& link = links_[crossing.link];
      if (link.bottleneck != kNone) continue;
      const double share = Share(link);
      if (share * (1 + kTie) < level) {
        MakeBottleneck(crossing.link);
      } else {
        limit = std::min(limit, share);
      }
    }
    if (limit < kInfinity) AddLimit(id, due.id, limit);
  }
}

void FairSharing::TellOthers(Id id, double level) {
  for (Id pair_id : bottlenecks_[id].out) {
    Pair& pair = pairs_[pair_id];
    if (std::abs(pair.rate - level) <= kSame * level) continue;
    AddForeign(pair.to, pair.count * (level - pair.rate));
    pair.rate = level;
    bottlenecks_[pair.to].in.Set(pair_id, -level, pair_place_);
    MarkDirty(pair.to);
  }
}

// Makes one bottleneck's level agree with the rates of the flows bound elsewhere.
void FairSharing::Visit(Id id) {
  Touch(id);
  TakeFasterRoutes(id);
  dirty_.Remove(id, dirty_place_);
  Bottleneck& bottleneck = bottlenecks_[id];
  const double level = Level(bottleneck);
  BringUpToNow(bottleneck);
  bottleneck.level = level;
  if (level == kInfinity) {
    // Half: a link should not change sides back and forth.
    const double slack = Share(links_[bottleneck.link]) / 2;
    if (bottleneck.in.empty() || -bottleneck.in.top().key <= slack) MakeSlack(id);
    return;
  }
  CheckLimits(id, level);
  TellOthers(id, level);
}

// Lowest level first. Each visit leaves a level of at least the least capacity per flow of all
// links, so the links that have it keep it, then those that have the next, and so on to the end.
// Only numbers that have gone wrong would keep it from ending: no more than ten visits a link have
// been seen in an instant.
void FairSharing::SettleDirty() {
  const uint64_t visits_max = 100 * (uint64_t{links_.size()} + 1000);
  uint64_t visits = 0;
  while (!dirty_.empty()) {
    const Id id = dirty_.top().id;
    const double level = Level(bottlenecks_[id]);
    if (level > dirty_.top().key && level < kInfinity) {  // Rose since it was marked.
      dirty_level_[id] = level;
      dirty_.Set(id, level, dirty_place_);
      if (dirty_.top().id != id) continue;
    }
    if (++visits > visits_max) {
      throw std::logic_error(absl::StrCat("at ", now_, " s the rates of flows over ", links_.size(),
                                          " links do not settle"));
    }
    dirty_.Remove(id, dirty_place_);
    Visit(id);
  }
}

}  // namespace sim
