#include "sim/collectives/formula_collectives.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/collectives/add.h"

namespace sim {
namespace {

// Shard `index` of `count` equal ones.
core::Buffer Shard(core::Buffer data, size_t index, size_t count) {
  const int64_t length = data.count / static_cast<int64_t>(count);
  return data.Slice(static_cast<int64_t>(index) * length, length);
}

void Copy(core::Buffer source, core::Buffer target) {
  if (source.bytes() > 0 && source.data != target.data) {
    std::memcpy(target.data, source.data, static_cast<size_t>(source.bytes()));
  }
}

// Does to the ranks' data, sorted by rank, what the collective promises; sums in the order of
// ranks.
void MoveData(core::SpanKind kind, int root, const std::vector<CollectiveCall>& calls) {
  if (calls[0].data.data == nullptr) return;
  const core::Buffer first = calls[0].data;
  const bool sums = kind == core::SpanKind::kAllReduce || kind == core::SpanKind::kReduceScatter;
  for (size_t i = 1; sums && i < calls.size(); ++i) core::Add(calls[i].data, first);
  for (size_t i = 0; kind == core::SpanKind::kAllGather && i < calls.size(); ++i) {
    Copy(Shard(calls[i].data, i, calls.size()), Shard(first, i, calls.size()));
  }
  const bool broadcasts = kind == core::SpanKind::kBroadcast;
  const core::Buffer source = broadcasts ? calls[static_cast<size_t>(root)].data : first;
  for (const CollectiveCall& call : calls) Copy(source, call.data);
}

std::string Describe(core::SpanKind kind, int64_t bytes, int root) {
  std::string text = std::string(core::Name(kind)) + " of " + std::to_string(bytes) + " bytes";
  if (kind == core::SpanKind::kBroadcast) text += " from rank " + std::to_string(root);
  return text;
}

}  // namespace

FormulaCollectives::FormulaCollectives(Network& network, core::AllReduceOptions options,
                                       double add_bytes_per_second)
    : network_(network),
      cost_(network.cluster(), network.topology(), network.sharing(), options,
            add_bytes_per_second),
      joined_(static_cast<size_t>(network.topology().ranks()), 0) {}

void FormulaCollectives::CheckSame(const Collective& collective, const CollectiveCall& call) const {
  if (call.kind == collective.kind && call.data.bytes() == collective.bytes &&
      call.root == collective.root) {
    return;
  }
  throw core::Error("rank " + std::to_string(call.rank) + ": " +
                    Describe(call.kind, call.data.bytes(), call.root) + " where rank " +
                    std::to_string(collective.calls[0].rank) + " has a " +
                    Describe(collective.kind, collective.bytes, collective.root) +
                    ": all ranks call the same collectives in the same order");
}

void FormulaCollectives::Join(CollectiveCall call) {
  const int64_t number = joined_[static_cast<size_t>(call.rank)]++;
  const auto index = static_cast<size_t>(number - first_);
  if (index == collectives_.size()) {
    collectives_.push_back({call.kind, call.data.bytes(), call.root});
  }
  Collective& collective = collectives_[index];
  CheckSame(collective, call);
  collective.start = std::max(collective.start, call.time);
  collective.calls.push_back(std::move(call));
  if (collective.calls.size() == joined_.size()) Begin(number);
}

// The ranks' calls are in order, so a collective never has all of them before the one before it
// has.
void FormulaCollectives::Begin(int64_t number) {
  Collective& collective = collectives_[static_cast<size_t>(number - first_)];
  std::sort(collective.calls.begin(), collective.calls.end(),
            [](const CollectiveCall& a, const CollectiveCall& b) { return a.rank < b.rank; });
  const core::Buffer data = collective.calls[0].data;
  end_ = std::max(collective.start, end_) + cost_.Seconds(collective.kind, data);
  network_.engine().At(end_, *this, static_cast<uint64_t>(number));
  const double bytes = cost_.BytesPerConnection(collective.kind, data);
  const std::vector<double>& load = cost_.load();
  for (uint32_t link = 0; link < load.size(); ++link) {
    if (load[link] > 0) network_.sharing().Charge(link, bytes * load[link]);
  }
}

void FormulaCollectives::OnTimer(uint64_t) {
  Collective collective = std::move(collectives_.front());
  collectives_.pop_front();
  ++first_;
  MoveData(collective.kind, collective.root, collective.calls);
  for (CollectiveCall& call : collective.calls) call.part.Finish(network_.engine());
}

std::vector<Collectives::Missing> FormulaCollectives::Unfinished() const {
  std::vector<Missing> unfinished;
  for (const Collective& collective : collectives_) {
    std::vector<bool> here(joined_.size(), false);
    for (const CollectiveCall& call : collective.calls) {
      here[static_cast<size_t>(call.rank)] = true;
    }
    const auto missing = std::find(here.begin(), here.end(), false);
    for (const CollectiveCall& call : collective.calls) {
      unfinished.push_back(
          {call.rank, collective.kind, collective.bytes, static_cast<int>(missing - here.begin())});
    }
  }
  return unfinished;
}

}  // namespace sim
