#include "analysis/text/scaling_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/substitute.h"
#include "core/base/table.h"

namespace analysis {
namespace {

using core::DisplayWidth;
using core::Table;
using Align = Table::Align;

constexpr double kShownWorkers[] = {1, 4, 16, 64, 256, 1024, 4096, 16384, 65536};
constexpr double kStragglerWorkers[] = {1024, 65536};

// Three digits that say something.
std::string Digits(double value) {
  return value >= 100 ? absl::StrFormat("%.0f", value) : absl::StrFormat("%.3g", value);
}

std::string Bandwidth(double gigabits_per_second) {
  return absl::StrFormat("%g Gbit/s", gigabits_per_second);
}

// In lines of at most 110 columns, each after two blanks.
std::string Wrapped(const std::string& text) {
  constexpr int kColumns = 110;
  std::string lines = " ";
  int used = 0;
  for (absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    const int width = DisplayWidth({word.data(), word.size()});
    if (used + width >= kColumns) {
      lines += "\n ";
      used = 0;
    }
    absl::StrAppend(&lines, " ", word);
    used += width + 1;
  }
  return lines + "\n";
}

// Behind a figure: how it was come by, where messages were not simulated.
const char* MarkOf(const ScalingPoint& point) {
  if (point.method == "closed form") return "*";
  return point.method == "formula" ? "+" : " ";
}

std::string EfficiencyTable(const ScalingStudy& study, const ScalingPhrases& phrases,
                            size_t profile, double bandwidth) {
  std::vector<Table::Column> columns = {{phrases.efficiency, Bandwidth(bandwidth), Align::kLeft}};
  for (double workers : kShownWorkers) columns.push_back({absl::StrCat(workers), phrases.workers});
  Table table(columns);
  for (const std::string& variant : study.Variants()) {
    const ScalingCurve* curve = study.Find({profile, variant, bandwidth, false});
    if (curve == nullptr) continue;
    std::vector<std::string> row = {variant};
    for (double workers : kShownWorkers) {
      const ScalingPoint* point = curve->At(workers);
      row.push_back(point ? Digits(100 * point->efficiency) + MarkOf(*point) : "- ");
    }
    table.AddRow(row);
  }
  return table.ToString(2);
}

std::string KneeTable(const ScalingStudy& study, const ScalingPhrases& phrases, size_t profile) {
  std::vector<Table::Column> columns = {{phrases.fed_workers, "", Align::kLeft}};
  std::vector<std::string> variants;
  for (const std::string& variant : study.Variants()) {
    const double servers = study.AnyOf(variant).ServersInTurn();
    if (servers == 0) continue;
    variants.push_back(variant);
    columns.push_back(
        {servers == 1 ? phrases.one_server : absl::Substitute(phrases.several_servers, servers),
         phrases.simulated});
    columns.push_back({"", "C B S/(2M)"});
  }
  Table table(columns);
  for (double bandwidth : study.Bandwidths()) {
    std::vector<std::string> row = {Bandwidth(bandwidth)};
    for (const std::string& variant : variants) {
      const ScalingCurve* curve = study.Find({profile, variant, bandwidth, false});
      row.push_back(curve ? Digits(KneeOf(study, *curve)) : "-");
      row.push_back(Digits(
          KneeOfLinks(study.profiles[profile], bandwidth, study.AnyOf(variant).ServersInTurn())));
    }
    table.AddRow(row);
  }
  return table.ToString(2);
}

// Where each variant with servers is at least as fast as `rival`.
std::string CrossingTable(const ScalingStudy& study, const ScalingPhrases& phrases, size_t profile,
                          const std::string& rival) {
  std::vector<Table::Column> columns = {
      {absl::Substitute(phrases.as_fast_as, rival), "", Align::kLeft}};
  const std::vector<double> bandwidths = study.Bandwidths();
  for (double bandwidth : bandwidths) columns.push_back({Bandwidth(bandwidth), phrases.workers});
  Table table(columns);
  for (const std::string& variant : study.Variants()) {
    if (!study.AnyOf(variant).HasServers()) continue;
    std::vector<std::string> row = {variant};
    for (double bandwidth : bandwidths) {
      const ScalingCurve* curve = study.Find({profile, variant, bandwidth, false});
      const ScalingCurve* other = study.Find({profile, rival, bandwidth, false});
      row.push_back(curve && other ? WhereFaster(*curve, *other, phrases) : "-");
    }
    table.AddRow(row);
  }
  return table.ToString(2);
}

// With its headline; empty where nothing is known of so many workers.
std::string StragglerTable(const ScalingStudy& study, const ScalingPhrases& phrases, size_t profile,
                           double workers) {
  std::vector<Table::Column> columns = {{phrases.slowdown, "", Align::kLeft}};
  const std::vector<double> bandwidths = study.Bandwidths();
  for (double bandwidth : bandwidths) columns.push_back({Bandwidth(bandwidth), ""});
  Table table(columns);
  bool known = false;
  for (const std::string& variant : study.Variants()) {
    std::vector<std::string> row = {variant};
    bool known_of_variant = false;
    for (double bandwidth : bandwidths) {
      const ScalingCurve* without = study.Find({profile, variant, bandwidth, false});
      const ScalingCurve* with = study.Find({profile, variant, bandwidth, true});
      const ScalingPoint* base = without ? without->At(workers) : nullptr;
      const ScalingPoint* slow = with ? with->At(workers) : nullptr;
      known_of_variant |= base && slow;
      row.push_back(base && slow
                        ? absl::StrFormat("%.2f", slow->step_seconds / base->step_seconds) +
                              MarkOf(*slow)
                        : "- ");
    }
    if (known_of_variant) table.AddRow(row);
    known |= known_of_variant;
  }
  if (!known) return "";
  return absl::StrCat("\n  ",
                      absl::Substitute(phrases.stragglers, workers, 100 * study.straggler_share,
                                       study.straggler_factor),
                      "\n", table.ToString(2));
}

std::string ProfileText(const ScalingStudy& study, const ScalingPhrases& phrases, size_t index) {
  const ScalingProfile& profile = study.profiles[index];
  std::string text = absl::StrCat(
      profile.model, "\n", std::string(static_cast<size_t>(DisplayWidth(profile.model)), '='), "\n",
      Wrapped(profile.hardware), Wrapped(profile.source),
      Wrapped(absl::Substitute(phrases.profile, profile.batch_size,
                               absl::StrFormat("%.4g", profile.pass_seconds),
                               absl::StrFormat("%.1f", profile.gradient_bytes * 1e-6),
                               absl::StrFormat("%.1f", profile.images_per_second_alone()))),
      "\n");
  for (double bandwidth : study.Bandwidths()) {
    absl::StrAppend(&text, EfficiencyTable(study, phrases, index, bandwidth), "\n");
  }
  absl::StrAppend(&text, KneeTable(study, phrases, index));
  for (const std::string& rival : study.Variants()) {
    if (study.AnyOf(rival).HasServers()) continue;
    absl::StrAppend(&text, "\n", CrossingTable(study, phrases, index, rival));
  }
  for (double workers : kStragglerWorkers) {
    absl::StrAppend(&text, StragglerTable(study, phrases, index, workers));
  }
  return text;
}

}  // namespace

std::string ScalingSection(const ScalingStudy& study, const ScalingPhrases& phrases) {
  std::string text = absl::StrCat(
      phrases.title, "\n", std::string(static_cast<size_t>(DisplayWidth(phrases.title)), '-'), "\n",
      phrases.explanation,
      study.commit.empty() ? "" : absl::Substitute(phrases.commit, study.commit));
  for (size_t i = 0; i < study.profiles.size(); ++i) {
    absl::StrAppend(&text, "\n", ProfileText(study, phrases, i));
  }
  return text;
}

std::string WhereFaster(const ScalingCurve& curve, const ScalingCurve& other,
                        const ScalingPhrases& phrases) {
  std::vector<double> compared, faster;
  for (const ScalingPoint& point : curve.points) {
    const ScalingPoint* rival = other.At(point.workers);
    if (rival == nullptr || point.workers < 2) continue;
    compared.push_back(point.workers);
    if (point.images_per_second >= rival->images_per_second) faster.push_back(point.workers);
  }
  if (compared.empty()) return "-";
  if (faster.empty()) return phrases.never;
  if (faster.size() == compared.size()) return phrases.always;
  const auto first = static_cast<int64_t>(faster.front());
  const auto last = static_cast<int64_t>(faster.back());
  if (faster.size() == 1) return absl::Substitute(phrases.at, first);
  if (faster.front() == compared.front()) return absl::Substitute(phrases.up_to, last);
  if (faster.back() == compared.back()) return absl::Substitute(phrases.from, first);
  return absl::Substitute(phrases.from_to, first, last);
}

}  // namespace analysis
