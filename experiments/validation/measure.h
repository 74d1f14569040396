#ifndef EXPERIMENTS_VALIDATION_MEASURE_H_
#define EXPERIMENTS_VALIDATION_MEASURE_H_

#include <memory>

#include "core/communicator.h"
#include "core/timeline.h"
#include "experiments/validation/measurement.h"

namespace experiments {

// Does this rank's part of a measurement; all ranks call it. `timeline` is the communicator's. The
// result is complete on rank 0 only. Throws core::Error.
Measured Measure(std::unique_ptr<core::Communicator> communicator, core::Timeline& timeline,
                 const Measurement& measurement);

}  // namespace experiments

#endif  // EXPERIMENTS_VALIDATION_MEASURE_H_
