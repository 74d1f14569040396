// FairSharing's last resort: all links filled anew, by the textbook.
#include <algorithm>
#include <utility>
#include <vector>

#include "sim/network/fair_sharing.h"

namespace sim {

// Progressive filling (Bertsekas, Gallager: Data Networks, 6.5.2): the link with the least capacity
// per flow that is left binds its flows, again and again. Returns routes and which of their links
// binds them, lowest level first, and the level of each link that binds.
std::vector<std::pair<FairSharing::Id, uint8_t>> FairSharing::Fill(const std::vector<Id>& routes,
                                                                   std::vector<double>& level) {
  std::vector<double> left(links_.size());
  std::vector<Id> count(links_.size(), 0);
  std::vector<std::vector<Id>> routes_of(links_.size());
  for (Id id : routes) {
    for (const Crossing& crossing : Path(id)) {
      left[crossing.link] = Capacity(links_[crossing.link]);
      ++count[crossing.link];
      routes_of[crossing.link].push_back(id);
    }
  }
  std::vector<bool> filled(routes_.size(), false);
  std::vector<std::pair<Id, uint8_t>> bindings;
  while (bindings.size() < routes.size()) {
    Id least = kNone;
    for (Id link = 0; link < links_.size(); ++link) {
      if (count[link] == 0) continue;
      if (least == kNone || left[link] / count[link] < left[least] / count[least]) least = link;
    }
    level[least] = left[least] / count[least];
    for (Id id : routes_of[least]) {
      if (filled[id]) continue;
      filled[id] = true;
      const std::span<const Crossing> path = Path(id);
      for (size_t i = 0; i < path.size(); ++i) {
        if (path[i].link == least) bindings.push_back({id, static_cast<uint8_t>(i)});
        left[path[i].link] = std::max(0.0, left[path[i].link] - level[least]);
        --count[path[i].link];
      }
    }
  }
  return bindings;
}

void FairSharing::Recompute() {
  ++recompute_count_;
  std::vector<Id> routes;
  for (Id id = 0; id < routes_.size(); ++id) {
    if (routes_[id].state != State::kBound) continue;
    BringUpToNow(bottlenecks_[Binding(id)]);
    routes.push_back(id);
  }
  for (Id id : routes) routes_[id].finish -= bottlenecks_[Binding(id)].service;
  for (Id id : routes) {
    --bottlenecks_[Binding(id)].bound;
    Unbind(id);
  }
  for (Id link = 0; link < links_.size(); ++link) {
    if (links_[link].bottleneck != kNone) MakeSlack(links_[link].bottleneck);
  }
  std::vector<double> level(links_.size(), kInfinity);
  for (const auto& [id, binding] : Fill(routes, level)) {
    const Id link = crossings_[FirstCrossing(id) + binding].link;
    if (links_[link].bottleneck == kNone) {
      bottlenecks_[MakeBottleneck(link)].level = level[link];
    }
    Bind(id, binding);
    Join(id);
  }
  for (Id link = 0; link < links_.size(); ++link) {
    const Id bottleneck = links_[link].bottleneck;
    if (bottleneck != kNone && level[link] < kInfinity) CheckLimits(bottleneck, level[link]);
  }
  while (!dirty_.empty()) dirty_.Remove(dirty_.top().id, dirty_place_);
}

}  // namespace sim
