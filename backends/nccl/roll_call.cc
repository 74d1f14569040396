#include "backends/nccl/roll_call.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/error.h"

namespace backends {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kAtOnce(1);

std::string KeyOf(const char* what, int rank) { return absl::StrCat("nccl/", what, "/", rank); }

// As NCCL tells hosts apart.
std::string ThisHost() {
  if (const char* id = std::getenv("NCCL_HOSTID")) return id;
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

milliseconds Left(steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
  return std::max(left, kAtOnce);
}

double Seconds(milliseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

RollCall::RollCall(const NcclOptions& options) : options_(options), left_(options.size) {
  options_.store->Set(
      KeyOf("here", options_.rank),
      absl::StrCat(options_.size, "\n", ThisHost(), "\n", options_.device->identity()));
  const auto deadline = steady_clock::now() + options_.timeout;
  std::vector<std::string> cards;
  std::vector<int> missing;
  for (int rank = 0; rank < options_.size; ++rank) {
    const auto card = options_.store->Get(KeyOf("here", rank), Left(deadline));
    if (!card) missing.push_back(rank);
    cards.push_back(card.value_or(""));
  }
  if (!missing.empty()) {
    throw core::Error(absl::StrCat("rank ", options_.rank, ": of ", options_.size, " ranks, ",
                                   missing.size() == 1 ? "rank " : "ranks ",
                                   absl::StrJoin(missing, ", "), " did not come within ",
                                   Seconds(options_.timeout),
                                   " s: start all ranks with the same world size and rendezvous"));
  }
  CheckMembers(cards);
}

void RollCall::CheckMembers(const std::vector<std::string>& cards) const {
  std::map<std::string, int> ranks;  // By host and device.
  for (int rank = 0; rank < options_.size; ++rank) {
    const std::vector<std::string> parts = absl::StrSplit(cards[rank], absl::MaxSplits('\n', 1));
    if (parts.front() != absl::StrCat(options_.size)) {
      throw core::Error(absl::StrCat(
          "rank ", options_.rank, ": rank ", rank, " was started as one of ", parts.front(),
          " ranks, this one of ", options_.size, ": give all the same world size"));
    }
    const auto [other, is_new] = ranks.try_emplace(parts.back(), rank);
    if (is_new) continue;
    const std::vector<std::string> place = absl::StrSplit(parts.back(), '\n');
    throw core::Error(
        absl::StrCat("rank ", options_.rank, ": ranks ", other->second, " and ", rank,
                     " use the same GPU ", place.back(), " of host ", place.front(),
                     ", which NCCL refuses: start one rank per GPU, or use --backend=gloo"));
  }
}

std::string RollCall::Share(const std::string& name, const std::string& value_of_rank_0) {
  const std::string key = absl::StrCat("nccl/", name);
  if (options_.rank == 0) {
    options_.store->Set(key, value_of_rank_0);
    return value_of_rank_0;
  }
  const auto value = options_.store->Get(key, options_.timeout);
  if (value) return *value;
  throw core::Error(absl::StrCat("rank ", options_.rank, ": rank 0 told no ", name, " within ",
                                 Seconds(options_.timeout), " s: see what it said last"));
}

void RollCall::Leave() { options_.store->Set(KeyOf("left", options_.rank), "yes"); }

bool RollCall::HasLeft(int rank) {
  if (!left_[rank]) left_[rank] = options_.store->Get(KeyOf("left", rank), kAtOnce).has_value();
  return left_[rank];
}

void RollCall::Fail(const std::string& cause) {
  if (options_.store->Get("nccl/failure", kAtOnce)) return;
  options_.store->Set("nccl/failure", absl::StrCat(options_.rank, "\n", cause));
}

std::optional<std::string> RollCall::FailureOfOthers() {
  const auto failure = options_.store->Get("nccl/failure", kAtOnce);
  if (!failure) return std::nullopt;
  const std::vector<std::string> parts = absl::StrSplit(*failure, absl::MaxSplits('\n', 1));
  if (parts.front() == absl::StrCat(options_.rank)) return std::nullopt;
  return absl::StrCat("rank ", parts.front(), " gave up: ", parts.back());
}

}  // namespace backends
