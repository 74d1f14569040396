#include "analysis/text/scaling_text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/substitute.h"
#include "core/base/table.h"

namespace analysis {
namespace {

using core::Headline;
using core::Table;
using Align = Table::Align;

constexpr int kStragglerWorkers[] = {1024, 65536};

// Three digits that say something.
std::string Digits(double value) {
  return value >= 100 ? absl::StrFormat("%.0f", value) : absl::StrFormat("%.3g", value);
}

std::string Bandwidth(double gigabits_per_second) {
  return absl::StrFormat("%g Gbit/s", gigabits_per_second);
}

// In lines of at most 111 columns, each after two blanks.
std::string Paragraph(const std::string& text) { return core::Wrapped(text, 2, 111); }

// Behind a figure: how it was come by, where messages were not simulated.
const char* MarkOf(const core::SimulationRow& point) {
  if (point.method == "closed form") return "*";
  return point.method == "formula" ? "+" : " ";
}

using Columns = std::vector<Table::Column>;

// A row for each variant of which any cell says more than "-"; empty if there is none.
// `cell(variant, i)` stands in the i-th column after the first.
template <typename Cell>
std::string VariantTable(const ScalingStudy& study, const Columns& columns, const Cell& cell) {
  Table table(columns);
  bool known = false;
  for (const std::string& variant : study.Variants()) {
    std::vector<std::string> row = {variant};
    for (size_t i = 0; i + 1 < columns.size(); ++i) row.push_back(cell(variant, i));
    if (std::all_of(row.begin() + 1, row.end(), [](const auto& text) { return text[0] == '-'; })) {
      continue;
    }
    table.AddRow(std::move(row));
    known = true;
  }
  return known ? table.ToString(2) : "";
}

std::string EfficiencyTable(const ScalingStudy& study, Say say, size_t profile, double bandwidth) {
  Columns columns = {{say("efficiency, %"), Bandwidth(bandwidth), Align::kLeft}};
  for (int workers : kShownWorkers) columns.push_back({absl::StrCat(workers), say("workers")});
  return VariantTable(study, columns, [&](const std::string& variant, size_t i) -> std::string {
    const ScalingCurve* curve = study.Find({profile, variant, bandwidth, false});
    const core::SimulationRow* point = curve ? curve->At(kShownWorkers[i]) : nullptr;
    return point ? Digits(100 * point->efficiency) + MarkOf(*point) : "- ";
  });
}

std::string KneeTable(const ScalingStudy& study, Say say, size_t profile) {
  Columns columns = {{say("workers that servers feed"), "", Align::kLeft}};
  std::vector<std::string> variants;
  for (const std::string& variant : study.Variants()) {
    const double servers = study.AnyOf(variant).ServersInTurn();
    if (servers == 0) continue;
    variants.push_back(variant);
    columns.push_back(
        {servers == 1 ? say("1 server") : absl::Substitute(say("$0 servers"), servers),
         say("simulated")});
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
std::string CrossingTable(const ScalingStudy& study, Say say, size_t profile,
                          const std::string& rival) {
  Columns columns = {{absl::Substitute(say("at least as fast as $0"), rival), "", Align::kLeft}};
  const std::vector<double> bandwidths = study.Bandwidths();
  for (double bandwidth : bandwidths) columns.push_back({Bandwidth(bandwidth), say("workers")});
  return VariantTable(study, columns, [&](const std::string& variant, size_t i) -> std::string {
    const ScalingCurve* curve = study.Find({profile, variant, bandwidths[i], false});
    const ScalingCurve* other = study.Find({profile, rival, bandwidths[i], false});
    const bool compared = curve && other && study.AnyOf(variant).HasServers();
    return compared ? WhereFaster(*curve, *other, say) : "-";
  });
}

// With its headline; empty where nothing is known of so many workers.
std::string StragglerTable(const ScalingStudy& study, Say say, size_t profile, int workers) {
  Columns columns = {{say("step with stragglers / without"), "", Align::kLeft}};
  const std::vector<double> bandwidths = study.Bandwidths();
  for (double bandwidth : bandwidths) columns.push_back({Bandwidth(bandwidth), ""});
  const std::string table =
      VariantTable(study, columns, [&](const std::string& variant, size_t i) -> std::string {
        const ScalingCurve* without = study.Find({profile, variant, bandwidths[i], false});
        const ScalingCurve* with = study.Find({profile, variant, bandwidths[i], true});
        const core::SimulationRow* base = without ? without->At(workers) : nullptr;
        const core::SimulationRow* slow = with ? with->At(workers) : nullptr;
        if (!base || !slow) return "- ";
        return absl::StrFormat("%.2f", slow->step.total / base->step.total) + MarkOf(*slow);
      });
  if (table.empty()) return "";
  return absl::StrCat(
      "\n  ",
      absl::Substitute(say("$0 workers, $1 % of which compute $2 times as long:"), workers,
                       100 * study.straggler_share, study.straggler_factor),
      "\n", table);
}

std::string ProfileText(const ScalingStudy& study, Say say, size_t index) {
  const ScalingProfile& profile = study.profiles[index];
  std::string text = absl::StrCat(
      Headline(profile.model, '='), Paragraph(profile.hardware), Paragraph(profile.source),
      Paragraph(absl::Substitute(say("batch $0 a worker, computing time C = $1 s, "
                                     "gradients M = $2 MB; a worker alone: $3 images/s"),
                                 profile.batch_size, absl::StrFormat("%.4g", profile.pass_seconds),
                                 absl::StrFormat("%.1f", profile.gradient_bytes * 1e-6),
                                 absl::StrFormat("%.1f", profile.images_per_second_alone()))),
      "\n");
  for (double bandwidth : study.Bandwidths()) {
    absl::StrAppend(&text, EfficiencyTable(study, say, index, bandwidth), "\n");
  }
  absl::StrAppend(&text, KneeTable(study, say, index));
  for (const std::string& rival : study.Variants()) {
    if (study.AnyOf(rival).HasServers()) continue;
    absl::StrAppend(&text, "\n", CrossingTable(study, say, index, rival));
  }
  for (int workers : kStragglerWorkers) {
    absl::StrAppend(&text, StragglerTable(study, say, index, workers));
  }
  return text;
}

}  // namespace

std::string ScalingSection(const ScalingStudy& study, Say say) {
  std::string text = absl::StrCat(
      Headline(say("Scaling of parameter servers and all-reduce (simulated)"), '-'),
      say(kScalingExplanation),
      study.commit.empty() ? "" : absl::Substitute(say("Simulated by commit $0.\n"), study.commit));
  for (size_t i = 0; i < study.profiles.size(); ++i) {
    absl::StrAppend(&text, "\n", ProfileText(study, say, i));
  }
  return text;
}

std::string WhereFaster(const ScalingCurve& curve, const ScalingCurve& other, Say say) {
  std::vector<int> compared, faster;
  for (const core::SimulationRow& point : curve.points) {
    const core::SimulationRow* rival = other.At(point.workers);
    if (rival == nullptr || point.workers < 2) continue;
    compared.push_back(point.workers);
    if (point.images_per_second >= rival->images_per_second) faster.push_back(point.workers);
  }
  if (compared.empty()) return "-";
  if (faster.empty()) return say("never");
  if (faster.size() == compared.size()) return say("always");
  const int first = faster.front();
  const int last = faster.back();
  if (faster.size() == 1) return absl::Substitute(say("at $0"), first);
  if (first == compared.front()) return absl::Substitute(say("up to $0"), last);
  if (last == compared.back()) return absl::Substitute(say("from $0"), first);
  return absl::Substitute(say("$0 to $1"), first, last);
}

}  // namespace analysis
