#include "sim/network/fair_sharing.h"

#include <algorithm>

#include "sim/engine/instant.h"

namespace sim {

FairSharing::Id FairSharing::AddLink(double bytes_per_second, bool suffers_incast) {
  links_.emplace_back(Link{.capacity = bytes_per_second, .suffers_incast = suffers_incast});
  return static_cast<Id>(links_.size() - 1);
}

FairSharing::Id FairSharing::AddRoute(std::span<const Id> links) {
  routes_.emplace_back().length = static_cast<uint8_t>(links.size());
  for (size_t i = 0; i < size_t{1} << route_bits_; ++i) {
    Crossing& crossing = crossings_.emplace_back();
    if (i < links.size()) crossing.link = links[i];
  }
  return static_cast<Id>(routes_.size() - 1);
}

void FairSharing::Start(Id id, double bytes, Id cookie) {
  Route& route = routes_[id];
  route.cookie = cookie;
  route.finish = bytes;
  route.state = State::kArriving;
  arrivals_.push_back(id);
  for (const Crossing& crossing : Path(id)) {
    Link& link = links_[crossing.link];
    if (++link.count > link.room()) crowded_.push_back(crossing.link);
    link.bytes += bytes;
    if (link.alone != kNone) EndAlone(link.alone);
  }
}

// The rate of a flow that is alone: one flow suffers no incast.
double FairSharing::LeastCapacity(Id route) const {
  double least = kInfinity;
  for (const Crossing& crossing : Path(route)) {
    least = std::min(least, links_[crossing.link].capacity);
  }
  return least;
}

bool FairSharing::IsAlone(Id route) const {
  const std::span<const Crossing> path = Path(route);
  return std::all_of(path.begin(), path.end(),
                     [&](const Crossing& crossing) { return links_[crossing.link].count == 1; });
}

void FairSharing::StartAlone(Id id) {
  Route& route = routes_[id];
  route.finish = now_ + route.finish / LeastCapacity(id);
  route.state = State::kAlone;
  for (const Crossing& crossing : Path(id)) links_[crossing.link].alone = id;
  alone_.Push({route.finish, id, route.stamp});
}

// Another flow starts on one of its links: it arrives once more, with what is left.
void FairSharing::EndAlone(Id id) {
  Route& route = routes_[id];
  for (const Crossing& crossing : Path(id)) links_[crossing.link].alone = kNone;
  route.finish = std::max(0.0, (route.finish - now_) * LeastCapacity(id));
  route.state = State::kArriving;
  ++route.stamp;
  arrivals_.push_back(id);
}

void FairSharing::TrimAlone() {
  while (!alone_.empty() && routes_[alone_.top().id].stamp != alone_.top().stamp) alone_.Pop();
}

double FairSharing::Next() const {
  double next = events_.empty() ? kInfinity : events_.top().key;
  if (!alone_.empty()) next = std::min(next, alone_.top().key);
  return next;
}

void FairSharing::AdvanceAlone(double horizon, std::vector<Id>& complete) {
  while (TrimAlone(), !alone_.empty() && alone_.top().key <= horizon) {
    const Id id = alone_.top().id;
    alone_.Pop();
    Route& route = routes_[id];
    for (const Crossing& crossing : Path(id)) links_[crossing.link].alone = kNone;
    LeaveLinks(id);
    route.state = State::kIdle;
    ++route.stamp;
    complete.push_back(route.cookie);
  }
}

void FairSharing::Advance(double now, std::vector<Id>& complete) {
  now_ = now;
  const double horizon = Horizon(now);
  AdvanceAlone(horizon, complete);
  while (!events_.empty() && events_.top().key <= horizon) {
    const Id id = events_.top().id;
    Touch(id);
    MarkDirty(id);
    events_.Remove(id, event_place_);
    Bottleneck& bottleneck = bottlenecks_[id];
    while (TrimFinish(bottleneck), !bottleneck.finish.empty() && DueTime(bottleneck) <= horizon) {
      const Id route = bottleneck.finish.top().id;
      bottleneck.finish.Pop();
      Leave(route);
      complete.push_back(routes_[route].cookie);
    }
  }
}

void FairSharing::Settle(double now) {
  now_ = now;
  for (Id link : crowded_) Split(link);
  crowded_.clear();
  for (Id route : arrivals_) {
    if (IsAlone(route)) {
      StartAlone(route);
    } else {
      Bind(route, GuessBinding(route));
      Join(route);
    }
  }
  arrivals_.clear();
  SettleDirty();
  ScheduleTouched();
  TrimAlone();
}

double FairSharing::Rate(Id id) const {
  const Route& route = routes_[id];
  if (route.state == State::kAlone) return LeastCapacity(id);
  return route.state == State::kBound ? bottlenecks_[Binding(id)].level : 0;
}

void FairSharing::ResetBytes() {
  for (Id id = 0; id < links_.size(); ++id) links_[id].bytes = 0;
}

// A link of the route that probably binds it; SettleDirty corrects wrong guesses.
int FairSharing::GuessBinding(Id route) const {
  int best = 0;
  int index = 0;
  double least = kInfinity;
  for (const Crossing& crossing : Path(route)) {
    const Link& link = links_[crossing.link];
    double level = Capacity(link) / link.count;
    if (link.bottleneck != kNone) {
      const Bottleneck& bottleneck = bottlenecks_[link.bottleneck];
      level = (Capacity(link) - bottleneck.foreign) / (link.count - bottleneck.foreign_count);
    }
    if (level < least || (level == least && link.bottleneck != kNone)) {
      least = level;
      best = index;
    }
    ++index;
  }
  return best;
}

// Begins the service of a route that has just been bound.
void FairSharing::Join(Id id) {
  Route& route = routes_[id];
  route.state = State::kBound;
  const Id binding = Binding(id);
  Bottleneck& bottleneck = bottlenecks_[binding];
  BringUpToNow(bottleneck);
  if (bottleneck.bound == 0) {
    bottleneck.service = 0;
    bottleneck.finish.Clear();
  }
  route.finish += bottleneck.service;
  bottleneck.finish.Push({route.finish, id, route.stamp});
  ++bottleneck.bound;
  Touch(binding);
  MarkDirty(binding);
}

void FairSharing::Leave(Id id) {
  Route& route = routes_[id];
  --bottlenecks_[Binding(id)].bound;
  Unbind(id);
  route.state = State::kIdle;
  LeaveLinks(id);
}

void FairSharing::LeaveLinks(Id route) {
  for (const Crossing& crossing : Path(route)) {
    Link& link = links_[crossing.link];
    // Limits may stay lower than need be, which only causes a check.
    if (--link.count < link.room() / 4) --link.room_bits;
  }
}

void FairSharing::ScheduleNext(Id id) {
  Bottleneck& bottleneck = bottlenecks_[id];
  TrimFinish(bottleneck);
  if (bottleneck.finish.empty()) {
    events_.Remove(id, event_place_);
  } else {
    events_.Set(id, DueTime(bottleneck), event_place_);
  }
}

void FairSharing::ScheduleTouched() {
  for (Id id : touched_) {
    if (!is_touched_[id]) continue;  // It is slack again.
    is_touched_[id] = false;
    ScheduleNext(id);
  }
  touched_.clear();
}

}  // namespace sim
