#ifndef CORE_BASE_JSON_OBJECT_H_
#define CORE_BASE_JSON_OBJECT_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "nlohmann/json.hpp"

namespace core {

// A text of JSON, as Python writes it, too, as any parser takes it: NaN, Infinity and -Infinity are
// null. Of text that is no JSON the result is none either. Throws core::Error, which begins with
// `path`, if parsing would take memory beyond twice the text and 32 MB, nest too deep, or compare too
// many keys.
std::string StandardJson(std::string_view text, const std::string& path);

// An object of a JSON file: what is asked for is checked, and in files that people write what nobody
// asked for is an error. All errors are core::Error in one line: file, key, what was found, what is
// right.
class JsonObject {
 public:
  // The whole of a file. Throws if it cannot be read or is no object.
  static JsonObject Read(const std::string& path);
  // The same of a text from the file `path`, after StandardJson.
  static JsonObject Parse(const std::string& text, const std::string& path);

  bool Has(const std::string& key);
  bool HasValue(const std::string& key);  // That is not null.
  bool HasList(const std::string& key);
  bool HasNumber(const std::string& key);
  std::string Text(const std::string& key);
  // Finite, at least `least`.
  double Number(const std::string& key, double least);
  // From `least` to 2⁵³.
  int64_t Integer(const std::string& key, int64_t least);
  int Count(const std::string& key, int least);
  // Null stands for a number that is not finite: JSON has no other way to write one.
  double NumberOrNan(const std::string& key);
  bool Boolean(const std::string& key);
  JsonObject Object(const std::string& key);
  std::vector<JsonObject> Objects(const std::string& key);
  std::vector<std::string> Texts(const std::string& key);
  std::vector<double> Numbers(const std::string& key, double least);
  // All numbers of a list, or of the lists in it.
  std::vector<double> NumbersOrNan(const std::string& key);

  // All keys that there are.
  std::vector<std::string> Keys() const;
  // After all that may be there has been asked for: throws if there is anything else.
  void Finish() const;
  // Throws an error about one of the keys; an empty one is the object itself.
  [[noreturn]] void Fail(const std::string& key, const std::string& what) const;

 private:
  using Json = nlohmann::ordered_json;

  JsonObject(std::shared_ptr<const Json> json, std::string file, std::string path);
  const Json& Required(const std::string& key);
  const Json& List(const std::string& key);
  std::string PathOf(const std::string& key) const;
  double NumberIn(const std::string& place, const Json& json, double least) const;
  // Of the value at a key, or in a list at "key[3]".
  [[noreturn]] void FailType(const std::string& key, const Json& found,
                             const std::string& wanted) const;

  std::shared_ptr<const Json> json_;  // A part of the whole, which it keeps.
  std::string file_;
  std::string path_;  // Inside the file, as "racks.hosts"; empty for the whole.
  std::set<std::string> asked_;
};

}  // namespace core

#endif  // CORE_BASE_JSON_OBJECT_H_
