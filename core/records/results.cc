#include "core/records/results.h"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <iterator>
#include <numeric>
#include <string_view>
#include <type_traits>
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

struct Required {};
constexpr Required kRequired;

template <typename T, typename Record>
concept MaybeConst = std::same_as<std::remove_const_t<T>, Record>;

// The fields of a file, once for Writer and Reader. Those that are required must be there.
template <typename Fields>
void Visit(Fields& fields, MaybeConst<Breakdown> auto& breakdown) {
  for (const StepFigure& figure : kStepFigures) fields(figure.name, breakdown.*figure.member);
}

template <typename Fields>
void Visit(Fields& fields, MaybeConst<EpochResult> auto& epoch) {
  fields("epoch", epoch.epoch);
  fields.Loss("train_loss", epoch.train_loss);
  fields("train_accuracy", epoch.train_accuracy, kRequired);
  fields("train_time", epoch.train_time, kRequired);
  fields("train_throughput", epoch.train_throughput, kRequired);
  fields("avg_batch_time", epoch.avg_batch_time);
  fields("avg_comm_time", epoch.avg_comm_time);
  fields("avg_comm_time_pull", epoch.avg_comm_time_pull);
  fields("avg_comm_time_push", epoch.avg_comm_time_push);
  fields.Loss("val_loss", epoch.val_loss);
  fields("val_accuracy", epoch.val_accuracy);
  fields("breakdown", epoch.breakdown);
}

template <typename Fields>
void Visit(Fields& fields, MaybeConst<Results> auto& results) {
  fields("method", results.method);
  fields("strategy", results.strategy);
  fields("world_size", results.world_size, kRequired);
  fields("num_workers", results.num_workers);
  fields("batch_size", results.batch_size, kRequired);
  fields("start_time", results.start_time);
  fields("end_time", results.end_time);
  fields("partial", results.partial);
  fields("epochs", results.epochs, kRequired);
  fields.Loss("all_losses", results.all_losses);
  fields("best_accuracy", results.best_accuracy);
  fields("summary", results.summary);
  fields("configuration", results.configuration);
  fields("skipped_images", results.skipped_images);
  fields("peak_memory_bytes", results.peak_memory_bytes);
  fields("step_times", results.step_times);
  fields("startup_seconds", results.startup_seconds);
}

// An object to be. A field without a value is left out.
struct Writer {
  Json json = Json::object();

  template <typename T>
  void operator()(const char* name, const T& value, Required = {}) {
    json[name] = ToJson(value);
  }
  template <typename T>
  void operator()(const char* name, const std::optional<T>& value) {
    if (value) json[name] = ToJson(*value);
  }
  void operator()(const char* name, const Duration& value) {
    if (!std::isnan(value.count())) json[name] = value.count();
  }
  template <typename T>
  void Loss(const char* name, const T& value) {
    (*this)(name, value);
  }

  template <typename T>
  static Json ToJson(const T& value) {
    if constexpr (requires(Writer writer) { Visit(writer, value); }) {
      Writer writer;
      Visit(writer, value);
      return writer.json;
    } else {
      return value;
    }
  }
  static Json ToJson(const std::vector<EpochResult>& epochs) {
    Json list = Json::array();
    for (const EpochResult& epoch : epochs) list.push_back(ToJson(epoch));
    return list;
  }
};

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

// Reads the fields of an object. What may be missing, or null, leaves its value as it is.
class Reader {
 public:
  explicit Reader(JsonObject& object) : object_(object) {}

  template <typename T>
  void operator()(const char* name, T& value) {
    if (object_.HasValue(name)) Read(name, value);
  }
  template <typename T>
  void operator()(const char* name, T& value, Required) {
    Read(name, value);
    if constexpr (std::same_as<T, int>) value = object_.Count(name, 1);
  }
  // The mean of the steps', where there is nothing else.
  void Loss(const char* name, double& mean) {
    const std::vector<double> losses = LossesOfEpoch(object_);
    if (losses.empty() || (object_.Has(name) && !object_.HasList(name))) {
      mean = object_.NumberOrNan(name);
    } else {
      mean = std::accumulate(losses.begin(), losses.end(), 0.0) / std::ssize(losses);
    }
  }
  void Loss(const char* name, std::optional<double>& loss) {
    if (object_.Has(name)) loss = object_.NumberOrNan(name);
  }
  // One number per step, or one list of them per epoch.
  void Loss(const char* name, std::vector<double>& losses) {
    if (object_.HasValue(name)) losses = object_.NumbersOrNan(name);
  }

 private:
  void Read(const char* name, int& value) { value = object_.Count(name, 0); }
  void Read(const char* name, double& value) { value = object_.Number(name, 0); }
  void Read(const char* name, Duration& value) { value = Duration(object_.Number(name, 0)); }
  void Read(const char* name, bool& value) { value = object_.Boolean(name); }
  void Read(const char* name, std::string& value) { value = object_.Text(name); }
  void Read(const char* name, std::vector<double>& values) { values = object_.Numbers(name, 0); }
  void Read(const char* name, std::vector<std::string>& values) { values = object_.Texts(name); }
  template <typename T>
  void Read(const char* name, std::optional<T>& value) {
    Read(name, value.emplace());
  }
  template <typename T>
  void Read(const char* name, std::map<std::string, T>& values) {
    JsonObject object = object_.Object(name);
    for (const std::string& key : object.Keys()) {
      // The scripts' summaries hold other things than figures, too.
      if (std::same_as<T, double> && !object.HasNumber(key)) continue;
      Reader(object).Read(key.c_str(), values[key]);
    }
  }
  void Read(const char* name, Breakdown& breakdown) {
    JsonObject object = object_.Object(name);
    Reader reader(object);
    Visit(reader, breakdown);
  }
  void Read(const char* name, std::vector<EpochResult>& epochs);

  JsonObject& object_;
};

void Reader::Read(const char* name, std::vector<EpochResult>& epochs) {
  for (JsonObject& object : object_.Objects(name)) {
    EpochResult& epoch = epochs.emplace_back();
    epoch.epoch = static_cast<int>(epochs.size());
    Reader reader(object);
    Visit(reader, epoch);
    const auto steps = std::ssize(LossesOfEpoch(object));
    if (epoch.avg_batch_time == 0 && steps > 0) epoch.avg_batch_time = epoch.train_time / steps;
  }
  const bool from_zero = !epochs.empty() && epochs.front().epoch == 0;
  for (EpochResult& epoch : epochs) epoch.epoch += from_zero ? 1 : 0;
}

Results FromJson(JsonObject file) {
  Results results;
  Reader reader(file);
  Visit(reader, results);
  results.start_time = PlainTime(results.start_time);
  results.end_time = PlainTime(results.end_time);
  if (results.all_losses.empty()) {
    for (JsonObject& epoch : file.Objects("epochs")) {
      const std::vector<double> losses = LossesOfEpoch(epoch);
      results.all_losses.insert(results.all_losses.end(), losses.begin(), losses.end());
    }
  }
  // What the epochs say fills what the file leaves out.
  Results whole;
  whole.epochs = results.epochs;
  Summarize(whole);
  results.summary.merge(whole.summary);
  if (!results.best_accuracy) results.best_accuracy = whole.best_accuracy;
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

std::string FormatResults(const Results& results) {
  return Writer::ToJson(results).dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
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
