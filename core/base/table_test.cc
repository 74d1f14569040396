#include "core/base/table.h"

#include "gtest/gtest.h"

namespace core {
namespace {

TEST(DisplayWidthTest, WideCharactersTakeTwoColumns) {
  EXPECT_EQ(DisplayWidth(""), 0);
  EXPECT_EQ(DisplayWidth("a-b"), 3);
  EXPECT_EQ(DisplayWidth("é"), 1);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1);
  EXPECT_EQ(DisplayWidth("方法"), 4);
  EXPECT_EQ(DisplayWidth("（各轮）："), 10);
  EXPECT_EQ(DisplayWidth("图像/秒"), 7);
  EXPECT_EQ(DisplayWidth("한국"), 4);
}

TEST(DisplayWidthTest, MalformedTextIsMeasuredWithoutReadingPastItsEnd) {
  EXPECT_EQ(DisplayWidth("\xff"), 1);
  EXPECT_EQ(DisplayWidth("a\xe6"), 2);
  EXPECT_EQ(DisplayWidth("\xe6\x96"), 2);
}

TEST(ShortenedTest, CutsBetweenCharactersAndKeepsOneLine) {
  EXPECT_EQ(Shortened("all-reduce", 10), "all-reduce");
  EXPECT_EQ(Shortened("all-reduce!", 10), "all-red...");
  EXPECT_EQ(Shortened("two\nlines", 10), "two lines");
  EXPECT_EQ(Shortened("方法比较报告", 8), "方法...");
}

TEST(HeadlineTest, IsUnderlinedAsFarAsItIsWide) {
  EXPECT_EQ(Headline("a-b", '='), "a-b\n===\n");
  EXPECT_EQ(Headline("方法", '-'), "方法\n----\n");
}

TEST(WrappedTest, BreaksBetweenWordsWhereColumnsEnd) {
  EXPECT_EQ(Wrapped("one two  three", 2, 9), "  one two\n  three\n");
  EXPECT_EQ(Wrapped("one two three", 2, 8), "  one\n  two\n  three\n");
  EXPECT_EQ(Wrapped("方法 比较 a", 0, 9), "方法 比较\na\n");
  EXPECT_EQ(Wrapped("longer than three", 1, 3), " longer\n than\n three\n");
  EXPECT_EQ(Wrapped("", 1, 3), " \n");
}

TEST(TableTest, AlignsUnderHeadingAndUnit) {
  Table table({{"method", "", Table::Align::kLeft}, {"time", "s"}, {"x", "%"}});
  table.AddRow({"a", "10.5", "1"});
  table.AddRow({"longer name", "1.5", "100"});
  EXPECT_EQ(table.ToString(0),
            "method       time    x\n"
            "                s    %\n"
            "a            10.5    1\n"
            "longer name   1.5  100\n");
}

TEST(TableTest, AlignsWideCharacters) {
  Table table({{"方法", "", Table::Align::kLeft}, {"吞吐量", "图像/秒"}});
  table.AddRow({"参数", "1.0"});
  table.AddRow({"ps", "20.0"});
  EXPECT_EQ(table.ToString(2),
            "  方法   吞吐量\n"
            "        图像/秒\n"
            "  参数      1.0\n"
            "  ps       20.0\n");
}

TEST(TableTest, WithoutHeadingsThereAreOnlyRows) {
  Table table({{"", "", Table::Align::kLeft}, {"", "", Table::Align::kLeft}});
  table.AddRow({"a", ""});
  EXPECT_EQ(table.ToString(0), "a\n");
}

TEST(TableTest, RowsThatArePrintedAsTheyComeStandUnderTheirHeadings) {
  const Table table({{"case", "", Table::Align::kLeft, 8}, {"time", "milliseconds"}, {"x", ""}});
  EXPECT_EQ(table.Head(),
            "case              time  x\n"
            "          milliseconds\n");
  EXPECT_EQ(table.Line({"one", "12", "3"}), "one                 12  3\n");
  EXPECT_EQ(table.Line({"longer than asked", "12", "3"}), "longer than asked            12  3\n");
}

}  // namespace
}  // namespace core
