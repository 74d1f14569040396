#include "core/base/json_object.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/flags.h"
#include "core/base/table.h"

namespace core {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kBytesMax = int64_t{16} << 20;
constexpr double kIntegerMax = 9007199254740992.0;  // 2⁵³.
constexpr size_t kDepthMax = 32;
// Of one object: its keys are compared with each other.
constexpr int kKeysMax = 4096;
// What small files may take beside a multiple of their size.
constexpr size_t kFreeBytes = size_t{32} << 20;
constexpr int kKeyColumnsMax = 200;  // Of one that is quoted.
constexpr double kNotFinite = std::numeric_limits<double>::quiet_NaN();

std::string Shown(const Json& json) {
  if (json.is_object()) return "an object";
  if (json.is_array()) return "a list";
  std::string text = json.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

// "losses[3]"
std::string Item(const std::string& key, size_t index) {
  return key + "[" + std::to_string(index) + "]";
}

// What a parser of the text outside of strings would take: in depth, in time and in memory.
class Bounds {
 public:
  Bounds(size_t bytes, const std::string& path)
      : bytes_max_(2 * bytes + kFreeBytes), bytes_(bytes), path_(path) {}

  void Add(char c, size_t position) {
    if (c == '[' || c == '{') {
      keys_.push_back(0);
      if (keys_.size() > kDepthMax) {
        Fail(position, absl::StrCat("a value nested deeper than ", kDepthMax),
             "expected a flatter file");
      }
    } else if ((c == ']' || c == '}') && !keys_.empty()) {
      keys_.pop_back();
    } else if (c == ':' && !keys_.empty() && ++keys_.back() > kKeysMax) {
      Fail(position, absl::StrCat("an object of more than ", kKeysMax, " keys"), "expected fewer");
    }
    needed_ += BytesOf(c);
    if (needed_ > bytes_max_) {
      Fail(position, "more values than memory is given to",
           absl::StrCat("expected fewer in ", bytes_, " bytes"));
    }
  }

 private:
  // That a value takes which is told by this character, while a list that grows is there twice.
  static size_t BytesOf(char c) {
    switch (c) {
      case ',':
        return 48;
      case '[':
      case '{':
        return 96;
      case ':':
        return 160;
      case '"':
        return 24;  // At either end of a text.
      default:
        return 0;
    }
  }

  [[noreturn]] void Fail(size_t position, const std::string& found, const std::string& expected) {
    throw Error(absl::StrCat(path_, ": byte ", position, ": found ", found, ", ", expected));
  }

  const size_t bytes_max_;
  const size_t bytes_;
  const std::string& path_;
  std::vector<int> keys_;  // Of the objects, or lists, that enclose what is read.
  size_t needed_ = 0;
};

}  // namespace

std::string StandardJson(std::string_view text, const std::string& path) {
  Bounds bounds(text.size(), path);
  std::string plain;
  plain.reserve(text.size());
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\' && i + 1 < text.size()) plain += text[i++];
      in_string = c != '"';
      plain += text[i];
      continue;
    }
    if (c == '"') in_string = true;
    bounds.Add(c, i);
    const std::string_view rest = text.substr(i, 9);
    if (const std::string_view word = rest.starts_with("NaN")         ? "NaN"
                                      : rest.starts_with("Infinity")  ? "Infinity"
                                      : rest.starts_with("-Infinity") ? "-Infinity"
                                                                      : "";
        !word.empty()) {
      plain += "null";
      i += word.size() - 1;
      continue;
    }
    plain += c;
  }
  return plain;
}

JsonObject::JsonObject(std::shared_ptr<const Json> json, std::string file, std::string path)
    : json_(std::move(json)), file_(std::move(file)), path_(std::move(path)) {}

JsonObject JsonObject::Read(const std::string& path) {
  return Parse(ValueOrThrow(ReadFile(path, kBytesMax)), path);
}

JsonObject JsonObject::Parse(const std::string& text, const std::string& path) {
  const std::string standard = StandardJson(text, path);
  try {
    auto json = std::make_shared<const Json>(Json::parse(standard));
    if (!json->is_object()) throw Error(path + ": is " + Shown(*json) + ", not an object {…}");
    return JsonObject(std::move(json), path, "");
  } catch (const Json::parse_error& error) {
    const size_t end = std::min(error.byte, standard.size());
    const auto line =
        1 + std::count(standard.begin(), standard.begin() + static_cast<long>(end), '\n');
    throw Error(path + ":" + std::to_string(line) + ": is not JSON at byte " +
                std::to_string(error.byte));
  } catch (const std::bad_alloc&) {
    throw Error(path + ": not enough memory to read it");
  } catch (const Json::exception&) {
    throw Error(path + ": is not JSON: it holds a number that is too large");
  }
}

std::string JsonObject::PathOf(const std::string& key) const {
  return path_ + (path_.empty() || key.empty() ? "" : ".") + key;
}

void JsonObject::Fail(const std::string& key, const std::string& what) const {
  throw Error(file_ + ": " + Shortened(PathOf(key), kKeyColumnsMax) + ": " + what);
}

void JsonObject::FailType(const std::string& key, const Json& found,
                          const std::string& wanted) const {
  Fail(key, "is " + Shown(found) + ", not " + wanted);
}

bool JsonObject::Has(const std::string& key) {
  asked_.insert(key);
  return json_->contains(key);
}

bool JsonObject::HasValue(const std::string& key) { return Has(key) && !json_->at(key).is_null(); }

bool JsonObject::HasList(const std::string& key) { return Has(key) && json_->at(key).is_array(); }

bool JsonObject::HasNumber(const std::string& key) {
  return Has(key) && json_->at(key).is_number();
}

const Json& JsonObject::Required(const std::string& key) {
  if (!Has(key)) Fail(key, "is missing");
  return json_->at(key);
}

const Json& JsonObject::List(const std::string& key) {
  const Json& json = Required(key);
  if (!json.is_array()) FailType(key, json, "a list […]");
  return json;
}

std::string JsonObject::Text(const std::string& key) {
  const Json& json = Required(key);
  if (!json.is_string()) FailType(key, json, "a text");
  return json.get<std::string>();
}

double JsonObject::Number(const std::string& key, double least) {
  return NumberIn(key, Required(key), least);
}

double JsonObject::NumberIn(const std::string& place, const Json& json, double least) const {
  if (!json.is_number()) FailType(place, json, "a number");
  const double number = json.get<double>();
  if (!std::isfinite(number) || number < least) {
    FailType(place, json, "a number from " + Shown(Json(least)) + " on");
  }
  return number;
}

double JsonObject::NumberOrNan(const std::string& key) {
  const Json& json = Required(key);
  return json.is_null() ? kNotFinite : NumberIn(key, json, std::numeric_limits<double>::lowest());
}

int64_t JsonObject::Integer(const std::string& key, int64_t least) {
  const double number = Number(key, static_cast<double>(least));
  if (number != std::floor(number) || number > kIntegerMax) {
    FailType(key, json_->at(key), "a whole number");
  }
  return static_cast<int64_t>(number);
}

int JsonObject::Count(const std::string& key, int least) {
  const int64_t number = Integer(key, least);
  if (number > std::numeric_limits<int>::max()) {
    Fail(key, "is " + std::to_string(number) + ", which is too large");
  }
  return static_cast<int>(number);
}

bool JsonObject::Boolean(const std::string& key) {
  const Json& json = Required(key);
  if (!json.is_boolean()) FailType(key, json, "true or false");
  return json.get<bool>();
}

JsonObject JsonObject::Object(const std::string& key) {
  const Json& json = Required(key);
  if (!json.is_object()) FailType(key, json, "an object {…}");
  return JsonObject({json_, &json}, file_, PathOf(key));
}

std::vector<JsonObject> JsonObject::Objects(const std::string& key) {
  std::vector<JsonObject> objects;
  for (const Json& item : List(key)) {
    const std::string place = Item(key, objects.size());
    if (!item.is_object()) FailType(place, item, "an object {…}");
    objects.push_back(JsonObject({json_, &item}, file_, PathOf(place)));
  }
  return objects;
}

std::vector<std::string> JsonObject::Texts(const std::string& key) {
  std::vector<std::string> texts;
  for (const Json& item : List(key)) {
    if (!item.is_string()) FailType(Item(key, texts.size()), item, "a text");
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::vector<double> JsonObject::Numbers(const std::string& key, double least) {
  std::vector<double> numbers;
  for (const Json& item : List(key)) {
    numbers.push_back(NumberIn(Item(key, numbers.size()), item, least));
  }
  return numbers;
}

std::vector<double> JsonObject::NumbersOrNan(const std::string& key) {
  constexpr double kLeast = std::numeric_limits<double>::lowest();
  std::vector<double> numbers;
  const Json& list = List(key);
  for (size_t i = 0; i < list.size(); ++i) {
    const Json& item = list[i];
    if (!item.is_array()) {
      numbers.push_back(item.is_null() ? kNotFinite : NumberIn(Item(key, i), item, kLeast));
      continue;
    }
    for (size_t j = 0; j < item.size(); ++j) {
      numbers.push_back(item[j].is_null() ? kNotFinite
                                          : NumberIn(Item(Item(key, i), j), item[j], kLeast));
    }
  }
  return numbers;
}

std::vector<std::string> JsonObject::Keys() const {
  std::vector<std::string> keys;
  for (const auto& item : json_->items()) keys.push_back(item.key());
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
