#ifndef CORE_BASE_TABLE_H_
#define CORE_BASE_TABLE_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace core {

// Columns that a terminal with a fixed-width font gives to UTF-8 text: two to each wide character
// of East Asian scripts (Unicode's annex 11), none to combining accents, one to any other.
int DisplayWidth(std::string_view text);

// At most `width` columns of `text`, in one line; what is longer ends in "...".
std::string Shortened(std::string_view text, int width);

// "12.50"; "-" for what is not known.
std::string Fixed(std::optional<double> value, int decimals);

// A line and one of `underline` under all of it.
std::string Headline(std::string_view text, char underline);

// Words in lines of at most `columns`, each after `indent` blanks.
std::string Wrapped(std::string_view text, int indent, int columns);

// Rows of text under a heading row and a unit row, aligned whatever the script.
class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string heading;
    std::string unit;
    Align align = Align::kRight;
    int width = 0;  // At least.
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell for each column.
  void AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  // All rows, in columns as wide as they need: lines without trailing blanks, each after `indent`
  // blanks. Headings of which all are empty are left out, and so are units.
  std::string ToString(int indent) const;

  // For rows that are printed as they come: headings and units, and a line of cells, in columns as
  // wide as these or their `width`.
  std::string Head() const;
  std::string Line(const std::vector<std::string>& cells) const;

 private:
  // Headings and units.
  std::vector<std::vector<std::string>> HeadRows() const;
  std::vector<int> Widths(const std::vector<std::vector<std::string>>& rows) const;
  std::string Lines(const std::vector<std::vector<std::string>>& rows,
                    const std::vector<int>& widths, int indent) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace core

#endif  // CORE_BASE_TABLE_H_
