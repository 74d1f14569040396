#include "core/records/results.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string_view>
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

// What is wrong in a file, without the file's name.
class Malformed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A JSON value, and where it stands in the file: "epochs[2].train_loss".
struct Node {
  const Json& json;
  std::string key;

  [[noreturn]] void Refuse(std::string_view expected) const {
    throw Malformed(absl::StrCat(key.empty() ? "the file" : key, ": found ", Found(), ", expected ",
                                 std::string(expected)));
  }

  std::string Found() const {
    if (json.is_array()) return absl::StrCat("a list of ", json.size());
    if (json.is_object()) return absl::StrCat("an object of ", json.size());
    std::string text = json.dump(-1, ' ', true, Json::error_handler_t::replace);
    if (text.size() > 60) text = text.substr(0, 60) + "...";
    return text;
  }

  // The value under `name`, if it is there and not null.
  std::optional<Node> Find(const char* name) const {
    const auto found = json.find(name);
    if (found == json.end() || found->is_null()) return std::nullopt;
    return Node{*found, key.empty() ? name : absl::StrCat(key, ".", name)};
  }

  Node Get(const char* name, std::string_view expected) const {
    const auto found = json.find(name);
    if (found != json.end()) return {*found, key.empty() ? name : absl::StrCat(key, ".", name)};
    throw Malformed(absl::StrCat(key.empty() ? name : absl::StrCat(key, ".", name),
                                 ": missing, expected ", std::string(expected)));
  }

  Node At(size_t i) const { return {json[i], absl::StrCat(key, "[", i, "]")}; }

  // Null stands for a number that is not finite: JSON has no other way to write one.
  double NumberOrNan() const {
    if (json.is_null()) return kNotFinite;
    if (!json.is_number()) Refuse("a number");
    return json.get<double>();
  }

  double Number() const {
    if (!json.is_number() || !(json.get<double>() >= 0)) Refuse("a number of at least 0");
    return json.get<double>();
  }

  int Count(int least) const {
    const double value = json.is_number() ? json.get<double>() : kNotFinite;
    if (!(value >= least && value <= std::numeric_limits<int>::max()) ||
        value != std::floor(value)) {
      Refuse(absl::StrCat("a whole number of at least ", least));
    }
    return static_cast<int>(value);
  }

  std::string Text() const {
    if (!json.is_string()) Refuse("a text");
    return json.get<std::string>();
  }

  const Node& List() const {
    if (!json.is_array()) Refuse("a list");
    return *this;
  }

  const Node& Object() const {
    if (!json.is_object()) Refuse("an object");
    return *this;
  }
};

std::optional<double> OptionalNumber(const Node& node, const char* name) {
  const std::optional<Node> found = node.Find(name);
  return found ? std::optional(found->Number()) : std::nullopt;
}

std::string OptionalText(const Node& node, const char* name) {
  const std::optional<Node> found = node.Find(name);
  return found ? found->Text() : "";
}

// "2024-05-01T12:34:56.789" becomes "2024-05-01 12:34:56"; any other text stays.
std::string ReadTime(const Node& node, const char* name) {
  std::string time = OptionalText(node, name);
  constexpr std::string_view kPattern = "dddd-dd-ddTdd:dd:dd";
  if (time.size() < kPattern.size()) return time;
  for (size_t i = 0; i < kPattern.size(); ++i) {
    const bool digit = time[i] >= '0' && time[i] <= '9';
    if (kPattern[i] == 'd' ? !digit : time[i] != kPattern[i]) return time;
  }
  time[10] = ' ';
  return time.substr(0, kPattern.size());
}

// One number per step, or one list of them per epoch.
void AppendLosses(const Node& node, std::vector<double>& losses) {
  node.List();
  for (size_t i = 0; i < node.json.size(); ++i) {
    const Json& item = node.json[i];
    if (item.is_array()) {
      const Node epoch = node.At(i);
      for (size_t j = 0; j < item.size(); ++j) losses.push_back(epoch.At(j).NumberOrNan());
    } else {
      losses.push_back(item.is_number() ? item.get<double>() : node.At(i).NumberOrNan());
    }
  }
}

std::vector<double> LossesOfEpoch(const Node& epoch) {
  std::vector<double> losses;
  for (const auto& [name, value] : epoch.json.items()) {
    if (value.is_array() && absl::StrContains(name, "loss") && !absl::StrContains(name, "val")) {
      AppendLosses(epoch.Get(name.c_str(), ""), losses);
      break;
    }
  }
  return losses;
}

BreakdownResult ReadBreakdown(const Node& node) {
  node.Object();
  const auto seconds = [&node](const char* name) { return OptionalNumber(node, name).value_or(0); };
  return {.total = seconds("total"),
          .load = seconds("load"),
          .computation = seconds("computation"),
          .communication = seconds("communication"),
          .exposed = seconds("exposed"),
          .waiting = seconds("waiting")};
}

EpochResult ReadEpoch(const Node& node, int position, const std::vector<double>& losses) {
  node.Object();
  const double steps = static_cast<double>(losses.size());
  EpochResult epoch;
  const std::optional<Node> number = node.Find("epoch");
  epoch.epoch = number ? number->Count(0) : position;
  if (losses.empty() || (node.json.contains("train_loss") && !node.json["train_loss"].is_array())) {
    epoch.train_loss = node.Get("train_loss", "a number").NumberOrNan();
  } else {
    epoch.train_loss = std::accumulate(losses.begin(), losses.end(), 0.0) / steps;
  }
  epoch.train_accuracy = node.Get("train_accuracy", "percent").Number();
  epoch.train_time = node.Get("train_time", "seconds").Number();
  epoch.train_throughput = node.Get("train_throughput", "images per second").Number();
  epoch.avg_batch_time = OptionalNumber(node, "avg_batch_time")
                             .value_or(losses.empty() ? 0 : epoch.train_time / steps);
  epoch.avg_comm_time = OptionalNumber(node, "avg_comm_time");
  epoch.avg_comm_time_pull = OptionalNumber(node, "avg_comm_time_pull");
  epoch.avg_comm_time_push = OptionalNumber(node, "avg_comm_time_push");
  if (node.json.contains("val_loss")) epoch.val_loss = node.Get("val_loss", "").NumberOrNan();
  epoch.val_accuracy = OptionalNumber(node, "val_accuracy");
  if (const auto breakdown = node.Find("breakdown")) epoch.breakdown = ReadBreakdown(*breakdown);
  return epoch;
}

void ReadEpochs(const Node& top, Results& results) {
  const Node epochs = top.Get("epochs", "a list of epochs");
  epochs.List();
  std::vector<double> losses_in_epochs;
  for (size_t i = 0; i < epochs.json.size(); ++i) {
    const Node node = epochs.At(i);
    const std::vector<double> losses = LossesOfEpoch(node.Object());
    results.epochs.push_back(ReadEpoch(node, static_cast<int>(i) + 1, losses));
    losses_in_epochs.insert(losses_in_epochs.end(), losses.begin(), losses.end());
  }
  const bool from_zero = !results.epochs.empty() && results.epochs.front().epoch == 0;
  for (EpochResult& epoch : results.epochs) epoch.epoch += from_zero ? 1 : 0;

  if (const auto losses = top.Find("all_losses")) AppendLosses(*losses, results.all_losses);
  if (results.all_losses.empty()) results.all_losses = std::move(losses_in_epochs);
}

void ReadSummary(const Node& top, Results& results) {
  // What the epochs say fills what the file leaves out.
  Summarize(results);
  if (const auto summary = top.Find("summary")) {
    for (const auto& [name, value] : summary->Object().json.items()) {
      if (value.is_number()) results.summary[name] = summary->Get(name.c_str(), "").Number();
    }
  }
  if (const auto best = OptionalNumber(top, "best_accuracy")) results.best_accuracy = best;
}

std::vector<double> OptionalNumbers(const Node& parent, const char* key) {
  std::vector<double> numbers;
  const auto list = parent.Find(key);
  if (!list) return numbers;
  list->List();
  for (size_t i = 0; i < list->json.size(); ++i) numbers.push_back(list->At(i).Number());
  return numbers;
}

Results FromJson(const Json& json) {
  const Node top{json, ""};
  top.Object();
  Results results;
  results.method = OptionalText(top, "method");
  results.strategy = OptionalText(top, "strategy");
  results.world_size = top.Get("world_size", "the number of ranks").Count(1);
  if (const auto workers = top.Find("num_workers")) results.num_workers = workers->Count(0);
  results.batch_size = top.Get("batch_size", "images per rank").Count(1);
  results.start_time = ReadTime(top, "start_time");
  results.end_time = ReadTime(top, "end_time");
  if (const auto partial = top.Find("partial")) {
    if (!partial->json.is_boolean()) partial->Refuse("true or false");
    results.partial = partial->json.get<bool>();
  }
  ReadEpochs(top, results);
  ReadSummary(top, results);
  if (const auto configuration = top.Find("configuration")) {
    for (const auto& [name, value] : configuration->Object().json.items()) {
      results.configuration[name] = configuration->Get(name.c_str(), "").Text();
    }
  }
  if (const auto skipped = top.Find("skipped_images")) {
    skipped->List();
    for (size_t i = 0; i < skipped->json.size(); ++i) {
      results.skipped_images.push_back(skipped->At(i).Text());
    }
  }
  results.peak_memory_bytes = OptionalNumbers(top, "peak_memory_bytes");
  results.step_times = OptionalNumbers(top, "step_times");
  if (const auto startup = top.Find("startup_seconds")) results.startup_seconds = startup->Number();
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
