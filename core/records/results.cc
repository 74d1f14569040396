#include "core/records/results.h"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/standard_json.h"
#include "nlohmann/json.hpp"

namespace core {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kNotFinite = std::numeric_limits<double>::quiet_NaN();
// Some three million steps; larger is no results file, and reading it would only eat memory.
constexpr int64_t kBytesMax = int64_t{64} << 20;
constexpr int kDepthMax = 32;

template <typename T, typename Record>
concept MaybeConst = std::same_as<std::remove_const_t<T>, Record>;

// The fields of a file, once for Writer and Reader. Those with a word about what is expected must be
// there.
template <typename Fields>
void Visit(Fields& fields, MaybeConst<Breakdown> auto& breakdown) {
  for (const StepFigure& figure : kStepFigures) fields(figure.name, breakdown.*figure.member);
}

template <typename Fields>
void Visit(Fields& fields, MaybeConst<EpochResult> auto& epoch) {
  fields("epoch", epoch.epoch);
  fields.Loss("train_loss", epoch.train_loss);
  fields("train_accuracy", epoch.train_accuracy, "percent");
  fields("train_time", epoch.train_time, "seconds");
  fields("train_throughput", epoch.train_throughput, "images per second");
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
  fields("world_size", results.world_size, "the number of ranks");
  fields("num_workers", results.num_workers);
  fields("batch_size", results.batch_size, "images per rank");
  fields("start_time", results.start_time);
  fields("end_time", results.end_time);
  fields("partial", results.partial);
  fields("epochs", results.epochs, "a list of epochs");
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
  void operator()(const char* name, const T& value, const char* = nullptr) {
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

// What is wrong in a file, without the file's name.
class Malformed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A JSON value, and where it stands in the file: "epochs[2].train_loss". Reads the fields of an
// object.
class Reader {
 public:
  explicit Reader(const Json& json, std::string key = "") : json_(json), key_(std::move(key)) {}

  // What is missing, or null, leaves the value as it is.
  template <typename T>
  void operator()(const char* name, T& value) const {
    if (Has(name) && !json_[name].is_null()) Get(name).Read(value);
  }
  template <typename T>
  void operator()(const char* name, T& value, const char* expected) const {
    const Reader field = Get(name, expected);
    field.Read(value);
    if constexpr (std::same_as<T, int>) value = field.Count(1);
  }
  // A loss may be null, which is not-a-number. A mean can be that of the steps' losses.
  void Loss(const char* name, double& mean) const {
    const std::vector<double> losses = StepLosses();
    if (losses.empty() || (Has(name) && !json_[name].is_array())) {
      mean = Get(name, "a number").NumberOrNan();
    } else {
      mean = std::accumulate(losses.begin(), losses.end(), 0.0) / std::ssize(losses);
    }
  }
  void Loss(const char* name, std::optional<double>& loss) const {
    if (Has(name)) loss = Get(name).NumberOrNan();
  }
  void Loss(const char* name, std::vector<double>& losses) const {
    if (Has(name) && !json_[name].is_null()) Get(name).AppendLosses(losses);
  }

  template <typename T>
  void Read(T& record) const {
    Visit(Object(), record);
  }
  void Read(int& value) const { value = Count(0); }
  void Read(double& value) const {
    if (!json_.is_number() || !(json_.get<double>() >= 0)) Refuse("a number of at least 0");
    value = json_.get<double>();
  }
  void Read(Duration& value) const {
    double seconds = 0;
    Read(seconds);
    value = Duration(seconds);
  }
  void Read(bool& value) const {
    if (!json_.is_boolean()) Refuse("true or false");
    value = json_.get<bool>();
  }
  void Read(std::string& value) const {
    if (!json_.is_string()) Refuse("a text");
    value = json_.get<std::string>();
  }
  template <typename T>
  void Read(std::optional<T>& value) const {
    Read(value.emplace());
  }
  template <typename T>
  void Read(std::vector<T>& values) const {
    if (!json_.is_array()) Refuse("a list");
    for (size_t i = 0; i < json_.size(); ++i) At(i).Read(values.emplace_back());
  }
  template <typename T>
  void Read(std::map<std::string, T>& values) const {
    for (const auto& [name, value] : Object().json_.items()) {
      // The scripts' summaries hold other things than figures, too.
      if (std::same_as<T, double> && !value.is_number()) continue;
      Get(name.c_str()).Read(values[name]);
    }
  }
  void Read(EpochResult& epoch) const;

  // Of an epoch in an older file: one number per step, under any name with "loss" in it.
  std::vector<double> StepLosses() const {
    std::vector<double> losses;
    for (const auto& [name, value] : json_.items()) {
      if (value.is_array() && absl::StrContains(name, "loss") && !absl::StrContains(name, "val")) {
        Get(name.c_str()).AppendLosses(losses);
        break;
      }
    }
    return losses;
  }

 private:
  [[noreturn]] void Refuse(std::string_view expected) const {
    throw Malformed(absl::StrCat(key_.empty() ? "the file" : key_, ": found ", Found(),
                                 ", expected ", std::string(expected)));
  }
  std::string Found() const {
    if (json_.is_array()) return absl::StrCat("a list of ", json_.size());
    if (json_.is_object()) return absl::StrCat("an object of ", json_.size());
    std::string text = json_.dump(-1, ' ', true, Json::error_handler_t::replace);
    if (text.size() > 60) text = text.substr(0, 60) + "...";
    return text;
  }

  const Reader& Object() const {
    if (!json_.is_object()) Refuse("an object");
    return *this;
  }
  bool Has(const char* name) const { return json_.contains(name); }
  Reader Get(const char* name, std::string_view expected = "") const {
    const std::string key = key_.empty() ? name : absl::StrCat(key_, ".", name);
    if (Has(name)) return Reader(json_[name], key);
    throw Malformed(absl::StrCat(key, ": missing, expected ", std::string(expected)));
  }
  Reader At(size_t i) const { return Reader(json_[i], absl::StrCat(key_, "[", i, "]")); }

  int Count(int least) const {
    const double value = json_.is_number() ? json_.get<double>() : kNotFinite;
    if (!(value >= least && value <= std::numeric_limits<int>::max()) ||
        value != std::floor(value)) {
      Refuse(absl::StrCat("a whole number of at least ", least));
    }
    return static_cast<int>(value);
  }
  double NumberOrNan() const {
    if (json_.is_null()) return kNotFinite;
    if (!json_.is_number()) Refuse("a number");
    return json_.get<double>();
  }
  // One number per step, or one list of them per epoch.
  void AppendLosses(std::vector<double>& losses) const {
    if (!json_.is_array()) Refuse("a list");
    for (size_t i = 0; i < json_.size(); ++i) {
      if (json_[i].is_array()) {
        At(i).AppendLosses(losses);
      } else {
        losses.push_back(json_[i].is_number() ? json_[i].get<double>() : At(i).NumberOrNan());
      }
    }
  }

  const Json& json_;
  const std::string key_;
};

void Reader::Read(EpochResult& epoch) const {
  epoch.epoch = -1;  // Unless it has a number.
  Visit(Object(), epoch);
  if (const auto steps = std::ssize(StepLosses()); epoch.avg_batch_time == 0 && steps > 0) {
    epoch.avg_batch_time = epoch.train_time / static_cast<double>(steps);
  }
}

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

Results FromJson(const Json& json) {
  Results results;
  Reader(json).Read(results);
  results.start_time = PlainTime(results.start_time);
  results.end_time = PlainTime(results.end_time);
  const bool from_zero = !results.epochs.empty() && results.epochs.front().epoch == 0;
  const bool losses_in_epochs = results.all_losses.empty();
  for (size_t i = 0; i < results.epochs.size(); ++i) {
    int& number = results.epochs[i].epoch;
    number = (number < 0 ? static_cast<int>(i) + 1 : number) + (from_zero ? 1 : 0);
    if (!losses_in_epochs) continue;
    const std::vector<double> losses = Reader(json["epochs"][i]).StepLosses();
    results.all_losses.insert(results.all_losses.end(), losses.begin(), losses.end());
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

absl::Status WriteResults(const Results& results, const std::string& path) {
  return WriteFile(
      path, Writer::ToJson(results).dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

absl::StatusOr<Results> ReadResults(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path, kBytesMax);
  if (!text.ok()) return text.status();
  const absl::StatusOr<std::string> plain = StandardJson(*text, kDepthMax);
  if (!plain.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", plain.status().message()));
  }
  std::string problem;
  try {
    return FromJson(Json::parse(*plain));
  } catch (const Malformed& malformed) {
    problem = malformed.what();
  } catch (const Json::exception& error) {
    const std::string what = error.what();
    const size_t prefix = what.find("] ");  // "[json.exception.parse_error.101] "
    problem = absl::StrCat("no valid JSON: ", what.substr(prefix + 2));
  }
  // It may quote the file, hence be anything.
  problem = problem.substr(0, 300);
  const auto unprintable = [](unsigned char c) { return !absl::ascii_isprint(c); };
  std::replace_if(problem.begin(), problem.end(), unprintable, '?');
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", problem));
}

}  // namespace core
