#include "core/base/program.h"

#include <cstdio>
#include <exception>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace core {

int ReportErrors(std::string_view who, const std::function<int()>& body) {
  try {
    return body();
  } catch (const std::exception& error) {
    std::cout << std::flush;
    std::fflush(stdout);
    const std::string cause = error.what();
    const std::string prefix =
        cause.starts_with("rank ") ? "" : absl::StrCat(std::string(who), ": ");
    absl::FPrintF(stderr, "%s%s\n", prefix, cause);
    return 1;
  }
}

}  // namespace core
