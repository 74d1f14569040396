#include "experiments/training/run_options.h"

#include <vector>

#include "experiments/common/host_info.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

RunOptions OptionsOf(std::vector<const char*> flags) {
  flags.insert(flags.begin(), "program");
  return ReadOptions("ddp", "", static_cast<int>(flags.size()), const_cast<char**>(flags.data()));
}

TEST(RunOptionsTest, WorkersFollowCoresAndRanks) {
  EXPECT_EQ(DefaultWorkers(1, false), 1);
  EXPECT_EQ(DefaultWorkers(32, false), 4);
  EXPECT_EQ(DefaultWorkers(1, true), 1);
  EXPECT_EQ(DefaultWorkers(8, true), 7);
  EXPECT_EQ(DefaultWorkers(500, true), 16);
  EXPECT_EQ(OptionsOf({"--nproc-per-node=1"}).workers, DefaultWorkers(UsableCores(), false));
  EXPECT_EQ(OptionsOf({"--nproc-per-node=1024"}).workers, 1);
  EXPECT_EQ(OptionsOf({"--workers=5"}).workers, 5);
}

}  // namespace
}  // namespace experiments
