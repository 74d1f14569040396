#include "core/base/json_object.h"

#include <cmath>
#include <string>

#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace core {
namespace {

using ::testing::ElementsAre;
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
