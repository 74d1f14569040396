#include "core/records/results.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "core/base/error.h"
#include "core/base/json_object.h"
#include "nlohmann/json.hpp"

namespace core {
namespace {

using Json = nlohmann::ordered_json;

// Some three million steps; larger is no results file, and reading it would only eat memory.
constexpr int64_t kBytesMax = int64_t{64} << 20;

// A field without a value is left out.
template <typename T>
void Put(Json& json, const char* key, const std::optional<T>& value) {
  if (value) json[key] = *value;
}

Json ToJson(const EpochResult& epoch) {
  Json json = {{"epoch", epoch.epoch},
               {"train_loss", epoch.train_loss},
               {"train_accuracy", epoch.train_accuracy},
               {"train_time", epoch.train_time},
               {"train_throughput", epoch.train_throughput},
               {"avg_batch_time", epoch.avg_batch_time}};
  Put(json, "avg_comm_time", epoch.avg_comm_time);
  Put(json, "avg_comm_time_pull", epoch.avg_comm_time_pull);
  Put(json, "avg_comm_time_push", epoch.avg_comm_time_push);
  Put(json, "val_loss", epoch.val_loss);
  Put(json, "val_accuracy", epoch.val_accuracy);
  if (const auto& b = epoch.breakdown) {
    json["breakdown"] = {{"total", b->total},
                         {"load", b->load},
                         {"computation", b->computation},
                         {"communication", b->communication},
                         {"exposed", b->exposed},
                         {"waiting", b->waiting}};
  }
  return json;
}

Json ToJson(const Results& results) {
  Json json = {{"method", results.method},
               {"strategy", results.strategy},
               {"world_size", results.world_size}};
  Put(json, "num_workers", results.num_workers);
  json["batch_size"] = results.batch_size;
  json["start_time"] = results.start_time;
  json["end_time"] = results.end_time;
  json["partial"] = results.partial;
  json["epochs"] = Json::array();
  for (const EpochResult& epoch : results.epochs) json["epochs"].push_back(ToJson(epoch));
  json["all_losses"] = results.all_losses;
  Put(json, "best_accuracy", results.best_accuracy);
  json["summary"] = Json::object();
  for (const auto& [key, value] : results.summary) json["summary"][key] = value;
  json["configuration"] = Json::object();
  for (const auto& [key, value] : results.configuration) json["configuration"][key] = value;
  json["skipped_images"] = results.skipped_images;
  json["peak_memory_bytes"] = results.peak_memory_bytes;
  json["step_times"] = results.step_times;
  Put(json, "startup_seconds", results.startup_seconds);
  return json;
}

std::optional<double> OptionalNumber(JsonObject& object, const char* key) {
  return object.HasValue(key) ? std::optional(object.Number(key, 0)) : std::nullopt;
}

std::string OptionalText(JsonObject& object, const char* key) {
  return object.HasValue(key) ? object.Text(key) : "";
}

std::vector<double> OptionalNumbers(JsonObject& object, const char* key) {
  return object.HasValue(key) ? object.Numbers(key, 0) : std::vector<double>();
}

// "2024-05-01T12:34:56.789" becomes "2024-05-01 12:34:56"; any other text stays.
std::string ReadTime(JsonObject& object, const char* key) {
  std::string time = OptionalText(object, key);
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

BreakdownResult ReadBreakdown(JsonObject object) {
  const auto seconds = [&](const char* key) { return OptionalNumber(object, key).value_or(0); };
  return {.total = seconds("total"),
          .load = seconds("load"),
          .computation = seconds("computation"),
          .communication = seconds("communication"),
          .exposed = seconds("exposed"),
          .waiting = seconds("waiting")};
}

EpochResult ReadEpoch(JsonObject& object, int position, const std::vector<double>& losses) {
  const double steps = static_cast<double>(losses.size());
  EpochResult epoch;
  epoch.epoch = object.HasValue("epoch") ? object.Count("epoch", 0) : position;
  if (losses.empty() || (object.Has("train_loss") && !object.HasList("train_loss"))) {
    epoch.train_loss = object.NumberOrNan("train_loss");
  } else {
    epoch.train_loss = std::accumulate(losses.begin(), losses.end(), 0.0) / steps;
  }
  epoch.train_accuracy = object.Number("train_accuracy", 0);
  epoch.train_time = object.Number("train_time", 0);
  epoch.train_throughput = object.Number("train_throughput", 0);
  epoch.avg_batch_time = OptionalNumber(object, "avg_batch_time")
                             .value_or(losses.empty() ? 0 : epoch.train_time / steps);
  epoch.avg_comm_time = OptionalNumber(object, "avg_comm_time");
  epoch.avg_comm_time_pull = OptionalNumber(object, "avg_comm_time_pull");
  epoch.avg_comm_time_push = OptionalNumber(object, "avg_comm_time_push");
  if (object.Has("val_loss")) epoch.val_loss = object.NumberOrNan("val_loss");
  epoch.val_accuracy = OptionalNumber(object, "val_accuracy");
  if (object.HasValue("breakdown")) epoch.breakdown = ReadBreakdown(object.Object("breakdown"));
  return epoch;
}

void ReadEpochs(JsonObject& file, Results& results) {
  std::vector<double> losses_in_epochs;
  for (JsonObject& epoch : file.Objects("epochs")) {
    const std::vector<double> losses = LossesOfEpoch(epoch);
    const int position = static_cast<int>(results.epochs.size()) + 1;
    results.epochs.push_back(ReadEpoch(epoch, position, losses));
    losses_in_epochs.insert(losses_in_epochs.end(), losses.begin(), losses.end());
  }
  const bool from_zero = !results.epochs.empty() && results.epochs.front().epoch == 0;
  for (EpochResult& epoch : results.epochs) epoch.epoch += from_zero ? 1 : 0;

  // One number per step, or one list of them per epoch.
  if (file.HasValue("all_losses")) results.all_losses = file.NumbersOrNan("all_losses");
  if (results.all_losses.empty()) results.all_losses = std::move(losses_in_epochs);
}

void ReadSummary(JsonObject& file, Results& results) {
  // What the epochs say fills what the file leaves out.
  Summarize(results);
  if (file.HasValue("summary")) {
    JsonObject summary = file.Object("summary");
    for (const std::string& key : summary.Keys()) {
      if (summary.HasNumber(key)) results.summary[key] = summary.Number(key, 0);
    }
  }
  if (const auto best = OptionalNumber(file, "best_accuracy")) results.best_accuracy = best;
}

Results FromJson(JsonObject file) {
  Results results;
  results.method = OptionalText(file, "method");
  results.strategy = OptionalText(file, "strategy");
  results.world_size = file.Count("world_size", 1);
  if (file.HasValue("num_workers")) results.num_workers = file.Count("num_workers", 0);
  results.batch_size = file.Count("batch_size", 1);
  results.start_time = ReadTime(file, "start_time");
  results.end_time = ReadTime(file, "end_time");
  results.partial = file.HasValue("partial") && file.Boolean("partial");
  ReadEpochs(file, results);
  ReadSummary(file, results);
  if (file.HasValue("configuration")) {
    JsonObject configuration = file.Object("configuration");
    for (const std::string& key : configuration.Keys()) {
      results.configuration[key] = configuration.Text(key);
    }
  }
  if (file.HasValue("skipped_images")) results.skipped_images = file.Texts("skipped_images");
  results.peak_memory_bytes = OptionalNumbers(file, "peak_memory_bytes");
  results.step_times = OptionalNumbers(file, "step_times");
  results.startup_seconds = OptionalNumber(file, "startup_seconds");
  return results;
}

}  // namespace

void Summarize(Results& results) {
  results.summary.clear();
  results.best_accuracy.reset();
  if (results.epochs.empty()) return;
  // The mean over the epochs that have the value.
  const auto mean = [&results](const char* key, auto field) {
    double sum = 0;
    int count = 0;
    for (const EpochResult& epoch : results.epochs) {
      if (const std::optional<double> value = epoch.*field) {
        sum += *value;
        ++count;
      }
    }
    if (count > 0) results.summary[key] = sum / count;
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

absl::Status WriteResults(const Results& results, const std::string& path) {
  return WriteFile(path,
                   ToJson(results).dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

absl::StatusOr<Results> ReadResults(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path, kBytesMax);
  if (!text.ok()) return text.status();
  try {
    return FromJson(JsonObject::Parse(*text, path));
  } catch (const Error& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace core
