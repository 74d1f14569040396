#ifndef EXPERIMENTS_TRAINING_RANK_WORLD_H_
#define EXPERIMENTS_TRAINING_RANK_WORLD_H_

#include <memory>
#include <string>

#include "backends/cuda/accelerator.h"
#include "backends/rendezvous/store.h"
#include "core/communicator.h"
#include "core/timeline.h"
#include "experiments/training/rank_environment.h"
#include "experiments/training/run_options.h"

namespace experiments {

// How far a rank has come on its way to the others.
enum class Arrival {
  kAlone,      // Others do not know of it.
  kMeeting,    // It looks for them, and says itself what goes wrong.
  kConnected,  // They notice how it ends.
};

// All but TellWhyNot throw core::Error.

// Where ranks that others started meet: at MASTER_ADDR and MASTER_PORT.
std::unique_ptr<backends::Store> OpenStore(const RunOptions& options,
                                           const RankEnvironment& environment);

// When a rank fails that has come so far: tells the others why it will not come, if they can be
// reached within seconds and do not know. `store` is theirs, or null if it is not open yet. Who
// serves it stays until they have had time to look.
void TellWhyNot(RunOptions options, const RankEnvironment& environment, Arrival arrival,
                std::unique_ptr<backends::Store> store, const std::string& cause);

// The GPU of this rank: ranks of a host take them in turn. Null on the processor.
std::unique_ptr<backends::Accelerator> OpenAccelerator(const RunOptions& options,
                                                       const RankEnvironment& environment,
                                                       const core::Clock& clock);

// This rank's way to the others, by the run's backend. All but the options outlive it.
std::unique_ptr<core::Communicator> Connect(const RunOptions& options,
                                            const RankEnvironment& environment,
                                            backends::Store& store, core::Timeline& timeline,
                                            backends::Accelerator* accelerator);

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_RANK_WORLD_H_
