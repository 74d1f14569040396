#ifndef CORE_RECORDS_FIELDS_H_
#define CORE_RECORDS_FIELDS_H_

#include <cmath>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/json_object.h"
#include "core/span.h"
#include "nlohmann/json.hpp"

namespace core {

// The fields of a record that is kept as a JSON object are listed once, for writing and reading, by
// a function in the record's namespace, declared before it is used:
//
//   template <typename Fields>
//   void Visit(Fields& fields, MaybeConst<Fruit> auto& fruit) {
//     fields("colour", fruit.colour);              // May be missing, or null: then it stays as it is.
//     fields("name", fruit.name, kRequired);
//     fields("seeds", fruit.seeds, AtLeast(1));    // Required, and so much at least.
//     fields("acidity", fruit.acidity, kOrNan);    // May be missing; null where it is not finite.
//   }
template <typename T, typename Record>
concept MaybeConst = std::same_as<std::remove_const_t<T>, Record>;

struct AtLeast {
  explicit constexpr AtLeast(double value) : least(value) {}
  double least;
};
inline constexpr AtLeast kRequired(0);

struct OrNan {};
inline constexpr OrNan kOrNan;

// Makes an object. What has no value, and a duration that is not a number, is left out.
class FieldWriter {
 public:
  template <typename T, typename... Rule>
  void operator()(const std::string& name, const T& value, Rule...) {
    nlohmann::ordered_json json = ToJson(value);
    if (!json.is_null()) json_[name] = std::move(json);
  }

  template <typename T>
  static nlohmann::ordered_json ToJson(const T& value) {
    if constexpr (requires(FieldWriter writer) { Visit(writer, value); }) {
      FieldWriter writer;
      Visit(writer, value);
      return writer.json_;
    } else {
      return value;
    }
  }
  template <typename T>
  static nlohmann::ordered_json ToJson(const std::vector<T>& values) {
    auto list = nlohmann::ordered_json::array();
    for (const T& value : values) list.push_back(ToJson(value));
    return list;
  }
  template <typename T>
  static nlohmann::ordered_json ToJson(const std::optional<T>& value) {
    if (!value) return nullptr;
    return ToJson(*value);
  }
  static nlohmann::ordered_json ToJson(const Duration& value) {
    if (std::isnan(value.count())) return nullptr;
    return value.count();
  }

 private:
  nlohmann::ordered_json json_ = nlohmann::ordered_json::object();
};

// Whether objects may have keys that are no fields.
enum class OtherKeys { kAllowed, kRefused };

// Reads an object.
class FieldReader {
 public:
  // All fields of the record, and of those in it. Throws core::Error, which names file, key, what
  // was found and what would be right.
  template <typename Record>
  static void ReadRecord(JsonObject& object, Record& record,
                         OtherKeys others = OtherKeys::kAllowed) {
    FieldReader reader(object, others);
    Visit(reader, record);
    if (others == OtherKeys::kRefused) object.Finish();
  }

  template <typename T>
  void operator()(const std::string& name, T& value) {
    if (object_.HasValue(name)) Read(name, value, 0);
  }
  template <typename T>
  void operator()(const std::string& name, T& value, AtLeast rule) {
    Read(name, value, rule.least);
  }
  // A list in a number's place is left to whoever expects one.
  template <typename Number>
  void operator()(const std::string& name, Number& value, OrNan) {
    if (object_.Has(name) && !object_.HasList(name)) value = object_.NumberOrNan(name);
  }
  void operator()(const std::string& name, std::vector<double>& values, OrNan) {
    if (object_.HasValue(name)) values = object_.NumbersOrNan(name);
  }

 private:
  FieldReader(JsonObject& object, OtherKeys others) : object_(object), others_(others) {}

  void Read(const std::string& name, int& value, double least) {
    value = object_.Count(name, static_cast<int>(least));
  }
  void Read(const std::string& name, int64_t& value, double least) {
    value = object_.Integer(name, static_cast<int64_t>(least));
  }
  void Read(const std::string& name, double& value, double least) {
    value = object_.Number(name, least);
  }
  void Read(const std::string& name, Duration& value, double least) {
    value = Duration(object_.Number(name, least));
  }
  void Read(const std::string& name, bool& value, double) { value = object_.Boolean(name); }
  void Read(const std::string& name, std::string& value, double) { value = object_.Text(name); }
  void Read(const std::string& name, std::vector<double>& values, double least) {
    values = object_.Numbers(name, least);
  }
  void Read(const std::string& name, std::vector<std::string>& values, double) {
    values = object_.Texts(name);
  }
  template <typename T>
  void Read(const std::string& name, std::map<std::string, T>& values, double least) {
    JsonObject object = object_.Object(name);
    for (const std::string& key : object.Keys()) {
      // Summaries of other programs hold other things than figures, too.
      if (std::same_as<T, double> && !object.HasNumber(key)) continue;
      FieldReader(object, others_).Read(key, values[key], least);
    }
  }
  template <typename T>
  void Read(const std::string& name, std::optional<T>& value, double least) {
    Read(name, value.emplace(), least);
  }
  template <typename Record>
  void Read(const std::string& name, std::vector<Record>& records, double) {
    for (JsonObject& object : object_.Objects(name)) {
      ReadRecord(object, records.emplace_back(), others_);
    }
  }
  template <typename Record>
  void Read(const std::string& name, Record& record, double) {
    JsonObject object = object_.Object(name);
    ReadRecord(object, record, others_);
  }

  JsonObject& object_;
  const OtherKeys others_;
};

}  // namespace core

#endif  // CORE_RECORDS_FIELDS_H_
