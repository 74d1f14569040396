#include "core/strategies/strategies.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "core/strategies/all_reduce.h"
#include "core/strategies/overlapped_parameter_server.h"

namespace core {
namespace {

using Made = absl::StatusOr<std::unique_ptr<Strategy>>;

// Of a class that is constructed from these options.
template <class S, auto... options>
Made Make(const StrategyOptions& all) {
  return std::make_unique<S>((all.*options)...);
}

Made MakeParameterServer(const StrategyOptions& options) {
  if (options.server.servers < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("--servers=", options.server.servers, ": at least 1 is needed"));
  }
  if (options.server.colocated && options.server.servers != 1) {
    return absl::InvalidArgumentError(
        "--servers and --colocated: every rank serves with the latter, so leave one out");
  }
  return std::make_unique<ParameterServer>(options.server);
}

// A flag that some strategies take.
struct Flag {
  std::string_view name;
  bool (*given)(const StrategyOptions& options);
};
constexpr Flag kFlags[] = {
    {"bucket_mb", [](const StrategyOptions& o) { return o.buckets.bytes != BucketLimits().bytes; }},
    {"servers", [](const StrategyOptions& o) { return o.server.servers != 1; }},
    {"colocated", [](const StrategyOptions& o) { return o.server.colocated; }},
};

// Of those that take the flag, or of all for none.
std::string JoinedNames(std::span<const StrategyEntry> strategies, std::string_view flag) {
  std::vector<std::string> names;
  for (const StrategyEntry& each : strategies) {
    if (flag.empty() || each.Takes(flag)) names.emplace_back(each.name);
  }
  return absl::StrJoin(names, ", ");
}

}  // namespace

std::span<const StrategyEntry> Strategies() {
  static const auto& table = *new std::vector<StrategyEntry>{
      {"ddp",
       "DDP",
       "results_baseline_ddp.json",
       {"bucket_mb"},
       Make<DistributedDataParallel, &StrategyOptions::buckets>},
      {"all_reduce", "Manual All-Reduce", "results_all_reduce.json", {}, Make<ManualAllReduce>},
      {"parameter_server",
       "Parameter Server",
       "results_ps.json",
       {"servers", "colocated"},
       MakeParameterServer,
       true},
      {"parameter_server_overlapped",
       "Overlapped Parameter Server",
       "results_parameter_server_overlapped.json",
       {"bucket_mb"},
       Make<OverlappedParameterServer, &StrategyOptions::buckets>},
  };
  return table;
}

bool StrategyEntry::Takes(std::string_view flag) const {
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

absl::StatusOr<const StrategyEntry*> StrategyNamed(std::string_view name) {
  for (const StrategyEntry& each : Strategies()) {
    if (each.name == name) return &each;
  }
  return absl::InvalidArgumentError(absl::StrCat("unknown strategy \"", std::string(name),
                                                 "\": one of ", JoinedNames(Strategies(), "")));
}

std::vector<std::string> StrategyNames() {
  std::vector<std::string> names;
  for (const StrategyEntry& each : Strategies()) names.emplace_back(each.name);
  return names;
}

std::string Label(const StrategyEntry& strategy, const StrategyOptions& options) {
  if (strategy.Takes("colocated") && options.server.colocated) {
    return absl::StrCat(strategy.name, ", colocated");
  }
  if (!strategy.Takes("servers")) return strategy.name;
  const int servers = options.server.servers;
  return absl::StrCat(strategy.name, ", ", servers, servers == 1 ? " server" : " servers");
}

absl::Status CheckFlagsApply(std::span<const StrategyEntry> strategies,
                             const StrategyOptions& options) {
  for (const Flag& flag : kFlags) {
    if (!flag.given(options) || !JoinedNames(strategies, flag.name).empty()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("--", absl::StrReplaceAll(std::string(flag.name), {{"_", "-"}}),
                     " does not apply to --strategy=", JoinedNames(strategies, ""),
                     ": leave it out, or take one of ", JoinedNames(Strategies(), flag.name)));
  }
  return absl::OkStatus();
}

}  // namespace core
