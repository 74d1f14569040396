#include "core/base/flags.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <utility>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace core {
namespace {

constexpr size_t kHelpColumns = 100;

std::map<std::string, absl::CommandLineFlag*> ProgramFlags() {
  std::map<std::string, absl::CommandLineFlag*> flags;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    const bool of_abseil = flag->Filename().find("absl/flags/") != std::string::npos;
    if (!of_abseil && !flag->IsRetired()) flags.emplace(std::string(name), flag);
  }
  return flags;
}

std::string WithDashes(std::string_view name) {
  return absl::StrReplaceAll(absl::string_view(name.data(), name.size()), {{"_", "-"}});
}

// Levenshtein's distance, one row of the table at a time.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row[b.size()];
}

// A text that a user typed, in one line and of bounded length.
std::string Quoted(std::string_view text) {
  return absl::CEscape(absl::string_view(text.data(), std::min<size_t>(text.size(), 200)));
}

absl::Status UnknownFlag(std::string_view typed, std::string_view name) {
  const std::vector<std::string> nearest = NearestNames(name, [] {
    std::vector<std::string> names;
    for (const auto& [known, flag] : ProgramFlags()) names.push_back(known);
    return names;
  }());
  std::vector<std::string> offers;
  for (const std::string& known : nearest) offers.push_back("--" + WithDashes(known));
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown flag ", Quoted(typed), "; ",
      offers.empty() ? "" : absl::StrCat("did you mean ", absl::StrJoin(offers, " or "), "? "),
      "--help lists the flags"));
}

absl::Status SetFlag(absl::CommandLineFlag& flag, std::string_view typed, std::string_view value) {
  std::string error;
  if (flag.ParseFrom(absl::string_view(value.data(), value.size()), &error)) {
    return absl::OkStatus();
  }
  // Abseil's sentence, then "; " and what the type's own parser says, if it says anything.
  const size_t reason = error.rfind("; ");
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", Quoted(value), "\" is no value for ", Quoted(typed),
      reason == std::string::npos ? "" : absl::StrCat(" (", error.substr(reason + 2), ")"), ": ",
      flag.Help(), " (default: ", flag.DefaultValue(), ")"));
}

std::string Wrapped(std::string_view text, size_t indent) {
  std::string result(indent, ' ');
  size_t column = indent;
  for (absl::string_view word :
       absl::StrSplit(absl::string_view(text.data(), text.size()), ' ', absl::SkipEmpty())) {
    if (column > indent && column + 1 + word.size() > kHelpColumns) {
      absl::StrAppend(&result, "\n", std::string(indent, ' '));
      column = indent;
    }
    if (column > indent) {
      result += ' ';
      ++column;
    }
    absl::StrAppend(&result, word);
    column += word.size();
  }
  return result + '\n';
}

std::string HelpText(std::string_view usage) {
  std::string text(usage);
  if (!text.empty() && text.back() != '\n') text += '\n';
  text += "\nFlags (with dashes or underscores):\n";
  for (const auto& [name, flag] : ProgramFlags()) {
    const std::string value =
        flag->IsOfType<std::string>() ? '"' + flag->DefaultValue() + '"' : flag->DefaultValue();
    absl::StrAppend(&text, "  --", WithDashes(name), "\n",
                    Wrapped(absl::StrCat(flag->Help(), " (default: ", value, ")"), 6));
  }
  return text;
}

}  // namespace

std::vector<std::string> NearestNames(std::string_view name,
                                      const std::vector<std::string>& known) {
  std::vector<std::pair<size_t, std::string>> ranked;
  for (const std::string& candidate : known) {
    const bool contains =
        name.size() >= 3 &&
        (candidate.find(name) != std::string::npos ||
         (candidate.size() >= 3 && name.find(candidate) != std::string_view::npos));
    const size_t distance = EditDistance(name, candidate);
    if (contains || distance <= std::max<size_t>(1, candidate.size() / 3)) {
      ranked.emplace_back(distance, candidate);
    }
  }
  std::sort(ranked.begin(), ranked.end());
  if (ranked.size() > 3) ranked.resize(3);
  std::vector<std::string> nearest;
  for (auto& [distance, candidate] : ranked) nearest.push_back(std::move(candidate));
  return nearest;
}

absl::StatusOr<std::vector<std::string>> ParseFlags(int argc, char** argv, std::string_view usage) {
  const auto flags = ProgramFlags();
  std::vector<std::string> positional;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--") {
      positional.insert(positional.end(), argv + i + 1, argv + argc);
      break;
    }
    if (argument.size() < 2 || argument[0] != '-') {
      positional.emplace_back(argument);
      continue;
    }
    const size_t equals = argument.find('=');
    const std::string_view typed = argument.substr(0, equals);
    const std::string_view bare = typed.substr(typed.starts_with("--") ? 2 : 1);
    const std::string name =
        absl::StrReplaceAll(absl::string_view(bare.data(), bare.size()), {{"-", "_"}});
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = argument.substr(equals + 1);
    if (name == "help" || typed == "-h") {
      std::cout << HelpText(usage) << std::flush;
      std::exit(0);
    }

    auto flag = flags.find(name);
    if (flag == flags.end() && !value && name.starts_with("no")) {
      flag = flags.find(name.substr(name.starts_with("no_") ? 3 : 2));
      if (flag != flags.end() && flag->second->IsOfType<bool>()) {
        value = "false";
      } else {
        flag = flags.end();
      }
    }
    if (flag == flags.end()) return UnknownFlag(typed, name);
    if (!value && flag->second->IsOfType<bool>()) value = "true";
    if (!value && i + 1 < argc) value = argv[++i];
    if (!value) {
      return absl::InvalidArgumentError(
          absl::StrCat("no value after ", Quoted(typed), ": ", flag->second->Help(),
                       " (default: ", flag->second->DefaultValue(), ")"));
    }
    if (absl::Status status = SetFlag(*flag->second, typed, *value); !status.ok()) return status;
  }
  return positional;
}

}  // namespace core
