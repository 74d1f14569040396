// A command line, an argument a line.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/flags.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> lines = {"program", ""};
  for (size_t i = 0; i < size; ++i) {
    if (data[i] == '\n') {
      lines.emplace_back();
    } else if (data[i] != 0) {
      lines.back() += static_cast<char>(data[i]);
    }
  }
  std::vector<char*> arguments;
  for (std::string& line : lines) {
    // Help ends the program.
    const bool helps = line.starts_with("-h") || line.find("help") != std::string::npos;
    if (!helps) arguments.push_back(line.data());
  }
  int count = 1;
  double rate = 0;
  bool yes = false;
  std::string name = "one", path;
  core::FlagTable flags = {{"count", &count, core::Range(1, 10), "a number"},
                           {"rate", &rate, core::Range(0, 1), "a share"},
                           {"yes", &yes, "or no"},
                           {"name", &name, core::OneOf({"one", "two"}), "one or two"},
                           {"path", &path, core::IsPath(), "a file"}};
  try {
    const int number = static_cast<int>(arguments.size());
    arguments.push_back(nullptr);
    flags.ReadWithOthers(number, arguments.data(), "");
  } catch (const core::Error&) {
  }
  return 0;
}
