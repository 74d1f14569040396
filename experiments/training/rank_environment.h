#ifndef EXPERIMENTS_TRAINING_RANK_ENVIRONMENT_H_
#define EXPERIMENTS_TRAINING_RANK_ENVIRONMENT_H_

#include <optional>
#include <string>

namespace experiments {

// What a launcher of others (torchrun --no-python, mpirun, Slurm) told this process that it is.
struct RankEnvironment {
  int rank = 0;
  int world_size = 1;
  int local_rank = 0;
  int local_world_size = 1;  // Ranks on this host.
  std::string master_address;
  int master_port = 0;
  bool agent_store = false;  // The launcher itself serves at that port (torchrun's agent).
  // How often the launcher has started these ranks again, if it serves: its store keeps what earlier
  // attempts wrote. Every agent counts for itself the failures of its own ranks, so that on several
  // hosts counts may differ after a restart, as they may for PyTorch's own rendezvous; then ranks
  // do not meet, which is an error after the timeout.
  int restart_count = 0;
  // LOCKSTEP_SECRET: what only the ranks of the run know; empty if they were told nothing.
  std::string secret;
  // The launcher, or Slurm's queue, has started the job before.
  bool restarted = false;
};

// From LOCKSTEP_SECRET and RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, or Open MPI's (OMPI_COMM_WORLD_RANK, …) or
// Slurm's (SLURM_PROCID, …) names for them, and MASTER_ADDR, MASTER_PORT. Empty if there is no
// rank: then the program starts its ranks itself. Throws core::Error, which names the variable that
// is missing or makes no sense.
std::optional<RankEnvironment> ReadRankEnvironment();

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_RANK_ENVIRONMENT_H_
