#include "analysis/data/validation.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>

#include "analysis/data/load.h"
#include "core/base/json_object.h"
#include "core/base/table.h"

namespace analysis {
namespace {

namespace fs = std::filesystem;

constexpr char kPicture[] = "plots/validation.png";

Validation Read(const fs::path& path) {
  core::JsonObject file = core::JsonObject::Read(path);
  Validation validation;
  for (core::JsonObject& object : file.Objects("cases")) {
    core::FieldReader::ReadRecord(object, validation.cases.emplace_back());
  }
  if (validation.cases.empty()) file.Fail("cases", "is empty");
  SortByError(validation.cases);
  validation.processor = file.Text("processor");
  validation.cores = file.Count("cores", 1);
  if (file.Has("commit")) validation.commit = core::Shortened(file.Text("commit"), 60);
  std::error_code ignored;
  if (fs::exists(path.parent_path() / kPicture, ignored)) validation.picture = kPicture;
  return validation;
}

}  // namespace

double Validation::mean_error() const {
  double sum = 0;
  for (const ValidatedCase& each : cases) sum += std::abs(each.error());
  return sum / static_cast<double>(cases.size());
}

double Validation::worst_error() const { return std::abs(cases.front().error()); }

int Validation::noisy_cases() const {
  return static_cast<int>(
      std::count_if(cases.begin(), cases.end(), [](const auto& each) { return each.noisy; }));
}

int Validation::impossible_cases() const {
  return static_cast<int>(std::count_if(cases.begin(), cases.end(),
                                        [](const auto& each) { return each.impossible(); }));
}

void SortByError(std::vector<ValidatedCase>& cases) {
  std::stable_sort(cases.begin(), cases.end(), [](const auto& a, const auto& b) {
    return std::abs(a.error()) > std::abs(b.error());
  });
}

absl::StatusOr<std::optional<Validation>> LoadValidation(const std::string& directory) {
  return LoadIfThere(directory, "validation.json", Read);
}

}  // namespace analysis
