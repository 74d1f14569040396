#ifndef EXPERIMENTS_VALIDATION_HOST_RUN_H_
#define EXPERIMENTS_VALIDATION_HOST_RUN_H_

#include <string>
#include <vector>

#include "experiments/validation/measurement.h"

namespace experiments {

// Test hosts with one rank each, whose links have the bandwidth `rate`, as tools/test_hosts takes
// it.
struct Hosts {
  int count = 2;
  std::string rate;
};

// Does the measurements one after the other on such hosts. Throws core::Error with what
// tools/test_hosts or a rank said.
std::vector<Measured> MeasureOnHosts(const Hosts& hosts, const std::vector<Measurement>& plan);

}  // namespace experiments

#endif  // EXPERIMENTS_VALIDATION_HOST_RUN_H_
