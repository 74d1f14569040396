#ifndef SIM_TESTING_PROGRESSIVE_FILLING_H_
#define SIM_TESTING_PROGRESSIVE_FILLING_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "sim/engine/instant.h"
#include "sim/network/fair_sharing.h"

namespace sim::testing {

// FairSharing by the textbook, all links filled anew at every instant (Bertsekas, Gallager: Data
// Networks, 6.5.2): slow, obvious, and independent of what it checks. Same interface.
class ProgressiveFilling {
 public:
  using Id = uint32_t;

  explicit ProgressiveFilling(Incast incast = {}) : incast_(incast) {}

  Id AddLink(double bytes_per_second, bool suffers_incast = false) {
    links_.push_back({bytes_per_second, suffers_incast});
    return static_cast<Id>(links_.size() - 1);
  }
  Id AddRoute(std::span<const Id> links) {
    routes_.push_back({{links.begin(), links.end()}});
    return static_cast<Id>(routes_.size() - 1);
  }
  void Start(Id route, double bytes, Id cookie) {
    routes_[route].cookie = cookie;
    routes_[route].left = bytes;
    routes_[route].rate = 0;
    active_.push_back(route);
  }
  double Next() const { return next_; }

  void Advance(double now, std::vector<Id>& complete) {
    std::vector<Id> active;
    for (Id id : active_) {
      Route& route = routes_[id];
      const bool due = route.rate > 0 && DueTime(route) <= Horizon(now);
      route.left = std::max(0.0, route.left - route.rate * (now - now_));
      if (due) {
        complete.push_back(route.cookie);
      } else {
        active.push_back(id);
      }
    }
    active_ = active;
    now_ = now;
    next_ = std::numeric_limits<double>::infinity();
  }

  void Settle(double now) {
    now_ = now;
    std::vector<uint32_t> count = Count(active_);
    std::vector<double> left;
    for (size_t i = 0; i < links_.size(); ++i) {
      const double goodput = links_[i].suffers_incast ? incast_.Goodput(count[i]) : 1;
      left.push_back(links_[i].capacity * goodput);
    }
    std::vector<Id> open = active_;
    while (!open.empty()) {
      count = Count(open);
      size_t least = links_.size();
      for (size_t i = 0; i < links_.size(); ++i) {
        if (count[i] == 0) continue;
        if (least == links_.size() || left[i] / count[i] < left[least] / count[least]) least = i;
      }
      const double level = left[least] / count[least];
      std::erase_if(open, [&](Id id) {
        const std::vector<Id>& path = routes_[id].path;
        if (std::find(path.begin(), path.end(), least) == path.end()) return false;
        routes_[id].rate = level;
        for (Id link : path) left[link] = std::max(0.0, left[link] - level);
        return true;
      });
    }
    next_ = std::numeric_limits<double>::infinity();
    for (Id id : active_) next_ = std::min(next_, DueTime(routes_[id]));
  }

  double Rate(Id route) const { return routes_[route].rate; }
  const std::vector<Id>& active() const { return active_; }

 private:
  struct Link {
    double capacity;
    bool suffers_incast;
  };
  struct Route {
    std::vector<Id> path;
    Id cookie = 0;
    double left = 0;  // Bytes.
    double rate = 0;
  };

  double DueTime(const Route& route) const { return now_ + route.left / route.rate; }
  std::vector<uint32_t> Count(const std::vector<Id>& routes) const {
    std::vector<uint32_t> count(links_.size(), 0);
    for (Id id : routes) {
      for (Id link : routes_[id].path) ++count[link];
    }
    return count;
  }

  const Incast incast_;
  std::vector<Link> links_;
  std::vector<Route> routes_;
  std::vector<Id> active_;
  double now_ = 0;
  double next_ = std::numeric_limits<double>::infinity();
};

}  // namespace sim::testing

#endif  // SIM_TESTING_PROGRESSIVE_FILLING_H_
