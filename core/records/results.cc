#include "core/records/results.h"

#include <algorithm>
#include <numeric>
#include <string_view>

#include "absl/strings/match.h"
#include "core/base/error.h"
#include "core/base/json_object.h"
#include "core/base/statistics.h"
#include "core/records/fields.h"
#include "nlohmann/json.hpp"

namespace core {

template <typename Fields>
void Visit(Fields& fields, MaybeConst<Breakdown> auto& breakdown) {
  for (const StepFigure& figure : kStepFigures) fields(figure.name, breakdown.*figure.member);
}

template <typename Fields>
void Visit(Fields& fields, MaybeConst<EpochResult> auto& epoch) {
  fields("epoch", epoch.epoch);
  fields("train_loss", epoch.train_loss, kOrNan);
  fields("train_accuracy", epoch.train_accuracy, kRequired);
  fields("train_time", epoch.train_time, kRequired);
  fields("train_throughput", epoch.train_throughput, kRequired);
  fields("avg_batch_time", epoch.avg_batch_time);
  fields("avg_comm_time", epoch.avg_comm_time);
  fields("avg_comm_time_pull", epoch.avg_comm_time_pull);
  fields("avg_comm_time_push", epoch.avg_comm_time_push);
  fields("val_loss", epoch.val_loss, kOrNan);
  fields("val_accuracy", epoch.val_accuracy);
  fields("breakdown", epoch.breakdown);
}

template <typename Fields>
void Visit(Fields& fields, MaybeConst<Results> auto& results) {
  fields("method", results.method);
  fields("strategy", results.strategy);
  fields("world_size", results.world_size, AtLeast(1));
  fields("num_workers", results.num_workers);
  fields("batch_size", results.batch_size, AtLeast(1));
  fields("start_time", results.start_time);
  fields("end_time", results.end_time);
  fields("partial", results.partial);
  fields("epochs", results.epochs, kRequired);
  fields("all_losses", results.all_losses, kOrNan);  // One per step, or a list of them per epoch.
  fields("best_accuracy", results.best_accuracy);
  fields("summary", results.summary);
  fields("configuration", results.configuration);
  fields("skipped_images", results.skipped_images);
  fields("peak_memory_bytes", results.peak_memory_bytes);
  fields("step_times", results.step_times);
  fields("startup_seconds", results.startup_seconds);
}

namespace {

// Some three million steps; larger is no results file, and reading it would only eat memory.
constexpr int64_t kBytesMax = int64_t{64} << 20;

// "2024-05-01T12:34:56.789" becomes "2024-05-01 12:34:56"; any other text stays.
std::string PlainTime(std::string time) {
  constexpr std::string_view kPattern = "dddd-dd-ddTdd:dd:dd";
  if (time.size() < kPattern.size()) return time;
  for (size_t i = 0; i < kPattern.size(); ++i) {
    const bool digit = time[i] >= '0' && time[i] <= '9';
    if (kPattern[i] == 'd' ? !digit : time[i] != kPattern[i]) return time;
  }
  time[10] = ' ';
  return time.substr(0, kPattern.size());
}

std::vector<double> LossesOfEpoch(JsonObject& epoch) {
  for (const std::string& name : epoch.Keys()) {
    if (absl::StrContains(name, "loss") && !absl::StrContains(name, "val") && epoch.HasList(name)) {
      return epoch.NumbersOrNan(name);
    }
  }
  return {};
}

// What files leave out, or older ones say otherwise: epochs counted from 0 or not at all, losses as
// lists in the epochs.
void FillFromEpochs(std::vector<JsonObject> objects, Results& results) {
  const bool has_losses = !results.all_losses.empty();
  for (size_t i = 0; i < objects.size(); ++i) {
    EpochResult& epoch = results.epochs[i];
    const std::vector<double> losses = LossesOfEpoch(objects[i]);
    const double steps = static_cast<double>(losses.size());
    if (!objects[i].HasValue("epoch")) epoch.epoch = static_cast<int>(i) + 1;
    if (epoch.avg_batch_time == 0 && steps > 0) epoch.avg_batch_time = epoch.train_time / steps;
    if (!objects[i].Has("train_loss") || objects[i].HasList("train_loss")) {
      epoch.train_loss = losses.empty()
                             ? objects[i].NumberOrNan("train_loss")
                             : std::accumulate(losses.begin(), losses.end(), 0.0) / steps;
    }
    if (has_losses) continue;
    results.all_losses.insert(results.all_losses.end(), losses.begin(), losses.end());
  }
  const bool from_zero = !results.epochs.empty() && results.epochs.front().epoch == 0;
  for (EpochResult& epoch : results.epochs) epoch.epoch += from_zero ? 1 : 0;
  Results whole;
  whole.epochs = results.epochs;
  Summarize(whole);
  results.summary.merge(whole.summary);
  if (!results.best_accuracy) results.best_accuracy = whole.best_accuracy;
}

Results FromJson(JsonObject file) {
  Results results;
  FieldReader::ReadRecord(file, results);
  results.start_time = PlainTime(results.start_time);
  results.end_time = PlainTime(results.end_time);
  FillFromEpochs(file.Objects("epochs"), results);
  return results;
}

}  // namespace

void Summarize(Results& results) {
  results.summary.clear();
  results.best_accuracy.reset();
  if (results.epochs.empty()) return;
  const auto mean = [&results](const char* key, auto field) {
    const std::optional<double> value = MeanOf(results.epochs, field);
    if (value) results.summary[key] = *value;
  };
  mean("avg_train_throughput", &EpochResult::train_throughput);
  mean("avg_train_time_per_epoch", &EpochResult::train_time);
  mean("avg_comm_time", &EpochResult::avg_comm_time);
  mean("avg_comm_time_pull", &EpochResult::avg_comm_time_pull);
  mean("avg_comm_time_push", &EpochResult::avg_comm_time_push);
  for (const EpochResult& epoch : results.epochs) {
    if (epoch.val_accuracy) {
      results.best_accuracy = std::max(results.best_accuracy.value_or(0), *epoch.val_accuracy);
    }
  }
  if (results.best_accuracy) {
    results.summary["best_val_accuracy"] = *results.best_accuracy;
  } else {
    results.summary["final_train_accuracy"] = results.epochs.back().train_accuracy;
  }
}

std::string FormatResults(const Results& results) {
  const nlohmann::ordered_json json = FieldWriter::ToJson(results);
  return json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

absl::Status WriteResults(const Results& results, const std::string& path) {
  return WriteFile(path, FormatResults(results));
}

absl::StatusOr<Results> ParseResults(const std::string& text, const std::string& name) {
  try {
    return FromJson(JsonObject::Parse(text, name));
  } catch (const Error& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

absl::StatusOr<Results> ReadResults(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path, kBytesMax);
  return text.ok() ? ParseResults(*text, path) : text.status();
}

}  // namespace core
