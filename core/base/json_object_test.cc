#include "core/base/json_object.h"

#include <cmath>
#include <cstdlib>
#include <random>
#include <string>

#include "core/base/error.h"
#include "core/testing/damage.h"
#include "core/testing/limited_process.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

JsonObject Parsed(const std::string& text) { return JsonObject::Parse(text, "file.json"); }

template <typename Act>
std::string ErrorOf(const Act& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string ErrorOfText(const std::string& text) {
  return ErrorOf([&] { Parsed(text); });
}

TEST(JsonObjectTest, ValuesAreReadAsWhatTheyAre) {
  JsonObject object = Parsed(
      R"({"text": "a", "number": -2.5, "yes": true, "numbers": [1, 2], "texts": ["x", "y"], "none": null})");
  EXPECT_EQ(object.Text("text"), "a");
  EXPECT_EQ(object.Number("number", -3), -2.5);
  EXPECT_TRUE(object.Boolean("yes"));
  EXPECT_THAT(object.Numbers("numbers", 0), ElementsAre(1, 2));
  EXPECT_THAT(object.Texts("texts"), ElementsAre("x", "y"));
  EXPECT_TRUE(object.Has("none"));
  EXPECT_FALSE(object.HasValue("none"));
  EXPECT_FALSE(object.HasValue("absent"));
  EXPECT_TRUE(object.HasNumber("number"));
  EXPECT_FALSE(object.HasNumber("yes"));
  object.Finish();
}

TEST(JsonObjectTest, PythonsNumbersThatAreNotFiniteAreNull) {
  JsonObject object = Parsed(R"({"loss": NaN, "losses": [[1, -Infinity], [], 3], "a": "NaN"})");
  EXPECT_TRUE(std::isnan(object.NumberOrNan("loss")));
  const std::vector<double> losses = object.NumbersOrNan("losses");
  ASSERT_EQ(losses.size(), 3u);
  EXPECT_EQ(losses[0], 1);
  EXPECT_TRUE(std::isnan(losses[1]));
  EXPECT_EQ(losses[2], 3);
  EXPECT_EQ(object.Text("a"), "NaN");
  EXPECT_EQ(ErrorOf([&] { object.Number("loss", 0); }), "file.json: loss: is null, not a number");
}

TEST(JsonObjectTest, ErrorsSayWhereInsideTheFile) {
  JsonObject object = Parsed(
      R"({"a": {"b": [{"c": 1}, {"c": "x"}]}, "list": [1, -1, true], "deep": [[1], [2, "z"]], "n": 3e9})");
  JsonObject second = object.Object("a").Objects("b")[1];
  EXPECT_EQ(ErrorOf([&] { second.Number("c", 0); }), "file.json: a.b[1].c: is \"x\", not a number");
  EXPECT_EQ(ErrorOf([&] { object.Numbers("list", 0); }),
            "file.json: list[1]: is -1, not a number from 0.0 on");
  EXPECT_EQ(ErrorOf([&] { object.NumbersOrNan("list"); }),
            "file.json: list[2]: is true, not a number");
  EXPECT_EQ(ErrorOf([&] { object.NumbersOrNan("deep"); }),
            "file.json: deep[1][1]: is \"z\", not a number");
  EXPECT_EQ(ErrorOf([&] { object.Texts("list"); }), "file.json: list[0]: is 1, not a text");
  EXPECT_EQ(ErrorOf([&] { object.Objects("list"); }),
            "file.json: list[0]: is 1, not an object {…}");
  EXPECT_EQ(ErrorOf([&] { object.Texts("a"); }), "file.json: a: is an object, not a list […]");
  EXPECT_EQ(ErrorOf([&] { object.Count("n", 0); }),
            "file.json: n: is 3000000000, which is too large");
  EXPECT_EQ(ErrorOf([&] { object.Boolean("n"); }),
            "file.json: n: is 3000000000.0, not true or false");
}

TEST(JsonObjectTest, WhatIsNoJsonIsNamedWithItsPlace) {
  EXPECT_EQ(ErrorOfText("{\n\"a\": }"), "file.json:2: is not JSON at byte 8");
  EXPECT_EQ(ErrorOfText("[]"), "file.json: is a list, not an object {…}");
  EXPECT_EQ(ErrorOfText("{\"a\": 1e999}"),
            "file.json: is not JSON: it holds a number that is too large");
  EXPECT_EQ(ErrorOfText(std::string(10'000'000, '[')),
            "file.json: byte 32: found a value nested deeper than 32, expected a flatter file");
}

std::string Repeated(const std::string& item, size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += item;
  return text;
}

// Four times the file and 64 MB, whatever the values are: they are read or refused.
TEST(JsonObjectTest, MemoryIsBoundedByTheSize) {
  if (std::getenv("ASAN_OPTIONS")) GTEST_SKIP() << "takes all addresses";
  for (const size_t bytes : {size_t{2} << 20, size_t{16} << 20}) {
    for (const std::string item :
         {"0,", "[],", "[[[[]]]],", "{},", "\"\",", "{\"\":0},", "[\"\",0],", "null,", "NaN,",
          "0.12345678901234567,", "\"0123456789abcdef\","}) {
      const std::string text = "{\"a\":[" + Repeated(item, bytes) + "0]}";
      const std::string said = WithLimitedMemory(3 * text.size() + (64 << 20), [&text] {
        return ErrorOf([&] { EXPECT_FALSE(Parsed(text).Keys().empty()); });
      });
      EXPECT_TRUE(said == "no error" || said.find("file.json: byte ") == 0) << item << ": " << said;
    }
  }
}

TEST(JsonObjectTest, ManyNumbersOfFullPrecisionAreRead) {
  const std::string text = "{\"losses\":[" + Repeated("0.12345678901234567,", 16'000'000) + "0]}";
  EXPECT_EQ(Parsed(text).Numbers("losses", 0).size(), 800'001u);
}

TEST(JsonObjectTest, AnObjectOfManyKeysIsRefusedBeforeTheyAreCompared) {
  std::string text = "{";
  for (int i = 0; i < 1'000'000; ++i) text += "\"" + std::to_string(i) + "\":0,";
  EXPECT_THAT(ErrorOfText(text + "\"a\":0}"), HasSubstr("an object of more than 4096 keys"));
}

// Whatever is done to a file: a value, or an error that begins with its name.
TEST(JsonObjectTest, DamagedTextIsReadOrRefusedByName) {
  const std::string good =
      R"({"a": {"b": [{"c": 1.5e3}, {"c": "x\u00e4\n"}]}, "n": NaN, "f": false})";
  std::mt19937 random(1);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string text = Damaged(good, random);
    const std::string said = ErrorOf([&text] {
      JsonObject object = Parsed(text);
      for (JsonObject& item : object.Object("a").Objects("b")) item.Number("c", 0);
      object.NumberOrNan("n");
      object.Boolean("f");
      object.Finish();
    });
    ASSERT_TRUE(said == "no error" || said.find("file.json:") == 0) << said;
    ASSERT_EQ(said.find('\n'), std::string::npos) << said;
    refused += said != "no error";
  }
  EXPECT_GT(refused, 10'000);
}

TEST(JsonObjectTest, AKeyIsQuotedInOneShortLine) {
  const JsonObject object = Parsed("{\"a\\nb" + std::string(1000, 'x') + "\": 1}");
  const std::string error = ErrorOf([&] { object.Finish(); });
  EXPECT_EQ(error.find("file.json: a bxxx"), 0u) << error;
  EXPECT_LT(error.size(), 300u);
}

TEST(JsonObjectTest, KeysKeepTheirOrder) {
  EXPECT_THAT(Parsed(R"({"b": 1, "a": 2, "c": 3})").Keys(), ElementsAre("b", "a", "c"));
  EXPECT_THAT(Parsed("{}").Keys(), IsEmpty());
}

}  // namespace
}  // namespace core
