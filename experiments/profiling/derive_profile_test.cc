// The program from outside.
#include <algorithm>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/records/profile.h"
#include "experiments/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

using ::testing::AllOf;
using testing::Ended;
using ::testing::HasSubstr;
using testing::MakeFolder;
using testing::RunCommand;

constexpr char kProgram[] = "experiments/derive_profile";
constexpr char kTiny[] = "--measured=experiments/testdata/tiny_profile.json";

std::string Read(const std::string& path) {
  return core::ValueOrThrow(core::ReadFile(path, 1 << 20));
}

TEST(DeriveProfile, WritesTheShippedProfileAgainToTheByte) {
  const std::string file = MakeFolder() + "/profile.json";
  const Ended ended = RunCommand({kProgram, "--output=" + file});
  ASSERT_EQ(ended.code, 0) << ended.errors;
  const std::string shipped = Read("experiments/profiles/resnet50_a100_amp_batch256_derived.json");
  EXPECT_GT(shipped.size(), 10'000u);
  EXPECT_EQ(Read(file), shipped) << "write it again by derive_profile --output=FILE";
}

// A step of 100 images at 50 images/s takes 2 s; updating 10⁶ parameters moves 20 MB, at 100 MB/s
// 0.2 s; of the other 1.8 s forward is 0.6 s. Gradients were measured ready a third, a half, two
// thirds and all of the way through backward.
TEST(DeriveProfile, KeepsProportions) {
  const std::string file = MakeFolder() + "/profile.json";
  const Ended ended =
      RunCommand({kProgram, kTiny, "--images-per-second=50", "--batch-size=100",
                  "--memory-bandwidth=100MB/s", "--published=nobody", "--output=" + file});
  ASSERT_EQ(ended.code, 0) << ended.errors;
  const core::Profile profile = core::ReadProfile(file);
  EXPECT_EQ(profile.batch_size, 100);
  EXPECT_NEAR(profile.update, 0.2, 1e-12);
  EXPECT_NEAR(profile.pass, 1.8, 1e-12);
  EXPECT_NEAR(profile.forward, 0.6, 1e-12);
  const std::vector<double> ready = {1.0, 1.2, 1.4, 1.8};
  ASSERT_EQ(profile.gradients.size(), ready.size());
  for (size_t i = 0; i < ready.size(); ++i) {
    EXPECT_NEAR(profile.gradients[i].ready, ready[i], 1e-12);
    EXPECT_EQ(profile.gradients[i].elements, 250'000);
  }
  EXPECT_EQ(profile.accumulate_bytes_per_second, 1e10);
  EXPECT_THAT(profile.source,
              AllOf(HasSubstr("derived from 50 images/s at batch 100, published by nobody"),
                    HasSubstr("0.0001 TB/s"), HasSubstr("(paper)")));
}

TEST(DeriveProfile, BadInputGetsOneLine) {
  const std::string output = "--output=" + MakeFolder() + "/profile.json";
  const auto expect_refused = [&](const std::string& flag, const std::string& line) {
    const Ended ended = RunCommand({kProgram, kTiny, output, flag});
    EXPECT_EQ(ended.code, 1) << flag;
    EXPECT_THAT(ended.errors, HasSubstr(line));
    EXPECT_EQ(std::count(ended.errors.begin(), ended.errors.end(), '\n'), 1) << ended.errors;
  };
  expect_refused("--output=", "--output=FILE");
  expect_refused("--images-per-second=0", "--images-per-second=0");
  expect_refused("--batch-size=0", "--batch-size=0");
  expect_refused("--memory-bandwidth=2", "--memory-bandwidth=2");
  expect_refused("--memory-bandwidth=1MB/s", "leaves nothing");
  expect_refused("--measured=/nowhere.json", "/nowhere.json");
  expect_refused("--images-per-seconds=1", "--images-per-second");
}

}  // namespace
}  // namespace experiments
