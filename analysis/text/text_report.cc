#include "analysis/text/text_report.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "analysis/data/loss_distance.h"
#include "core/base/statistics.h"
#include "core/base/table.h"
#include "core/breakdown.h"

namespace analysis {
namespace {

constexpr char kAbsent[] = "-";
constexpr size_t kSkippedImagesShown = 20;
constexpr double kMillisecond = 1e-3;
constexpr double kGigabyte = 1e9;

using core::Fixed;
using core::Headline;
using core::Shortened;
using core::Table;
using Align = Table::Align;

std::string Milliseconds(std::optional<double> seconds) {
  return seconds ? Fixed(*seconds / kMillisecond, 1) : kAbsent;
}

// Of pulls and pushes, which differ among strategies where they are short.
std::string PullMilliseconds(std::optional<double> seconds) {
  constexpr double kShort = 10 * kMillisecond;
  return seconds && *seconds < kShort ? Fixed(*seconds / kMillisecond, 2) : Milliseconds(seconds);
}

std::string Difference(double value) { return absl::StrFormat("%.3g", value); }

// "3 + 1": training ranks, and servers if there are any.
std::string RanksOf(int training, int servers) {
  return servers > 0 ? absl::StrCat(training, " + ", servers) : absl::StrCat(training);
}

std::string SpeedupOf(std::optional<double> images_per_second, const Run* baseline) {
  if (baseline == nullptr || !images_per_second) return kAbsent;
  const double reference = baseline->figures.images_per_second.value_or(0);
  return reference > 0 ? Fixed(*images_per_second / reference, 2) : kAbsent;
}

// A line of the comparison.
std::vector<std::string> CellsOf(const core::SimulationRow& row, const Runs& runs, Say say) {
  return {absl::StrCat(row.strategy, " ", say("(simulated)")),
          RanksOf(row.workers, row.servers),
          Fixed(row.images_per_second, 1),
          kAbsent,
          Milliseconds(row.step.total.count()),
          Milliseconds(row.step.communication.count()),
          Milliseconds(row.step.exposed.count()),
          kAbsent,
          SpeedupOf(row.images_per_second, runs.baseline())};
}

std::string AccuracyOf(const Figures& figures, Say say) {
  std::string accuracy = Fixed(figures.best_accuracy, 2);
  if (figures.best_accuracy && !figures.validated) {
    absl::StrAppend(&accuracy, " ", say("(training)"));
  }
  return accuracy;
}

// Lines of a name and a text, in two columns.
class NamedValues {
 public:
  explicit NamedValues(Say say) : millisecond_(say("ms")) {}

  void Add(const std::string& name, std::string value) { table_.AddRow({name, std::move(value)}); }
  void AddMilliseconds(const std::string& name, std::optional<double> seconds) {
    if (seconds) Add(name, absl::StrCat(Milliseconds(seconds), " ", millisecond_));
  }
  void AddPullMilliseconds(const std::string& name, double seconds) {
    Add(name, absl::StrCat(PullMilliseconds(seconds), " ", millisecond_));
  }
  std::string ToString() const { return table_.ToString(2); }

 private:
  const std::string millisecond_;
  Table table_{{{"", "", Align::kLeft}, {"", "", Align::kLeft}}};
};

std::string Configuration(const Run& run, Say say) {
  const core::Results& results = run.results;
  NamedValues values(say);
  if (!results.strategy.empty()) values.Add(say("strategy"), results.strategy);
  values.Add(say("world size"), absl::StrCat(results.world_size));
  values.Add(say("training ranks"), absl::StrCat(run.figures.training_ranks));
  values.Add(say("batch size per rank"), absl::StrCat(results.batch_size));
  values.Add(say("batch size of all ranks"),
             absl::StrCat(int64_t{results.batch_size} * run.figures.training_ranks));
  if (!results.start_time.empty()) values.Add(say("started"), Shortened(results.start_time, 32));
  if (!results.end_time.empty()) values.Add(say("ended"), Shortened(results.end_time, 32));
  for (const auto& [name, value] : results.configuration) {
    values.Add(Shortened(name, 32), Shortened(value, 2000));
  }
  if (!results.peak_memory_bytes.empty()) {
    std::vector<std::string> by_rank;
    for (double bytes : results.peak_memory_bytes) by_rank.push_back(Fixed(bytes / kGigabyte, 2));
    values.Add(say("peak memory by rank"), absl::StrCat(absl::StrJoin(by_rank, ", "), " GB"));
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

// Of a figure that is not named as in files where that says too little.
std::string TitleOf(const core::StepFigure& figure, Say say) {
  if (figure.member == &core::Breakdown::load) return say("waiting for data");
  if (figure.member == &core::Breakdown::waiting) return say("communication waiting for peers");
  return say.Name(figure.name);
}

std::string Averages(const Run& run, Say say) {
  const Figures& figures = run.figures;
  NamedValues values(say);
  values.Add(say("throughput"),
             absl::StrCat(Fixed(figures.images_per_second, 2), " ", say("images/s")));
  values.Add(say("time"), absl::StrCat(Fixed(figures.epoch_seconds, 2), " ", say("s/epoch")));
  values.AddMilliseconds(say("step"), figures.step_seconds);
  if (const std::vector<double>& times = run.results.step_times; !times.empty()) {
    values.AddMilliseconds(say("median step of a rank"), core::Quantile(times, 0.5));
  }
  for (const core::StepFigure& figure : core::kStepFigures) {
    if (figure.member == &core::Breakdown::total) continue;  // Above.
    const double seconds = (StepOf(figures).*figure.member).count();
    if (!(seconds > 0)) continue;
    if (figure.member == &core::Breakdown::pull || figure.member == &core::Breakdown::push) {
      values.AddPullMilliseconds(TitleOf(figure, say), seconds);
    } else {
      values.AddMilliseconds(TitleOf(figure, say), seconds);
    }
  }
  if (figures.breakdown) {
    if (const core::Duration whole = figures.breakdown->communication; whole.count() > 0) {
      const double hidden = 1 - figures.breakdown->exposed / whole;
      values.Add(say("communication hidden"), absl::StrCat(Fixed(100 * hidden, 1), " %"));
    }
  }
  std::string best = Fixed(figures.best_accuracy, 2) + " %";
  for (const core::EpochResult& epoch : run.results.epochs) {
    if (figures.validated && epoch.val_accuracy == figures.best_accuracy) {
      absl::StrAppend(&best, ", ", say("in epoch "), epoch.epoch);
      break;
    }
  }
  if (!figures.validated) absl::StrAppend(&best, " ", say("(training)"));
  if (figures.best_accuracy) values.Add(say("best accuracy"), best);
  values.AddMilliseconds(say("command to first step's end"), run.results.startup_seconds);
  return values.ToString();
}

std::string Epochs(const Run& run, Say say) {
  const bool server = run.figures.pull_seconds || run.figures.push_seconds;
  std::vector<Table::Column> columns = {{say("epoch"), ""},
                                        {say("training"), say("loss")},
                                        {say("training"), say("%|accuracy")},
                                        {say("validation"), say("loss")},
                                        {say("validation"), say("%|accuracy")},
                                        {say("time"), say("s/epoch")},
                                        {say("throughput"), say("images/s")},
                                        {say("step"), say("ms")}};
  if (server) {
    columns.push_back({say("pull|column"), say("ms/step")});
    columns.push_back({say("push|column"), say("ms/step")});
  } else {
    columns.push_back({say("communication"), say("ms/step")});
  }
  columns.push_back({say("exposed"), say("ms/step")});
  Table table(std::move(columns));
  for (const core::EpochResult& epoch : run.results.epochs) {
    std::vector<std::string> row = {
        absl::StrCat(epoch.epoch),        Fixed(epoch.train_loss, 4),
        Fixed(epoch.train_accuracy, 2),   Fixed(epoch.val_loss, 4),
        Fixed(epoch.val_accuracy, 2),     Fixed(epoch.train_time, 2),
        Fixed(epoch.train_throughput, 1), Milliseconds(epoch.avg_batch_time)};
    if (server) {
      row.push_back(PullMilliseconds(epoch.avg_comm_time_pull));
      row.push_back(PullMilliseconds(epoch.avg_comm_time_push));
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

std::string ComparisonSection(const Runs& runs, Say say) {
  Table table({{say("method"), "", Align::kLeft},
               {say("ranks"), say("+ servers")},
               {say("throughput"), say("images/s")},
               {say("time"), say("s/epoch")},
               {say("step"), say("ms")},
               {say("communication"), say("ms/step")},
               {say("exposed"), say("ms/step")},
               {say("best accuracy"), say("%")},
               {say("speed-up"), say("x baseline")}});
  for (const Run& run : runs.runs) {
    const Figures& figures = run.figures;
    table.AddRow({run.name, RanksOf(figures.training_ranks, figures.server_ranks),
                  Fixed(figures.images_per_second, 1), Fixed(figures.epoch_seconds, 2),
                  Milliseconds(figures.step_seconds), Milliseconds(figures.communication_seconds),
                  Milliseconds(figures.exposed_seconds), AccuracyOf(figures, say),
                  SpeedupOf(figures.images_per_second, runs.baseline())});
  }
  for (const core::SimulationRow& row : runs.simulated) table.AddRow(CellsOf(row, runs, say));
  return absl::StrCat(Headline(say("Comparison (means over epochs)"), '-'), table.ToString(0));
}

std::string LossDistanceSection(const Runs& runs, Say say) {
  if (runs.baseline() == nullptr) return "";
  Table table({{say("method"), "", Align::kLeft},
               {say("steps"), say("compared")},
               {say("first step"), ""},
               {say("mean"), ""},
               {say("max"), ""},
               {say("max at"), say("step|number")},
               {say("bit-equal"), "", Align::kLeft}});
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
                      ? absl::StrCat(say("not from step "), *distance->unequal_step)
                      : say("yes")});
    if (distance->not_finite_step) {
      absl::StrAppend(&not_finite, run.name, say(": "),
                      say("a loss is not a finite number from step "), *distance->not_finite_step,
                      "\n");
    }
  }
  if (!compared) return "";
  return absl::StrCat(
      Headline(say("Loss curves, compared with the baseline's (absolute differences)"), '-'),
      table.ToString(0), not_finite);
}

std::string NotesSection(const Runs& runs, Say say) {
  std::vector<std::string> notes;
  if (!runs.missing.empty()) {
    notes.push_back(absl::StrCat(say("missing"), say(": "), absl::StrJoin(runs.missing, ", ")));
  }
  for (const std::string& error : runs.malformed) {
    notes.push_back(absl::StrCat(say("cannot be used"), say(": "), error));
  }
  const Run* baseline = runs.baseline();
  if (baseline == nullptr) {
    notes.push_back(say("without the baseline's results there are no speed-ups and no distances"));
  }
  for (const Run& run : runs.runs) {
    if (run.results.partial)
      notes.push_back(absl::StrCat(run.name, say(": "),
                                   say("the run was interrupted; its results are partial")));
    if (baseline != nullptr && (run.figures.training_ranks != baseline->figures.training_ranks ||
                                run.results.batch_size != baseline->results.batch_size)) {
      notes.push_back(absl::StrCat(run.name, say(": "),
                                   say("training ranks or batch size differ from the baseline's, "
                                       "so its figures do not compare methods alone")));
    }
  }
  if (notes.empty()) return "";
  return absl::StrCat(Headline(say("Notes"), '-'), absl::StrJoin(notes, "\n"), "\n");
}

std::string MethodSection(const Run& run, Say say) {
  std::string text = Headline(absl::StrCat(run.name, " (", run.file, ")"), '=');
  absl::StrAppend(&text, say("Configuration"), "\n", Configuration(run, say), "\n");
  absl::StrAppend(&text, say("Averages"), "\n", Averages(run, say), "\n");
  absl::StrAppend(&text, say("Epochs"), "\n", Epochs(run, say));
  if (!run.results.skipped_images.empty()) {
    absl::StrAppend(&text, "\n", say("Broken images, skipped"), " (",
                    run.results.skipped_images.size(), ")\n",
                    SkippedImages(run.results.skipped_images));
  }
  return text;
}

}  // namespace analysis
