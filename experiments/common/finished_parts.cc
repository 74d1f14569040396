#include "experiments/common/finished_parts.h"

#include <unistd.h>

#include <cstdint>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "experiments/common/commit.h"

namespace experiments {
namespace {

constexpr int64_t kBytesMax = int64_t{1} << 30;

}  // namespace

// A line says whose parts follow, each in a line of its own. Adding one costs no more when there are
// many, and a line that was torn is one part less.
FinishedParts::FinishedParts(const std::string& path, const nlohmann::json& settings)
    : path_(path) {
  const std::string first_line =
      nlohmann::json{{"partial", true}, {"commit", Commit()}, {"settings", settings}}.dump();
  const absl::StatusOr<std::string> content = core::ReadFile(path_, kBytesMax);
  if (content.ok()) Read(*content, first_line);
  if (!parts_.empty()) {
    absl::FPrintF(stderr, "going on: %d parts are done, in %s\n", parts_.size(), path_);
  }
  std::string kept = first_line + "\n";
  for (const auto& [name, part] : parts_) {
    absl::StrAppend(&kept, nlohmann::json{{name, part}}.dump(), "\n");
  }
  core::ThrowIfError(core::WriteFile(path_, kept));
}

void FinishedParts::Read(const std::string& content, const std::string& first_line) {
  std::istringstream lines(content);
  std::string line;
  if (!std::getline(lines, line) || line != first_line) return;
  while (std::getline(lines, line)) {
    const nlohmann::json entry = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!entry.is_object()) continue;
    for (const auto& [name, part] : entry.items()) parts_[name] = part;
  }
}

const nlohmann::json* FinishedParts::Find(const std::string& name) const {
  const auto found = parts_.find(name);
  return found == parts_.end() ? nullptr : &found->second;
}

void FinishedParts::Add(const std::string& name, nlohmann::json part) {
  const std::string line = nlohmann::json{{name, part}}.dump() + "\n";
  const absl::Status added = core::AppendToFile(path_, line);
  if (!added.ok()) {
    throw core::Error(absl::StrCat(added.message(), ": make room there; what is in it is kept"));
  }
  parts_[name] = std::move(part);
}

void FinishedParts::Conclude() { unlink(path_.c_str()); }

}  // namespace experiments
