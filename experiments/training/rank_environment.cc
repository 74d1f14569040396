#include "experiments/training/rank_environment.h"

#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace experiments {
namespace {

// One launcher's names.
struct Names {
  const char* sign;  // Set if this launcher started us.
  const char* rank;
  const char* world_size;
  const char* local_rank;
  const char* local_world_size;
};

constexpr Names kLaunchers[] = {
    {"RANK", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
     "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"},
    // Inside an allocation a plain program has SLURM_PROCID too; only srun's steps have a local id.
    {"SLURM_LOCALID", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_TASKS_PER_NODE"},
};

constexpr char kRestartCount[] = "TORCHELASTIC_RESTART_COUNT";

std::optional<int> FindInteger(const char* name, int least) {
  const char* text = std::getenv(name);
  int value = 0;
  if (text == nullptr || !absl::SimpleAtoi(text, &value) || value < least) return std::nullopt;
  return value;
}

int ReadInteger(const char* name, int least) {
  if (const std::optional<int> value = FindInteger(name, least)) return *value;
  const char* text = std::getenv(name);
  throw core::Error(
      text == nullptr
          ? absl::StrCat("the environment makes this process one rank of several, but ", name,
                         " is not set: set it, or unset RANK to start the ranks from here")
          : absl::StrCat("environment variable ", name, " is \"", text,
                         "\": an integer of at least ", least, " is needed"));
}

const Names* FindLauncher() {
  for (const Names& names : kLaunchers) {
    if (std::getenv(names.sign) != nullptr) return &names;
  }
  return nullptr;
}

}  // namespace

std::optional<RankEnvironment> ReadRankEnvironment() {
  const Names* names = FindLauncher();
  if (names == nullptr) return std::nullopt;
  RankEnvironment environment = {.rank = ReadInteger(names->rank, 0),
                                 .world_size = ReadInteger(names->world_size, 1),
                                 .master_port = ReadInteger("MASTER_PORT", 1)};
  if (environment.rank >= environment.world_size) {
    throw core::Error(absl::StrCat(names->rank, " is ", environment.rank, " but ",
                                   names->world_size, " is ", environment.world_size,
                                   ": ranks count from 0"));
  }
  // Only for choosing threads and devices: without them, one rank per host.
  environment.local_rank = FindInteger(names->local_rank, 0).value_or(0);
  environment.local_world_size = FindInteger(names->local_world_size, 1).value_or(1);
  const char* address = std::getenv("MASTER_ADDR");
  if (address == nullptr || *address == '\0') {
    throw core::Error("MASTER_ADDR is not set: it names the host of rank 0, where all ranks meet");
  }
  environment.master_address = address;
  const char* agent_store = std::getenv("TORCHELASTIC_USE_AGENT_STORE");
  environment.agent_store = agent_store != nullptr && std::string(agent_store) == "True";
  if (environment.agent_store && std::getenv(kRestartCount) != nullptr) {
    environment.restart_count = ReadInteger(kRestartCount, 0);
  }
  return environment;
}

}  // namespace experiments
