#include "core/collectives/add.h"

#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace core {
namespace {

template <typename T>
std::vector<std::vector<T>> RandomAddends(int ranks, int64_t count) {
  std::mt19937 generator(7);
  std::normal_distribution<T> distribution;
  std::vector<std::vector<T>> addends(static_cast<size_t>(ranks));
  for (std::vector<T>& addend : addends) {
    for (int64_t i = 0; i < count; ++i) addend.push_back(distribution(generator));
  }
  return addends;
}

// The sum takes the place of one of the addends.
template <typename T>
void ExpectSumInPlaceOf(size_t place, std::vector<std::vector<T>> addends) {
  std::vector<T> expected = addends[0];
  for (size_t rank = 1; rank < addends.size(); ++rank) {
    for (size_t i = 0; i < expected.size(); ++i) expected[i] = expected[i] + addends[rank][i];
  }
  std::vector<const void*> sources;
  for (const std::vector<T>& addend : addends) sources.push_back(addend.data());

  SumInRankOrder(sources, View(addends[place]));

  EXPECT_TRUE(addends[place] == expected)
      << expected.size() << " elements of " << addends.size() << " ranks, in place of " << place;
}

TEST(AddTest, SumsAreThoseFromTheFirstRankOnToTheBit) {
  for (int ranks = 1; ranks <= 9; ++ranks) {
    for (int64_t count : {1, 3, 2047, 2048, 2049, 10'001}) {
      for (size_t place = 0; place < static_cast<size_t>(ranks); ++place) {
        ExpectSumInPlaceOf(place, RandomAddends<float>(ranks, count));
        ExpectSumInPlaceOf(place, RandomAddends<double>(ranks, count));
      }
    }
  }
}

TEST(AddTest, SizesAloneAreLeftAlone) {
  Add({nullptr, 5}, {nullptr, 5});
  SumInRankOrder({nullptr, nullptr}, {nullptr, 5});
}

}  // namespace
}  // namespace core
