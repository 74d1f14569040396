#include "analysis/text/text_report.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "analysis/data/loss_distance.h"
#include "core/base/quantile.h"
#include "core/base/table.h"

namespace analysis {
namespace {

constexpr char kAbsent[] = "-";
constexpr size_t kSkippedImagesShown = 20;
constexpr double kMillisecond = 1e-3;
constexpr double kGigabyte = 1e9;

using core::DisplayWidth;
using core::Shortened;
using core::Table;
using Align = Table::Align;

Table::Column ColumnOf(const Phrases::Heading& heading, Align align = Align::kRight) {
  return {heading.text, heading.unit, align};
}

std::string Fixed(std::optional<double> value, int digits) {
  return value ? absl::StrFormat("%.*f", digits, *value) : kAbsent;
}

std::string Milliseconds(std::optional<double> seconds) {
  return seconds ? Fixed(*seconds / kMillisecond, 1) : kAbsent;
}

std::string Difference(double value) { return absl::StrFormat("%.3g", value); }

// "3 + 1": training ranks, and servers if there are any.
std::string RanksOf(int training, int servers) {
  return servers > 0 ? absl::StrCat(training, " + ", servers) : absl::StrCat(training);
}

std::string SpeedupOf(const Run& run, const Run* baseline) {
  if (baseline == nullptr || !run.figures.images_per_second) return kAbsent;
  const double reference = baseline->figures.images_per_second.value_or(0);
  return reference > 0 ? Fixed(*run.figures.images_per_second / reference, 2) : kAbsent;
}

// A line of the comparison.
std::vector<std::string> CellsOf(const SimulatedRow& row, const Runs& runs,
                                 const Phrases& phrases) {
  const Run* baseline = runs.baseline();
  const double reference = baseline ? baseline->figures.images_per_second.value_or(0) : 0;
  return {absl::StrCat(row.strategy, " ", phrases.simulated),
          RanksOf(row.training_ranks, row.server_ranks),
          Fixed(row.images_per_second, 1),
          kAbsent,
          Milliseconds(row.step_seconds),
          Milliseconds(row.communication_seconds),
          Milliseconds(row.exposed_seconds),
          kAbsent,
          reference > 0 ? Fixed(row.images_per_second / reference, 2) : kAbsent};
}

std::string AccuracyOf(const Figures& figures, const Phrases& phrases) {
  std::string accuracy = Fixed(figures.best_accuracy, 2);
  if (figures.best_accuracy && !figures.validated) {
    absl::StrAppend(&accuracy, " ", phrases.of_training);
  }
  return accuracy;
}

std::string Headline(std::string_view text, char underline) {
  return absl::StrCat(std::string(text), "\n", std::string(DisplayWidth(text), underline), "\n");
}

// Lines of a name and a text, in two columns.
class NamedValues {
 public:
  explicit NamedValues(const Phrases& phrases) : millisecond_(phrases.step_time.unit) {}

  void Add(const std::string& name, std::string value) { table_.AddRow({name, std::move(value)}); }
  void AddMilliseconds(const std::string& name, std::optional<double> seconds) {
    if (seconds) Add(name, absl::StrCat(Milliseconds(seconds), " ", millisecond_));
  }
  std::string ToString() const { return table_.ToString(2); }

 private:
  const char* const millisecond_;
  Table table_{{{"", "", Align::kLeft}, {"", "", Align::kLeft}}};
};

std::string Configuration(const Run& run, const Phrases& phrases) {
  const core::Results& results = run.results;
  NamedValues values(phrases);
  if (!results.strategy.empty()) values.Add(phrases.strategy, results.strategy);
  values.Add(phrases.world_size, absl::StrCat(results.world_size));
  values.Add(phrases.training_ranks, absl::StrCat(run.figures.training_ranks));
  values.Add(phrases.batch_size, absl::StrCat(results.batch_size));
  values.Add(phrases.global_batch_size,
             absl::StrCat(int64_t{results.batch_size} * run.figures.training_ranks));
  if (!results.start_time.empty()) values.Add(phrases.started, Shortened(results.start_time, 32));
  if (!results.end_time.empty()) values.Add(phrases.ended, Shortened(results.end_time, 32));
  for (const auto& [name, value] : results.configuration) {
    values.Add(Shortened(name, 32), Shortened(value, 2000));
  }
  if (!results.peak_memory_bytes.empty()) {
    std::vector<std::string> by_rank;
    for (double bytes : results.peak_memory_bytes) by_rank.push_back(Fixed(bytes / kGigabyte, 2));
    values.Add(phrases.peak_memory, absl::StrCat(absl::StrJoin(by_rank, ", "), " GB"));
  }
  return values.ToString();
}

// Where a step's time went, as far as the run's file says.
core::Breakdown StepOf(const Figures& figures) {
  core::Breakdown step = figures.breakdown.value_or(core::Breakdown());
  if (figures.communication_seconds)
    step.communication = core::Duration(*figures.communication_seconds);
  if (figures.pull_seconds) step.pull = core::Duration(*figures.pull_seconds);
  if (figures.push_seconds) step.push = core::Duration(*figures.push_seconds);
  return step;
}

std::string Averages(const Run& run, const Phrases& phrases) {
  const Figures& figures = run.figures;
  NamedValues values(phrases);
  values.Add(phrases.throughput.text,
             absl::StrCat(Fixed(figures.images_per_second, 2), " ", phrases.throughput.unit));
  values.Add(phrases.epoch_time.text,
             absl::StrCat(Fixed(figures.epoch_seconds, 2), " ", phrases.epoch_time.unit));
  values.AddMilliseconds(phrases.step_time.text, figures.step_seconds);
  if (const std::vector<double>& times = run.results.step_times; !times.empty()) {
    values.AddMilliseconds(phrases.median_step, core::Quantile(times, 0.5));
  }
  for (const core::StepFigure& figure : core::kStepFigures) {
    if (figure.member == &core::Breakdown::total) continue;  // Above.
    const double seconds = (StepOf(figures).*figure.member).count();
    if (seconds > 0) values.AddMilliseconds(phrases.TitleOf(figure), seconds);
  }
  if (figures.breakdown) {
    if (const core::Duration whole = figures.breakdown->communication; whole.count() > 0) {
      const double hidden = 1 - figures.breakdown->exposed / whole;
      values.Add(phrases.hidden_share, absl::StrCat(Fixed(100 * hidden, 1), " %"));
    }
  }
  std::string best = Fixed(figures.best_accuracy, 2) + " %";
  for (const core::EpochResult& epoch : run.results.epochs) {
    if (figures.validated && epoch.val_accuracy == figures.best_accuracy) {
      absl::StrAppend(&best, ", ", phrases.best_in_epoch, epoch.epoch);
      break;
    }
  }
  if (!figures.validated) absl::StrAppend(&best, " ", phrases.of_training);
  if (figures.best_accuracy) values.Add(phrases.best_accuracy.text, best);
  values.AddMilliseconds(phrases.startup, run.results.startup_seconds);
  return values.ToString();
}

std::string Epochs(const Run& run, const Phrases& phrases) {
  const bool server = run.figures.pull_seconds || run.figures.push_seconds;
  std::vector<Table::Column> columns = {ColumnOf(phrases.epoch),
                                        ColumnOf(phrases.train_loss),
                                        ColumnOf(phrases.train_accuracy),
                                        ColumnOf(phrases.validation_loss),
                                        ColumnOf(phrases.validation_accuracy),
                                        ColumnOf(phrases.epoch_time),
                                        ColumnOf(phrases.throughput),
                                        ColumnOf(phrases.step_time)};
  if (server) {
    columns.push_back(ColumnOf(phrases.pull_time));
    columns.push_back(ColumnOf(phrases.push_time));
  } else {
    columns.push_back(ColumnOf(phrases.communication));
  }
  columns.push_back(ColumnOf(phrases.exposed));
  Table table(std::move(columns));
  for (const core::EpochResult& epoch : run.results.epochs) {
    std::vector<std::string> row = {
        absl::StrCat(epoch.epoch),        Fixed(epoch.train_loss, 4),
        Fixed(epoch.train_accuracy, 2),   Fixed(epoch.val_loss, 4),
        Fixed(epoch.val_accuracy, 2),     Fixed(epoch.train_time, 2),
        Fixed(epoch.train_throughput, 1), Milliseconds(epoch.avg_batch_time)};
    if (server) {
      row.push_back(Milliseconds(epoch.avg_comm_time_pull));
      row.push_back(Milliseconds(epoch.avg_comm_time_push));
    } else {
      row.push_back(Milliseconds(epoch.breakdown
                                     ? std::optional(epoch.breakdown->communication.count())
                                     : epoch.avg_comm_time));
    }
    row.push_back(epoch.breakdown ? Milliseconds(epoch.breakdown->exposed.count()) : kAbsent);
    table.AddRow(std::move(row));
  }
  return table.ToString(2);
}

std::string SkippedImages(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kSkippedImagesShown); ++i) {
    absl::StrAppend(&text, "  ", Shortened(names[i], 200), "\n");
  }
  if (names.size() > kSkippedImagesShown) {
    absl::StrAppend(&text, "  ... +", names.size() - kSkippedImagesShown, "\n");
  }
  return text;
}

}  // namespace

std::string ComparisonSection(const Runs& runs, const Phrases& phrases) {
  Table table({ColumnOf(phrases.method, Align::kLeft), ColumnOf(phrases.ranks),
               ColumnOf(phrases.throughput), ColumnOf(phrases.epoch_time),
               ColumnOf(phrases.step_time), ColumnOf(phrases.communication),
               ColumnOf(phrases.exposed), ColumnOf(phrases.best_accuracy),
               ColumnOf(phrases.speedup)});
  for (const Run& run : runs.runs) {
    const Figures& figures = run.figures;
    table.AddRow({run.name, RanksOf(figures.training_ranks, figures.server_ranks),
                  Fixed(figures.images_per_second, 1), Fixed(figures.epoch_seconds, 2),
                  Milliseconds(figures.step_seconds), Milliseconds(figures.communication_seconds),
                  Milliseconds(figures.exposed_seconds), AccuracyOf(figures, phrases),
                  SpeedupOf(run, runs.baseline())});
  }
  for (const SimulatedRow& row : runs.simulated) table.AddRow(CellsOf(row, runs, phrases));
  return absl::StrCat(Headline(phrases.comparison, '-'), table.ToString(0));
}

std::string LossDistanceSection(const Runs& runs, const Phrases& phrases) {
  if (runs.baseline() == nullptr) return "";
  Table table({ColumnOf(phrases.method, Align::kLeft), ColumnOf(phrases.steps_compared),
               ColumnOf(phrases.first_step), ColumnOf(phrases.mean_difference),
               ColumnOf(phrases.largest_difference), ColumnOf(phrases.at_step),
               ColumnOf(phrases.bit_equal, Align::kLeft)});
  std::string not_finite;
  bool compared = false;
  for (const Run& run : runs.runs) {
    if (run.order == 0) continue;
    const auto distance = DistanceOf(run.results.all_losses, runs.baseline()->results.all_losses);
    if (!distance) continue;
    compared = true;
    table.AddRow({run.name, absl::StrCat(distance->steps), Difference(distance->first),
                  Difference(distance->mean), Difference(distance->largest),
                  distance->largest_step > 0 ? absl::StrCat(distance->largest_step) : kAbsent,
                  distance->unequal_step
                      ? absl::StrCat(phrases.no_from_step, *distance->unequal_step)
                      : phrases.yes});
    if (distance->not_finite_step) {
      absl::StrAppend(&not_finite, run.name, phrases.colon, phrases.not_finite_from_step,
                      *distance->not_finite_step, "\n");
    }
  }
  if (!compared) return "";
  return absl::StrCat(Headline(phrases.distances, '-'), table.ToString(0), not_finite);
}

std::string NotesSection(const Runs& runs, const Phrases& phrases) {
  std::vector<std::string> notes;
  if (!runs.missing.empty()) {
    notes.push_back(
        absl::StrCat(phrases.missing, phrases.colon, absl::StrJoin(runs.missing, ", ")));
  }
  for (const std::string& error : runs.malformed) {
    notes.push_back(absl::StrCat(phrases.malformed, phrases.colon, error));
  }
  const Run* baseline = runs.baseline();
  if (baseline == nullptr) notes.emplace_back(phrases.no_baseline);
  for (const Run& run : runs.runs) {
    if (run.results.partial)
      notes.push_back(absl::StrCat(run.name, phrases.colon, phrases.partial));
    if (baseline != nullptr && (run.figures.training_ranks != baseline->figures.training_ranks ||
                                run.results.batch_size != baseline->results.batch_size)) {
      notes.push_back(absl::StrCat(run.name, phrases.colon, phrases.unequal_work));
    }
  }
  if (notes.empty()) return "";
  return absl::StrCat(Headline(phrases.notes, '-'), absl::StrJoin(notes, "\n"), "\n");
}

std::string MethodSection(const Run& run, const Phrases& phrases) {
  std::string text = Headline(absl::StrCat(run.name, " (", run.file, ")"), '=');
  absl::StrAppend(&text, phrases.configuration, "\n", Configuration(run, phrases), "\n");
  absl::StrAppend(&text, phrases.averages, "\n", Averages(run, phrases), "\n");
  absl::StrAppend(&text, phrases.epochs, "\n", Epochs(run, phrases));
  if (!run.results.skipped_images.empty()) {
    absl::StrAppend(&text, "\n", phrases.skipped_images, " (", run.results.skipped_images.size(),
                    ")\n", SkippedImages(run.results.skipped_images));
  }
  return text;
}

}  // namespace analysis
