#include "core/base/table.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace core {
namespace {

// Reads the character at `position` and moves behind it. Of malformed text each byte is one
// character.
char32_t NextCharacter(std::string_view text, size_t& position) {
  const auto lead = static_cast<unsigned char>(text[position++]);
  const int following = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
  if (following == 0 || position + following > text.size()) return lead;
  char32_t character = lead & (0x3f >> following);
  for (int i = 0; i < following; ++i) {
    character = character << 6 | (static_cast<unsigned char>(text[position++]) & 0x3f);
  }
  return character;
}

int WidthOf(char32_t character) {
  struct Range {
    char32_t first, last;
  };
  static constexpr Range kWide[] = {
      {0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},
      {0xfe30, 0xfe6f}, {0xff01, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
  };
  if (character >= 0x300 && character <= 0x36f) return 0;
  const auto holds = [character](Range range) {
    return character >= range.first && character <= range.last;
  };
  return std::any_of(std::begin(kWide), std::end(kWide), holds) ? 2 : 1;
}

}  // namespace

int DisplayWidth(std::string_view text) {
  int width = 0;
  for (size_t position = 0; position < text.size();)
    width += WidthOf(NextCharacter(text, position));
  return width;
}

std::string Shortened(std::string_view text, int width) {
  std::string line(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  }
  if (DisplayWidth(line) <= width) return line;
  int used = 0;
  for (size_t position = 0; position < line.size();) {
    const size_t begin = position;
    used += WidthOf(NextCharacter(line, position));
    if (used > width - 3) return line.substr(0, begin) + "...";
  }
  return line;
}

std::string Fixed(std::optional<double> value, int decimals) {
  return value ? absl::StrFormat("%.*f", decimals, *value) : "-";
}

std::string Headline(std::string_view text, char underline) {
  return std::string(text) + "\n" + std::string(DisplayWidth(text), underline) + "\n";
}

std::string Wrapped(std::string_view text, int indent, int columns) {
  const std::string margin(indent, ' ');
  std::string lines = margin;
  int column = indent;
  const std::vector<std::string> words =
      absl::StrSplit(absl::string_view(text.data(), text.size()), ' ', absl::SkipEmpty());
  for (const std::string& word : words) {
    const int width = DisplayWidth(word);
    if (column > indent) {
      const bool fits = column + 1 + width <= columns;
      lines += fits ? " " : "\n" + margin;
      column = fits ? column + 1 : indent;
    }
    lines += word;
    column += width;
  }
  return lines + "\n";
}

std::vector<std::vector<std::string>> Table::HeadRows() const {
  std::vector<std::string> headings, units;
  for (const Column& column : columns_) {
    headings.push_back(column.heading);
    units.push_back(column.unit);
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& row : {headings, units}) {
    if (std::any_of(row.begin(), row.end(), [](const auto& cell) { return !cell.empty(); })) {
      rows.push_back(row);
    }
  }
  return rows;
}

std::vector<int> Table::Widths(const std::vector<std::vector<std::string>>& rows) const {
  std::vector<int> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    widths.push_back(columns_[i].width);
    for (const auto& row : rows) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  return widths;
}

std::string Table::Lines(const std::vector<std::vector<std::string>>& rows,
                         const std::vector<int>& widths, int indent) const {
  std::string text;
  for (const auto& row : rows) {
    std::string line(indent, ' ');
    for (size_t i = 0; i < widths.size(); ++i) {
      const std::string padding(std::max(0, widths[i] - DisplayWidth(row[i])), ' ');
      if (i > 0) line += "  ";
      line += columns_[i].align == Align::kLeft ? row[i] + padding : padding + row[i];
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string Table::ToString(int indent) const {
  std::vector<std::vector<std::string>> rows = HeadRows();
  rows.insert(rows.end(), rows_.begin(), rows_.end());
  return Lines(rows, Widths(rows), indent);
}

std::string Table::Head() const { return Lines(HeadRows(), Widths(HeadRows()), 0); }

std::string Table::Line(const std::vector<std::string>& cells) const {
  return Lines({cells}, Widths(HeadRows()), 0);
}

}  // namespace core
