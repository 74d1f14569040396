#ifndef CORE_BASE_TABLE_H_
#define CORE_BASE_TABLE_H_

#include <string>
#include <string_view>
#include <vector>

namespace analysis {

// Columns that a terminal with a fixed-width font gives to UTF-8 text: two to each wide character
// of East Asian scripts (Unicode's annex 11), none to combining accents, one to any other.
int DisplayWidth(std::string_view text);

// At most `width` columns of `text`, in one line; what is longer ends in "...".
std::string Shortened(std::string_view text, int width);

// Rows of text under a heading row and a unit row, aligned whatever the script.
class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string heading;
    std::string unit;
    Align align = Align::kRight;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell for each column.
  void AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  // Lines without trailing blanks, each after `indent` blanks. Headings of which all are empty are
  // left out, and so are units.
  std::string ToString(int indent) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace analysis

#endif  // CORE_BASE_TABLE_H_
