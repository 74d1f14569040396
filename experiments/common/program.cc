#include "experiments/common/program.h"

#include <cstdio>
#include <exception>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/error.h"
#include "core/base/flags.h"

namespace experiments {

void ReadFlags(int argc, char** argv, std::string_view usage) {
  const auto rest = core::ValueOrThrow(core::ParseFlags(argc, argv, usage));
  if (rest.empty()) return;
  throw core::Error(
      absl::StrCat("unexpected argument \"", rest.front(), "\": flags start with --; see --help"));
}

int ReportErrors(std::string_view who, const std::function<void()>& body) {
  try {
    body();
    return 0;
  } catch (const std::exception& error) {
    std::fflush(stdout);
    const std::string cause = error.what();
    const std::string prefix =
        cause.starts_with("rank ") ? "" : absl::StrCat(std::string(who), ": ");
    absl::FPrintF(stderr, "%s%s\n", prefix, cause);
    return 1;
  }
}

}  // namespace experiments
