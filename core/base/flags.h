#ifndef CORE_BASE_FLAGS_H_
#define CORE_BASE_FLAGS_H_

#include <concepts>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/flags/marshalling.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/user_path.h"

namespace core {

// The numbers from `least` to `most`; not-a-number is none of them.
struct Range {
  Range(double least_value, double most_value) : least(least_value), most(most_value) {}
  bool Holds(double number) const { return number >= least && number <= most; }
  double least;
  double most;
};
// Any that the variable's type can hold.
struct IsAny {};
// A text that names a file or folder: made absolute from where the command was typed.
struct IsPath {};

// A number that is not kept in the unit that its flag has.
struct Converted {
  std::function<double()> get;
  std::function<void(double)> set;
};

// One flag of a program: everything there is to say about it, in a row of a FlagTable. Its variable
// holds the default until the command line is read, and outlives the flag. Names are written with
// underscores here. `otherwise` says the default in words, where the variable's value does not.
class Flag {
 public:
  // The variable is a bool, int, int64_t, uint64_t, double or std::string. The rule is Range, IsAny,
  // IsPath or a function from a text to an absl::StatusOr, such as OneOf: then the variable may be
  // of its result's type, too.
  template <typename T, typename Rule>
  Flag(std::string name, T* variable, Rule rule, std::string help,
       std::optional<std::string> otherwise = std::nullopt)
      : name_(std::move(name)), help_(std::move(help)), otherwise_(std::move(otherwise)) {
    is_boolean_ = std::same_as<T, bool>;
    is_text_ = std::same_as<T, std::string>;
    set_ = [variable, rule](const std::string& text) { return Set(text, rule, *variable); };
    if constexpr (std::is_arithmetic_v<T> || std::same_as<T, std::string>) {
      text_ = [variable] { return absl::UnparseFlag(*variable); };
    }
    if constexpr (std::same_as<Rule, IsPath>) {
      finish_ = [variable] { *variable = UserPath(*variable); };
    }
  }
  template <typename T>
  Flag(std::string name, T* variable, std::string help,
       std::optional<std::string> otherwise = std::nullopt)
      : Flag(std::move(name), variable, IsAny(), std::move(help), std::move(otherwise)) {}
  Flag(std::string name, Converted number, Range range, std::string help);

 private:
  friend class FlagTable;

  template <typename T, typename Rule>
  static absl::Status Set(const std::string& text, const Rule& rule, T& variable) {
    if constexpr (std::invocable<Rule, std::string>) {
      auto value = rule(text);
      if (!value.ok()) return value.status();
      if constexpr (std::same_as<T, std::string>) {
        variable = text;
      } else {
        variable = *std::move(value);
      }
      return absl::OkStatus();
    } else {
      T value{};
      std::string error;
      bool right = absl::ParseFlag(text, &value, &error);
      if constexpr (std::same_as<Rule, Range>) right = right && rule.Holds(value);
      if (right) variable = value;
      return right ? absl::OkStatus() : absl::InvalidArgumentError("must be " + Wanted<T>(rule));
    }
  }
  // "a whole number from 1 to 1024"
  template <typename T, typename Rule>
  static std::string Wanted(const Rule& rule) {
    if (std::same_as<T, bool>) return "true or false";
    const std::string kind = std::integral<T> ? "a whole number" : "a number";
    if constexpr (std::same_as<Rule, Range>) {
      return absl::StrFormat("%s from %.15g to %.15g", kind, rule.least, rule.most);
    } else if constexpr (std::integral<T>) {
      using Limits = std::numeric_limits<T>;
      return absl::StrCat(kind, " from ", Limits::min(), " to ", Limits::max());
    } else {
      return kind;
    }
  }
  std::string HelpAndDefault() const;

  std::string name_;
  std::string help_;
  std::optional<std::string> otherwise_;
  bool is_boolean_ = false;
  bool is_text_ = false;
  bool given_ = false;
  // Of an error the message is what would be right.
  std::function<absl::Status(const std::string&)> set_;
  std::function<std::string()> text_;  // The value; null if it has no text.
  std::function<void()> finish_;       // After all flags were read; may be null.
};

// The flags of a program. Tables of several parts are put together by Add.
class FlagTable {
 public:
  FlagTable(std::initializer_list<Flag> flags) : flags_(flags) {}
  void Add(const FlagTable& more);
  // Says the default of a flag of another table in words.
  void Otherwise(std::string_view name, std::string words) {
    flags_.at(IndexOf(name)).otherwise_ = std::move(words);
  }

  // Sets the variables from the program's command line. Names may be written with dashes or
  // underscores; a value follows "=" or is the next argument; a boolean flag stands alone or as
  // --noNAME or has a value after "="; of a flag given twice the last counts. `--help` prints
  // `usage` and the flags to stdout and exits with 0: for main only. Throws core::Error, which
  // names the flag, what was found and what would be right, or the nearest flags there are.
  void Read(int argc, char** argv, std::string_view usage);
  // The same for a program with arguments that are no flags: returns these, in order. "--" ends the
  // flags.
  std::vector<std::string> ReadWithOthers(int argc, char** argv, std::string_view usage);

  // Whether the command line had it.
  bool Given(std::string_view name) const { return flags_.at(IndexOf(name)).given_; }
  // Of all flags that have a text, by name.
  std::map<std::string, std::string> Values() const;

 private:
  size_t IndexOf(std::string_view name) const;  // flags_.size() if there is none.
  std::string HelpText(std::string_view usage) const;

  std::vector<Flag> flags_;
};

// Throws core::Error: the flag, with dashes, what it was given, and what would be right.
[[noreturn]] void RefuseFlag(std::string_view name, const std::string& found,
                             const std::string& wanted);

// At most three of `known` that `name` may have been meant to be, nearest first: by edit distance,
// or one part of the other. For "did you mean": flags, strategies, backends.
std::vector<std::string> NearestNames(std::string_view name, const std::vector<std::string>& known);

// The `parse` of a flag that takes one of these names; an error says which there are, the nearest
// first.
std::function<absl::StatusOr<std::string>(const std::string&)> OneOf(
    std::vector<std::string> names);

}  // namespace core

#endif  // CORE_BASE_FLAGS_H_
