#ifndef SIM_ENGINE_INDEXED_HEAP_H_
#define SIM_ENGINE_INDEXED_HEAP_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace sim {

// A binary heap of ids, least key first, whose keys may change. Each id is in at most one of the
// heaps that share a table `place` of where ids are; the caller makes the table as long as it has
// ids, with kAbsent for those in none.
class IndexedHeap {
 public:
  using Id = uint32_t;
  struct Item {
    double key;
    Id id;
  };
  static constexpr Id kAbsent = ~Id{0};

  bool empty() const { return items_.empty(); }
  size_t size() const { return items_.size(); }
  const Item& top() const { return items_.front(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

  void Set(Id id, double key, std::vector<Id>& place) {
    const Id at = place[id];
    if (at == kAbsent) {
      items_.push_back({key, id});
      Up(items_.size() - 1, place);
    } else if (key < items_[at].key) {
      items_[at].key = key;
      Up(at, place);
    } else if (key > items_[at].key) {
      items_[at].key = key;
      Down(at, place);
    }
  }

  // Nothing happens if the id is absent.
  void Remove(Id id, std::vector<Id>& place) {
    const Id at = std::exchange(place[id], kAbsent);
    if (at == kAbsent) return;
    const Item last = items_.back();
    items_.pop_back();
    if (at == items_.size()) return;
    const bool rises = last.key < items_[at].key;
    items_[at] = last;
    rises ? Up(at, place) : Down(at, place);
  }

 private:
  void Up(size_t at, std::vector<Id>& place) {
    const Item item = items_[at];
    for (; at > 0 && item.key < items_[(at - 1) / 2].key; at = (at - 1) / 2) {
      Put(at, items_[(at - 1) / 2], place);
    }
    Put(at, item, place);
  }

  void Down(size_t at, std::vector<Id>& place) {
    const Item item = items_[at];
    for (size_t child = 2 * at + 1; child < items_.size(); child = 2 * at + 1) {
      if (child + 1 < items_.size() && items_[child + 1].key < items_[child].key) ++child;
      if (!(items_[child].key < item.key)) break;
      Put(at, items_[child], place);
      at = child;
    }
    Put(at, item, place);
  }

  void Put(size_t at, Item item, std::vector<Id>& place) {
    items_[at] = item;
    place[item.id] = static_cast<Id>(at);
  }

  std::vector<Item> items_;
};

}  // namespace sim

#endif  // SIM_ENGINE_INDEXED_HEAP_H_
