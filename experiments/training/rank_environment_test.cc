#include "experiments/training/rank_environment.h"

#include <cstdlib>
#include <string>

#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace experiments {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class RankEnvironmentTest : public ::testing::Test {
 protected:
  RankEnvironmentTest() { Clear(); }
  ~RankEnvironmentTest() override { Clear(); }
  void Set(const char* name, const char* value) { setenv(name, value, 1); }
  std::string Error() {
    try {
      ReadRankEnvironment();
    } catch (const core::Error& error) {
      return error.what();
    }
    return "no error";
  }

 private:
  void Clear() {
    for (const char* name :
         {"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT",
          "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "SLURM_PROCID", "SLURM_NTASKS",
          "SLURM_LOCALID", "SLURM_TASKS_PER_NODE", "SLURM_RESTART_COUNT",
          "TORCHELASTIC_USE_AGENT_STORE", "TORCHELASTIC_RESTART_COUNT", "LOCKSTEP_SECRET"}) {
      unsetenv(name);
    }
  }
};

TEST_F(RankEnvironmentTest, WithoutARankThereIsNone) {
  EXPECT_FALSE(ReadRankEnvironment().has_value());
}

TEST_F(RankEnvironmentTest, IsWhatTorchrunSays) {
  Set("RANK", "5");
  Set("WORLD_SIZE", "8");
  Set("LOCAL_RANK", "1");
  Set("LOCAL_WORLD_SIZE", "4");
  Set("MASTER_ADDR", "node0");
  Set("MASTER_PORT", "29500");
  const auto environment = ReadRankEnvironment();
  ASSERT_TRUE(environment.has_value());
  EXPECT_EQ(environment->rank, 5);
  EXPECT_EQ(environment->world_size, 8);
  EXPECT_EQ(environment->local_rank, 1);
  EXPECT_EQ(environment->local_world_size, 4);
  EXPECT_EQ(environment->master_address, "node0");
  EXPECT_EQ(environment->master_port, 29500);
}

TEST_F(RankEnvironmentTest, RestartsCountWhereTheStoreOutlivesThem) {
  Set("RANK", "0");
  Set("WORLD_SIZE", "1");
  Set("MASTER_ADDR", "node0");
  Set("MASTER_PORT", "29500");
  Set("TORCHELASTIC_RESTART_COUNT", "2");
  EXPECT_EQ(ReadRankEnvironment()->restart_count, 0);
  Set("TORCHELASTIC_USE_AGENT_STORE", "True");
  EXPECT_TRUE(ReadRankEnvironment()->agent_store);
  EXPECT_EQ(ReadRankEnvironment()->restart_count, 2);
  Set("TORCHELASTIC_RESTART_COUNT", "often");
  EXPECT_THAT(Error(), AllOf(HasSubstr("TORCHELASTIC_RESTART_COUNT"), HasSubstr("\"often\"")));
  unsetenv("TORCHELASTIC_RESTART_COUNT");
  EXPECT_EQ(ReadRankEnvironment()->restart_count, 0);
}

TEST_F(RankEnvironmentTest, IsWhatMpirunOrSlurmSays) {
  Set("MASTER_ADDR", "node0");
  Set("MASTER_PORT", "1");
  Set("SLURM_PROCID", "3");
  Set("SLURM_NTASKS", "4");
  EXPECT_FALSE(ReadRankEnvironment().has_value()) << "an allocation is not yet a step";
  Set("SLURM_LOCALID", "0");
  EXPECT_EQ(ReadRankEnvironment()->rank, 3);
  Set("OMPI_COMM_WORLD_RANK", "1");
  Set("OMPI_COMM_WORLD_SIZE", "2");
  EXPECT_EQ(ReadRankEnvironment()->world_size, 2);
}

TEST_F(RankEnvironmentTest, NumbersThatMakeNoSenseAreRefusedNotBent) {
  Set("RANK", "0");
  Set("WORLD_SIZE", "1");
  Set("MASTER_ADDR", "node0");
  for (const char* port : {"94964", "0", "-1", "29500x", "99999999999999"}) {
    Set("MASTER_PORT", port);
    EXPECT_THAT(Error(), AllOf(HasSubstr("MASTER_PORT"), HasSubstr(port)));
  }
  Set("MASTER_PORT", "29500");
  Set("LOCAL_RANK", "-1");
  EXPECT_THAT(Error(), AllOf(HasSubstr("LOCAL_RANK"), HasSubstr("\"-1\"")));
  Set("LOCAL_RANK", "0");
  Set("LOCAL_WORLD_SIZE", "0");
  EXPECT_THAT(Error(), HasSubstr("LOCAL_WORLD_SIZE"));
  Set("LOCAL_WORLD_SIZE", "1");
  EXPECT_TRUE(ReadRankEnvironment().has_value());
}

TEST_F(RankEnvironmentTest, SlurmCountsTasksOfSeveralHostsTogether) {
  Set("MASTER_ADDR", "node0");
  Set("MASTER_PORT", "1");
  Set("SLURM_PROCID", "3");
  Set("SLURM_NTASKS", "11");
  Set("SLURM_LOCALID", "3");
  for (const char* tasks : {"4(x2),3", "4,3", "4"}) {
    Set("SLURM_TASKS_PER_NODE", tasks);
    EXPECT_EQ(ReadRankEnvironment()->local_world_size, 4) << tasks;
  }
}

TEST_F(RankEnvironmentTest, KnowsWhetherTheJobWasStartedBefore) {
  Set("RANK", "0");
  Set("WORLD_SIZE", "1");
  Set("MASTER_ADDR", "node0");
  Set("MASTER_PORT", "29500");
  EXPECT_FALSE(ReadRankEnvironment()->restarted);
  Set("SLURM_RESTART_COUNT", "1");
  EXPECT_TRUE(ReadRankEnvironment()->restarted);
  unsetenv("SLURM_RESTART_COUNT");
  Set("TORCHELASTIC_RESTART_COUNT", "1");
  EXPECT_TRUE(ReadRankEnvironment()->restarted);
}

TEST_F(RankEnvironmentTest, TheSecretIsLongEnoughNotToBeGuessed) {
  Set("RANK", "0");
  Set("WORLD_SIZE", "1");
  Set("MASTER_ADDR", "node0");
  Set("MASTER_PORT", "29500");
  EXPECT_EQ(ReadRankEnvironment()->secret, "");
  Set("LOCKSTEP_SECRET", "0123456789abcdef");
  EXPECT_EQ(ReadRankEnvironment()->secret, "0123456789abcdef");
  Set("LOCKSTEP_SECRET", "short");
  EXPECT_THAT(Error(), AllOf(HasSubstr("LOCKSTEP_SECRET has 5 characters"), HasSubstr("16")));
}

TEST_F(RankEnvironmentTest, ErrorsNameTheVariable) {
  Set("RANK", "1");
  EXPECT_THAT(Error(), HasSubstr("WORLD_SIZE is not set"));
  Set("WORLD_SIZE", "two");
  EXPECT_THAT(Error(), AllOf(HasSubstr("WORLD_SIZE"), HasSubstr("\"two\"")));
  Set("WORLD_SIZE", "1");
  EXPECT_THAT(Error(), HasSubstr("MASTER_PORT"));
  Set("MASTER_PORT", "29500");
  EXPECT_THAT(Error(), HasSubstr("RANK is 1 but WORLD_SIZE is 1"));
  Set("RANK", "0");
  EXPECT_THAT(Error(), HasSubstr("MASTER_ADDR"));
}

}  // namespace
}  // namespace experiments
