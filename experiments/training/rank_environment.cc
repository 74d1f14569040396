#include "experiments/training/rank_environment.h"

#include <cstdlib>
#include <limits>
#include <string_view>

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

constexpr char kSlurmTasks[] = "SLURM_TASKS_PER_NODE";

constexpr Names kLaunchers[] = {
    {"RANK", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
     "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"},
    // Inside an allocation a plain program has SLURM_PROCID too; only srun's steps have a local id.
    {"SLURM_LOCALID", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", kSlurmTasks},
};

constexpr char kRestartCount[] = "TORCHELASTIC_RESTART_COUNT";
constexpr char kSecret[] = "LOCKSTEP_SECRET";
constexpr size_t kSecretBytesMin = 16;
constexpr char kSlurmRestartCount[] = "SLURM_RESTART_COUNT";

struct Limits {
  int least = 0;
  int most = std::numeric_limits<int>::max();
};

int ReadInteger(const char* name, Limits limits) {
  const char* text = std::getenv(name);
  if (text == nullptr) {
    throw core::Error(
        absl::StrCat("the environment makes this process one rank of several, but ", name,
                     " is not set: set it, or unset RANK to start the ranks from here"));
  }
  std::string number = text;
  // Slurm's "4(x2),3": so many on each of the first two hosts, fewer on the next.
  if (std::string_view(name) == kSlurmTasks) number = number.substr(0, number.find_first_of("(,"));
  int value = 0;
  if (absl::SimpleAtoi(number, &value) && value >= limits.least && value <= limits.most) {
    return value;
  }
  std::string wanted = absl::StrCat("an integer of at least ", limits.least);
  if (limits.most < std::numeric_limits<int>::max()) {
    absl::StrAppend(&wanted, " and at most ", limits.most);
  }
  throw core::Error(
      absl::StrCat("environment variable ", name, " is \"", text, "\": ", wanted, " is needed"));
}

// The same of a variable that may be missing.
int ReadInteger(const char* name, Limits limits, int otherwise) {
  return std::getenv(name) == nullptr ? otherwise : ReadInteger(name, limits);
}

std::string ReadSecret() {
  const char* text = std::getenv(kSecret);
  if (text == nullptr) return "";
  std::string secret = text;
  if (secret.size() >= kSecretBytesMin) return secret;
  throw core::Error(absl::StrCat(kSecret, " has ", secret.size(), " characters, at least ",
                                 kSecretBytesMin,
                                 " are needed: `openssl rand -hex 32` makes some"));
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
  RankEnvironment environment = {
      .rank = ReadInteger(names->rank, {}),
      .world_size = ReadInteger(names->world_size, {.least = 1}),
      // Only for choosing threads and devices: without them, one rank per host.
      .local_rank = ReadInteger(names->local_rank, {}, 0),
      .local_world_size = ReadInteger(names->local_world_size, {.least = 1}, 1),
      .master_port = ReadInteger("MASTER_PORT", {.least = 1, .most = 65535})};
  if (environment.rank >= environment.world_size) {
    throw core::Error(absl::StrCat(names->rank, " is ", environment.rank, " but ",
                                   names->world_size, " is ", environment.world_size,
                                   ": ranks count from 0"));
  }
  const char* address = std::getenv("MASTER_ADDR");
  if (address == nullptr || *address == '\0') {
    throw core::Error("MASTER_ADDR is not set: it names the host of rank 0, where all ranks meet");
  }
  environment.master_address = address;
  const char* agent_store = std::getenv("TORCHELASTIC_USE_AGENT_STORE");
  environment.agent_store = agent_store != nullptr && std::string(agent_store) == "True";
  environment.secret = ReadSecret();
  const int attempts = ReadInteger(kRestartCount, {}, 0);
  if (environment.agent_store) environment.restart_count = attempts;
  environment.restarted = attempts > 0 || ReadInteger(kSlurmRestartCount, {}, 0) > 0;
  return environment;
}

}  // namespace experiments
