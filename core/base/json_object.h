#ifndef CORE_BASE_JSON_OBJECT_H_
#define CORE_BASE_JSON_OBJECT_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"

namespace core {

// An object of a JSON file that people write: what is asked for is checked, and what nobody asked
// for is an error. All errors are core::Error in one line: file, key, what was found, what is
// right.
class JsonObject {
 public:
  // The whole of a file. Throws if it cannot be read or is no object.
  static JsonObject Read(const std::string& path);

  bool Has(const std::string& key);
  std::string Text(const std::string& key);
  // Finite, at least `least`.
  double Number(const std::string& key, double least);
  // From `least` to 2⁵³.
  int64_t Integer(const std::string& key, int64_t least);
  JsonObject Object(const std::string& key);
  std::vector<JsonObject> Objects(const std::string& key);

  // All keys that there are.
  std::vector<std::string> Keys() const;
  // After all that may be there has been asked for: throws if there is anything else.
  void Finish() const;
  // Throws an error about one of the keys; an empty one is the object itself.
  [[noreturn]] void Fail(const std::string& key, const std::string& what) const;

 private:
  JsonObject(nlohmann::json json, std::string file, std::string path);
  const nlohmann::json& Required(const std::string& key);
  [[noreturn]] void FailType(const std::string& key, const std::string& wanted) const;

  nlohmann::json json_;
  std::string file_;
  std::string path_;  // Inside the file, as "racks.hosts"; empty for the whole.
  std::set<std::string> asked_;
};

}  // namespace core

#endif  // CORE_BASE_JSON_OBJECT_H_
