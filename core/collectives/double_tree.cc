#include "core/collectives/double_tree.h"

#include <algorithm>
#include <array>
#include <bit>
#include <deque>
#include <utility>

#include "core/collectives/add.h"
#include "core/collectives/scratch.h"

namespace core {
namespace {

constexpr SpanKind kKind = SpanKind::kAllReduce;
constexpr int64_t kSegmentBytesMax = 512 << 10;
constexpr int kChildrenMax = 3;  // Two hosts and the next rank of the chain.
constexpr int kSlots = 2;        // Segments that are received from one child at the same time.

// The parent of `host` > 0 in the binary tree in which the odd ones are leaves, their parents are
// the odd multiples of 2, and so on; host 0 is the root.
int ParentOf(int host, int hosts) {
  const int bit = host & -host;
  const int parent = (host ^ bit) | (bit << 1);
  return parent < hosts ? parent : host ^ bit;
}

std::vector<int> ChildrenOf(int host, int hosts) {
  std::vector<int> children;
  const int reach = host > 0 ? host & -host : static_cast<int>(std::bit_ceil(unsigned(hosts)));
  for (int step = reach / 2; step > 0; step /= 2) {
    for (int child : {host - step, host + step}) {
      if (child > 0 && child < hosts && ParentOf(child, hosts) == host) children.push_back(child);
    }
  }
  return children;
}

int DepthOf(int host, int hosts) {
  int depth = 0;
  for (; host > 0; host = ParentOf(host, hosts)) ++depth;
  return depth;
}

// At least the depth of every rank, and the same number on all.
int DepthMax(int size, int ranks_per_host) {
  const int hosts = (size + ranks_per_host - 1) / ranks_per_host;
  return std::bit_width(static_cast<unsigned>(hosts - 1)) + ranks_per_host - 1;
}

// One rank's work in one tree, in ticks. A message of segment s from a rank of depth d up to its
// parent belongs to tick s + D − d, one down to a rank of depth d to tick s + D + d. All ranks take
// the messages of all trees in the order of ticks, so those between two ranks match; and each
// segment arrives one tick before it is sent on.
class Lane {
 public:
  Lane(Communicator& communicator, TreePlace place, int depth_max, Buffer data, Buffer scratch)
      : communicator_(communicator),
        place_(std::move(place)),
        depth_max_(depth_max),
        data_(data),
        scratch_(scratch),
        length_(DoubleTreeSegmentLength(data.count, data.type)),
        segments_((data.count + length_ - 1) / length_) {}

  int64_t ticks() const { return segments_ + 2 * depth_max_ + 1; }

  Task PostReceives(int64_t tick) {
    const int64_t up = tick - depth_max_ + place_.depth + 1;
    if (IsSegment(up)) {
      for (size_t child = 0; child < place_.children.size(); ++child) {
        from_children_.push_back(
            communicator_.Receive(Slot(child, up), place_.children[child], kKind));
      }
    }
    const int64_t down = tick - depth_max_ - place_.depth;
    if (place_.parent < 0 || !IsSegment(down)) co_return;
    // What was sent up must be gone before the sum takes its place.
    co_await to_parent_.front();
    to_parent_.pop_front();
    from_parent_.push_back(communicator_.Receive(Segment(down), place_.parent, kKind));
  }

  Task FinishReceives(int64_t tick) {
    const int64_t up = tick - depth_max_ + place_.depth + 1;
    if (IsSegment(up)) {
      for (size_t child = 0; child < place_.children.size(); ++child) {
        co_await from_children_.front();
        from_children_.pop_front();
        Add(Slot(child, up), Segment(up));
      }
    }
    if (place_.parent < 0 || !IsSegment(tick - depth_max_ - place_.depth)) co_return;
    co_await from_parent_.front();
    from_parent_.pop_front();
  }

  void PostSends(int64_t tick) {
    const int64_t up = tick - depth_max_ + place_.depth;
    if (place_.parent >= 0 && IsSegment(up)) {
      to_parent_.push_back(communicator_.Send(Segment(up), place_.parent, kKind));
    }
    const int64_t down = tick - depth_max_ - place_.depth - 1;
    if (!IsSegment(down)) return;
    for (int child : place_.children) {
      to_children_.push_back(communicator_.Send(Segment(down), child, kKind));
    }
  }

  Task FinishSends() {
    for (Work& sent : to_children_) co_await sent;
  }

 private:
  bool IsSegment(int64_t segment) const { return 0 <= segment && segment < segments_; }
  Buffer Segment(int64_t segment) const {
    const int64_t begin = segment * length_;
    return data_.Slice(begin, std::min(length_, data_.count - begin));
  }
  Buffer Slot(size_t child, int64_t segment) const {
    const int64_t slot = static_cast<int64_t>(child) * kSlots + segment % kSlots;
    return scratch_.Slice(slot * length_, Segment(segment).count);
  }

  Communicator& communicator_;
  const TreePlace place_;
  const int64_t depth_max_;
  const Buffer data_;
  const Buffer scratch_;
  const int64_t length_;
  const int64_t segments_;
  std::deque<Work> from_children_;
  std::deque<Work> from_parent_;
  std::deque<Work> to_parent_;
  std::deque<Work> to_children_;
};

}  // namespace

TreePlace PlaceInTree(int tree, int rank, int size, int ranks_per_host) {
  const int hosts = (size + ranks_per_host - 1) / ranks_per_host;
  const int host = rank / ranks_per_host;
  const int first = host * ranks_per_host;
  TreePlace place;
  if (rank + 1 < std::min(size, first + ranks_per_host)) place.children.push_back(rank + 1);
  // The second tree is the first with the hosts in another order: a leaf is no leaf there.
  const bool even = hosts % 2 == 0;
  const auto turn = [&](int from) {
    if (tree == 0) return from;
    return even ? hosts - 1 - from : (from + hosts - 1) % hosts;
  };
  const auto turn_back = [&](int to) {
    if (tree == 0) return to;
    return even ? hosts - 1 - to : (to + 1) % hosts;
  };
  place.depth = DepthOf(turn(host), hosts) + rank - first;
  if (rank != first) {
    place.parent = rank - 1;
    return place;
  }
  if (turn(host) > 0) place.parent = turn_back(ParentOf(turn(host), hosts)) * ranks_per_host;
  for (int child : ChildrenOf(turn(host), hosts)) {
    place.children.push_back(turn_back(child) * ranks_per_host);
  }
  return place;
}

int64_t DoubleTreeSegmentLength(int64_t half, DataType type) {
  return std::max<int64_t>(1, std::min(half, kSegmentBytesMax / SizeOf(type)));
}

Task DoubleTreeAllReduce(Communicator& communicator, Buffer data, int ranks_per_host) {
  const int size = communicator.size();
  const int depth_max = DepthMax(size, ranks_per_host);
  const int64_t half = (data.count + 1) / 2;
  const int64_t scratch_half = kChildrenMax * kSlots * DoubleTreeSegmentLength(half, data.type);
  const Scratch both(data, 2 * scratch_half);
  const Buffer scratch = both.buffer();
  std::array<Lane, 2> lanes = {
      Lane(communicator, PlaceInTree(0, communicator.rank(), size, ranks_per_host), depth_max,
           data.Slice(0, half), scratch.Slice(0, scratch_half)),
      Lane(communicator, PlaceInTree(1, communicator.rank(), size, ranks_per_host), depth_max,
           data.Slice(half, data.count - half), scratch.Slice(scratch_half, scratch_half))};
  const int64_t ticks = std::max(lanes[0].ticks(), lanes[1].ticks());
  for (Lane& lane : lanes) co_await lane.PostReceives(0);
  for (int64_t tick = 0; tick < ticks; ++tick) {
    for (Lane& lane : lanes) lane.PostSends(tick);
    for (Lane& lane : lanes) co_await lane.PostReceives(tick + 1);
    for (Lane& lane : lanes) co_await lane.FinishReceives(tick);
  }
  for (Lane& lane : lanes) co_await lane.FinishSends();
}

}  // namespace core
