#include "experiments/common/flag_checks.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "core/base/error.h"
#include "core/base/flags.h"

namespace experiments {

void RefuseFlag(std::string_view flag, const std::string& found, const std::string& wanted) {
  const std::string name = absl::StrReplaceAll(std::string(flag), {{"_", "-"}});
  throw core::Error(absl::StrCat("--", name, "=", found, ": ", wanted));
}

void CheckName(std::string_view flag, const std::string& name,
               const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  const std::vector<std::string> nearest = core::NearestNames(name, known);
  const std::string question =
      nearest.empty() ? "" : absl::StrCat("did you mean ", absl::StrJoin(nearest, " or "), "? ");
  RefuseFlag(flag, name, absl::StrCat(question, "There are ", absl::StrJoin(known, ", ")));
}

}  // namespace experiments
