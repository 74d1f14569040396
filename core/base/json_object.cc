#include "core/base/json_object.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/flags.h"

namespace core {
namespace {

using Json = nlohmann::json;

constexpr int64_t kBytesMax = int64_t{16} << 20;
constexpr double kIntegerMax = 9007199254740992.0;  // 2⁵³.

std::string Shown(const Json& json) {
  if (json.is_object()) return "an object";
  if (json.is_array()) return "a list";
  std::string text = json.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

}  // namespace

JsonObject::JsonObject(Json json, std::string file, std::string path)
    : json_(std::move(json)), file_(std::move(file)), path_(std::move(path)) {}

JsonObject JsonObject::Read(const std::string& path) {
  const std::string text = ValueOrThrow(ReadFile(path, kBytesMax));
  try {
    Json json = Json::parse(text);
    if (!json.is_object()) throw Error(path + ": is " + Shown(json) + ", not an object {…}");
    return JsonObject(std::move(json), path, "");
  } catch (const Json::parse_error& error) {
    const size_t end = std::min(error.byte, text.size());
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<long>(end), '\n');
    throw Error(path + ":" + std::to_string(line) + ": is not JSON at byte " +
                std::to_string(error.byte));
  }
}

void JsonObject::Fail(const std::string& key, const std::string& what) const {
  const std::string dot = path_.empty() || key.empty() ? "" : ".";
  throw Error(file_ + ": " + path_ + dot + key + ": " + what);
}

void JsonObject::FailType(const std::string& key, const std::string& wanted) const {
  Fail(key, "is " + Shown(json_.at(key)) + ", not " + wanted);
}

bool JsonObject::Has(const std::string& key) {
  asked_.insert(key);
  return json_.contains(key);
}

const Json& JsonObject::Required(const std::string& key) {
  if (!Has(key)) Fail(key, "is missing");
  return json_.at(key);
}

std::string JsonObject::Text(const std::string& key) {
  const Json& json = Required(key);
  if (!json.is_string()) FailType(key, "a text");
  return json.get<std::string>();
}

double JsonObject::Number(const std::string& key, double least) {
  const Json& json = Required(key);
  if (!json.is_number()) FailType(key, "a number");
  const double number = json.get<double>();
  if (!std::isfinite(number) || number < least) {
    FailType(key, "a number from " + Shown(Json(least)) + " on");
  }
  return number;
}

int64_t JsonObject::Integer(const std::string& key, int64_t least) {
  const double number = Number(key, static_cast<double>(least));
  if (number != std::floor(number) || number > kIntegerMax) FailType(key, "a whole number");
  return static_cast<int64_t>(number);
}

JsonObject JsonObject::Object(const std::string& key) {
  const Json& json = Required(key);
  if (!json.is_object()) FailType(key, "an object {…}");
  return JsonObject(json, file_, path_.empty() ? key : path_ + "." + key);
}

std::vector<JsonObject> JsonObject::Objects(const std::string& key) {
  const Json& json = Required(key);
  if (!json.is_array()) FailType(key, "a list […]");
  std::vector<JsonObject> objects;
  const std::string path = path_.empty() ? key : path_ + "." + key;
  for (const Json& item : json) {
    const std::string place = path + "[" + std::to_string(objects.size()) + "]";
    if (!item.is_object())
      throw Error(file_ + ": " + place + ": is " + Shown(item) + ", not an object {…}");
    objects.push_back(JsonObject(item, file_, place));
  }
  return objects;
}

std::vector<std::string> JsonObject::Keys() const {
  std::vector<std::string> keys;
  for (const auto& item : json_.items()) keys.push_back(item.key());
  return keys;
}

void JsonObject::Finish() const {
  const std::vector<std::string> known(asked_.begin(), asked_.end());
  for (const std::string& key : Keys()) {
    if (asked_.count(key)) continue;
    const std::vector<std::string> nearest = NearestNames(key, known);
    std::string what = "is no key that is known here";
    if (!nearest.empty()) what += ": did you mean " + nearest[0] + "?";
    Fail(key, what);
  }
}

}  // namespace core
