#include "core/base/flags.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <iostream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "core/base/error.h"
#include "core/base/table.h"

namespace core {
namespace {

constexpr int kHelpColumns = 100;

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
  return absl::Utf8SafeCEscape(absl::string_view(text.data(), std::min<size_t>(text.size(), 200)));
}

[[noreturn]] void RefuseUnknown(std::string_view typed, const std::vector<std::string>& nearest) {
  std::vector<std::string> offers;
  for (const std::string& name : nearest) offers.push_back("--" + WithDashes(name));
  throw Error(absl::StrCat(
      "unknown flag ", Quoted(typed), "; ",
      offers.empty() ? "" : absl::StrCat("did you mean ", absl::StrJoin(offers, " or "), "? "),
      "--help lists the flags"));
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

std::function<absl::StatusOr<std::string>(const std::string&)> OneOf(
    std::vector<std::string> names) {
  return [names = std::move(names)](const std::string& name) -> absl::StatusOr<std::string> {
    if (std::find(names.begin(), names.end(), name) != names.end()) return name;
    const std::vector<std::string> nearest = NearestNames(name, names);
    return absl::InvalidArgumentError(absl::StrCat(
        nearest.empty() ? "" : absl::StrCat("did you mean ", absl::StrJoin(nearest, " or "), "? "),
        "There are ", absl::StrJoin(names, ", ")));
  };
}

void RefuseFlag(std::string_view name, const std::string& found, const std::string& wanted) {
  throw Error(absl::StrCat("--", WithDashes(name), "=", Quoted(found), ": ", wanted));
}

Flag::Flag(std::string name, Converted number, Range range, std::string help)
    : name_(std::move(name)), help_(std::move(help)) {
  set_ = [number, range](const std::string& text) {
    double value = 0;
    const absl::Status status = Set(text, range, value);
    if (status.ok()) number.set(value);
    return status;
  };
  text_ = [number] { return absl::UnparseFlag(number.get()); };
}

std::string Flag::HelpAndDefault() const {
  std::string words = text_ ? text_() : "";
  if (is_text_) words = absl::StrCat("\"", words, "\"");
  return absl::StrCat(help_, " (default: ", otherwise_.value_or(words), ")");
}

void FlagTable::Add(const FlagTable& more) {
  flags_.insert(flags_.end(), more.flags_.begin(), more.flags_.end());
}

size_t FlagTable::IndexOf(std::string_view name) const {
  const auto flag = std::find_if(flags_.begin(), flags_.end(),
                                 [name](const Flag& each) { return each.name_ == name; });
  return static_cast<size_t>(flag - flags_.begin());
}

std::map<std::string, std::string> FlagTable::Values() const {
  std::map<std::string, std::string> values;
  for (const Flag& flag : flags_) {
    if (flag.text_) values[flag.name_] = flag.text_();
  }
  return values;
}

std::string FlagTable::HelpText(std::string_view usage) const {
  std::map<std::string, std::string> by_name;
  for (const Flag& flag : flags_) by_name[flag.name_] = flag.HelpAndDefault();
  std::string text(usage);
  if (!text.empty() && text.back() != '\n') text += '\n';
  text += "\nFlags (with dashes or underscores):\n";
  for (const auto& [name, help] : by_name) {
    absl::StrAppend(&text, "  --", WithDashes(name), "\n", Wrapped(help, 6, kHelpColumns));
  }
  return text;
}

void FlagTable::Read(int argc, char** argv, std::string_view usage) {
  const std::vector<std::string> others = ReadWithOthers(argc, argv, usage);
  if (others.empty()) return;
  throw Error(absl::StrCat("unexpected argument \"", Quoted(others[0]),
                           "\": flags start with --; see --help"));
}

std::vector<std::string> FlagTable::ReadWithOthers(int argc, char** argv, std::string_view usage) {
  std::vector<std::string> others;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--") {
      others.insert(others.end(), argv + i + 1, argv + argc);
      break;
    }
    if (argument.size() < 2 || argument[0] != '-') {
      others.emplace_back(argument);
      continue;
    }
    const size_t equals = argument.find('=');
    const std::string_view typed = argument.substr(0, equals);
    const std::string name = absl::StrReplaceAll(
        std::string(typed.substr(typed.starts_with("--") ? 2 : 1)), {{"-", "_"}});
    std::optional<std::string> value;
    if (equals != std::string_view::npos) value = argument.substr(equals + 1);
    if (name == "help" || typed == "-h") {
      std::cout << HelpText(usage) << std::flush;
      std::exit(0);
    }

    size_t index = IndexOf(name);
    if (index == flags_.size() && !value && name.starts_with("no")) {
      const size_t negated =
          IndexOf(std::string_view(name).substr(name.starts_with("no_") ? 3 : 2));
      if (negated < flags_.size() && flags_[negated].is_boolean_) {
        index = negated;
        value = "false";
      }
    }
    if (index == flags_.size()) {
      std::vector<std::string> known;
      for (const Flag& each : flags_) known.push_back(each.name_);
      RefuseUnknown(typed, NearestNames(name, known));
    }
    Flag& flag = flags_[index];
    if (!value && flag.is_boolean_) value = "true";
    if (!value && i + 1 < argc) value = argv[++i];
    if (!value)
      throw Error(absl::StrCat("no value after ", Quoted(typed), ": ", flag.HelpAndDefault()));
    if (const absl::Status status = flag.set_(*value); !status.ok()) {
      RefuseFlag(flag.name_, *value, absl::StrCat(status.message(), " (", flag.help_, ")"));
    }
    flag.given_ = true;
  }
  for (const Flag& flag : flags_) {
    if (flag.finish_) flag.finish_();
  }
  return others;
}

}  // namespace core
