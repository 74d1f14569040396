#ifndef EXPERIMENTS_COMMON_FINISHED_PARTS_H_
#define EXPERIMENTS_COMMON_FINISHED_PARTS_H_

#include <map>
#include <string>

#include "nlohmann/json.hpp"

namespace experiments {

// What a long program has done so far, in a file, so that it goes on from there when it is started
// again with the same settings after it was interrupted or has failed. All throw core::Error if the
// file cannot be written.
class FinishedParts {
 public:
  // Takes over what is in the file, if it was left with equal settings by the same commit, and says so
  // on stderr; else begins anew.
  FinishedParts(const std::string& path, const nlohmann::json& settings);

  // Null if that part is not done.
  const nlohmann::json* Find(const std::string& name) const;
  // Done: on the disk when it returns.
  void Add(const std::string& name, nlohmann::json part);
  // All is done and kept elsewhere: removes the file.
  void Conclude();

  // The part, from the file or else from `make`, whose result it keeps.
  template <typename Make>
  auto Once(const std::string& name, const Make& make) -> decltype(make()) {
    if (const nlohmann::json* done = Find(name)) return done->get<decltype(make())>();
    auto part = make();
    Add(name, part);
    return part;
  }

 private:
  void Read(const std::string& content, const std::string& first_line);

  const std::string path_;
  std::map<std::string, nlohmann::json> parts_;
};

}  // namespace experiments

#endif  // EXPERIMENTS_COMMON_FINISHED_PARTS_H_
