#include "backends/gloo/collective.h"

#include <algorithm>
#include <cstring>

#include "Eigen/Core"
#include "absl/strings/str_cat.h"

namespace backends {
namespace {

using core::SpanKind;

// Purposes of slots, apart from those of reports, messages and openings.
constexpr uint64_t kScatter = 5;
constexpr uint64_t kGather = 6;

// Few enough for the first-level cache.
constexpr int64_t kBlock = 2048;

int64_t RoundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Of at least one addend. The sum may lie where one of them does.
template <typename T>
void SumInOrder(const std::vector<const std::byte*>& addends, std::byte* sum, int64_t count) {
  using Vector = Eigen::Array<T, Eigen::Dynamic, 1>;
  T block[kBlock];
  const size_t last = addends.size() - 1;
  for (int64_t offset = 0; offset < count; offset += kBlock) {
    const int64_t length = std::min(kBlock, count - offset);
    const auto addend = [&](size_t i) {
      return Eigen::Map<const Vector>(reinterpret_cast<const T*>(addends[i]) + offset, length);
    };
    Eigen::Map<Vector> total(reinterpret_cast<T*>(sum) + offset, length);
    if (last < 2) {
      if (last == 1) total = addend(0) + addend(1);
      continue;
    }
    Eigen::Map<Vector> partial(block, length);
    partial = addend(0) + addend(1);
    for (size_t i = 2; i < last; ++i) partial += addend(i);
    total = partial + addend(last);
  }
}

// Whether the elements go with the opening: once from everybody to everybody, instead of in two
// hops.
bool IsSmall(const CollectiveCall& call) {
  return call.data.bytes() <= Openings::kElementsMax &&
         (call.kind == SpanKind::kAllReduce || call.kind == SpanKind::kBroadcast);
}

std::string Describe(const Opening& opening) {
  return OperationName{opening.kind, opening.bytes, -1, opening.root}.Describe();
}

}  // namespace

std::vector<Scratch::Piece>& Scratch::PiecesOf(uint64_t segment) {
  std::vector<Piece>& pieces = pieces_[segment % kSegmentsMax];
  while (static_cast<int>(pieces.size()) < peers_.size()) {
    Piece& piece = pieces.emplace_back();
    piece.memory = std::make_unique_for_overwrite<std::byte[]>(kSegmentBytes);
    piece.buffer = peers_.Bind(piece.memory.get(), kSegmentBytes);
  }
  return pieces;
}

Collective::Collective(Peers& peers, const CollectiveCall& call, uint64_t number)
    : peers_(peers),
      data_(call.data),
      number_(number),
      name_({call.kind, call.data.bytes(), -1, call.root}),
      opening_({call.kind, call.data.type, call.root, IsSmall(call), call.data.bytes()}),
      elements_(peers.size()),
      sent_(peers.size()) {
  if (IsSmall(call)) return;
  const bool by_shards =
      name_.kind == SpanKind::kReduceScatter || name_.kind == SpanKind::kAllGather;
  share_bytes_ = by_shards ? name_.bytes / peers_.size()
                           : RoundUp((name_.bytes + peers_.size() - 1) / peers_.size(),
                                     core::ExchangePlan::kShareAlignmentBytes);
  segments_ = (share_bytes_ + Scratch::kSegmentBytes - 1) / Scratch::kSegmentBytes;
}

bool Collective::sums() const {
  return name_.kind == SpanKind::kAllReduce || name_.kind == SpanKind::kReduceScatter;
}
bool Collective::gathers() const { return name_.kind != SpanKind::kReduceScatter; }

Peers::Part Collective::PartOf(int rank, int64_t segment) const {
  const int64_t share_end = std::min((rank + 1) * share_bytes_, name_.bytes);
  const int64_t offset = rank * share_bytes_ + segment * Scratch::kSegmentBytes;
  return {offset, std::clamp<int64_t>(share_end - offset, 0, Scratch::kSegmentBytes)};
}

uint64_t Collective::Slot(uint64_t purpose) const {
  return (purpose << 56) | ((number_ & 0xFFFF) << 40) | static_cast<uint64_t>(name_.bytes);
}

bool Collective::TryOpen(Openings& openings) {
  if (is_open_) return true;
  Opening opening = opening_;
  const bool has_elements = opening_.root < 0 || opening_.root == peers_.rank();
  opening.elements_follow = opening_.elements_follow && has_elements;
  is_open_ = openings.TryAdd(opening, data_.data, name_);
  return is_open_;
}

void Collective::StartSegment(Scratch& scratch) {
  const uint64_t taken = scratch.Take();
  if (started_ == 0) {
    first_scratch_ = taken;
    for (auto& buffer : elements_) buffer = peers_.Bind(data_.data, name_.bytes);
    scattered_ = peers_.Bind(data_.data, name_.bytes);
  }
  const int rank = peers_.rank();
  const int root = opening_.root;
  const Peers::Part own = PartOf(rank, started_);
  for (int peer : peers_.others()) {
    const Peers::Part theirs = PartOf(peer, started_);
    // What comes back of their part overwrites what we send, but only after they have received it.
    if (gathers() && rank != root && theirs.bytes > 0) {
      peers_.Receive(*elements_[peer], theirs, peer, Slot(kGather), name_);
    }
    if (sums() && own.bytes > 0) {
      peers_.Receive(*scratch.PiecesOf(taken)[peer].buffer, {0, own.bytes}, peer, Slot(kScatter),
                     name_);
    }
    if (peer == root && own.bytes > 0) {
      peers_.Receive(*scattered_, own, root, Slot(kScatter), name_);
    }
    if ((sums() || rank == root) && theirs.bytes > 0) {
      peers_.Send(*elements_[peer], theirs, peer, Slot(kScatter), name_);
      ++sent_[peer];
    }
  }
  ++started_;
}

void Collective::AwaitOpenings(Openings& openings, const std::function<void()>& attend) {
  for (int peer : peers_.others()) Check(peer, openings.Front(peer, name_, attend).opening);
  all_here_ = true;
}

void Collective::Check(int peer, const Opening& theirs) const {
  if (theirs.kind == opening_.kind && theirs.type == opening_.type &&
      theirs.root == opening_.root && theirs.bytes == opening_.bytes) {
    return;
  }
  peers_.Disagree(name_,
                  absl::StrCat("rank ", peer, " calls ", Describe(theirs), ", rank ", peers_.rank(),
                               " calls ", Describe(opening_), ": all ranks must call alike"));
}

void Collective::AdvanceSegment(Scratch& scratch, const std::function<void()>& attend) {
  const int rank = peers_.rank();
  const int root = opening_.root;
  const Peers::Part own = PartOf(rank, advanced_);
  if (sums() && own.bytes > 0) {
    std::vector<Scratch::Piece>& pieces = scratch.PiecesOf(first_scratch_ + advanced_);
    std::vector<const std::byte*> addends;
    for (int peer = 0; peer < peers_.size(); ++peer) {
      if (peer != rank) peers_.AwaitReceived(*pieces[peer].buffer, peer, name_, attend);
      addends.push_back(peer == rank ? static_cast<std::byte*>(data_.data) + own.offset
                                     : pieces[peer].memory.get());
    }
    Sum(addends, own);
  }
  if (root >= 0 && root != rank && own.bytes > 0)
    peers_.AwaitReceived(*scattered_, root, name_, attend);
  for (int peer : peers_.others()) {
    if (peer == root || !gathers() || own.bytes == 0) continue;
    peers_.Send(*elements_[peer], own, peer, Slot(kGather), name_);
    ++sent_[peer];
  }
  ++advanced_;
  scratch.Return();
}

void Collective::Sum(const std::vector<const std::byte*>& addends, Peers::Part part) {
  std::byte* sum = static_cast<std::byte*>(data_.data) + part.offset;
  const int64_t count = part.bytes / core::SizeOf(data_.type);
  if (data_.type == core::DataType::kFloat64) {
    SumInOrder<double>(addends, sum, count);
  } else {
    SumInOrder<float>(addends, sum, count);
  }
}

void Collective::TakeElements(Openings& openings) {
  if (!opening_.elements_follow) return;
  std::vector<const std::byte*> elements;
  for (int peer = 0; peer < peers_.size(); ++peer) {
    elements.push_back(peer == peers_.rank() ? static_cast<std::byte*>(data_.data)
                                             : openings.Front(peer, name_).elements);
  }
  if (name_.bytes == 0) return;
  if (sums()) {
    Sum(elements, {0, name_.bytes});
  } else if (opening_.root != peers_.rank()) {
    std::memcpy(data_.data, elements[opening_.root], name_.bytes);
  }
}

void Collective::Finish() {
  const int rank = peers_.rank();
  for (int peer : peers_.others()) {
    for (int64_t segment = 0; segment < segments_; ++segment) {
      if (gathers() && rank != opening_.root && PartOf(peer, segment).bytes > 0) {
        peers_.AwaitReceived(*elements_[peer], peer, name_);
      }
    }
    for (int i = 0; i < sent_[peer]; ++i) peers_.AwaitSent(*elements_[peer], peer, name_);
  }
}

}  // namespace backends
