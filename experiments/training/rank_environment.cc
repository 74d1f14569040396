#include "experiments/training/rank_environment.h"

#include <cstdlib>
#include <initializer_list>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

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

absl::StatusOr<int> ReadInteger(const char* name, int least) {
  const char* text = std::getenv(name);
  if (text == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("the environment makes this process one rank of several, but ", name,
                     " is not set: set it, or unset RANK to start the ranks from here"));
  }
  int value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < least) {
    return absl::InvalidArgumentError(absl::StrCat("environment variable ", name, " is \"", text,
                                                   "\": an integer of at least ", least,
                                                   " is needed"));
  }
  return value;
}

const Names* FindLauncher() {
  for (const Names& names : kLaunchers) {
    if (std::getenv(names.sign) != nullptr) return &names;
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<std::optional<RankEnvironment>> ReadRankEnvironment() {
  const Names* names = FindLauncher();
  if (names == nullptr) return std::nullopt;
  RankEnvironment environment;
  struct Variable {
    const char* name;
    int least;
    int& value;
  };
  for (const Variable& variable :
       std::initializer_list<Variable>{{names->rank, 0, environment.rank},
                                       {names->world_size, 1, environment.world_size},
                                       {"MASTER_PORT", 1, environment.master_port}}) {
    const absl::StatusOr<int> value = ReadInteger(variable.name, variable.least);
    if (!value.ok()) return value.status();
    variable.value = *value;
  }
  if (environment.rank >= environment.world_size) {
    return absl::InvalidArgumentError(absl::StrCat(names->rank, " is ", environment.rank, " but ",
                                                   names->world_size, " is ",
                                                   environment.world_size, ": ranks count from 0"));
  }
  // Only for choosing threads and devices: without them, one rank per host.
  environment.local_rank = ReadInteger(names->local_rank, 0).value_or(0);
  environment.local_world_size = ReadInteger(names->local_world_size, 1).value_or(1);
  const char* address = std::getenv("MASTER_ADDR");
  if (address == nullptr || *address == '\0') {
    return absl::InvalidArgumentError(
        "MASTER_ADDR is not set: it names the host of rank 0, where all ranks meet");
  }
  environment.master_address = address;
  const char* agent_store = std::getenv("TORCHELASTIC_USE_AGENT_STORE");
  environment.agent_store = agent_store != nullptr && std::string(agent_store) == "True";
  if (environment.agent_store && std::getenv(kRestartCount) != nullptr) {
    const absl::StatusOr<int> count = ReadInteger(kRestartCount, 0);
    if (!count.ok()) return count.status();
    environment.restart_count = *count;
  }
  return environment;
}

}  // namespace experiments
