#ifndef EXPERIMENTS_PROFILING_PROFILE_DERIVATION_H_
#define EXPERIMENTS_PROFILING_PROFILE_DERIVATION_H_

#include <string>

#include "core/records/profile.h"

namespace experiments {

// What is known of a model on hardware that nobody here could measure.
struct PublishedFigures {
  std::string model;  // For the profile, as the next.
  std::string hardware;
  std::string published;         // By whom, and for what: "NVIDIA (ResNet-50 recipe, AMP)".
  int batch_size = 0;            // Images of a step.
  double images_per_second = 0;  // Of one device that trains alone.
  double memory_bytes_per_second = 0;
};

// A profile with the published throughput and the proportions of one that was measured of the same
// model: a step takes batch / throughput, of which
//   update   5 · 4 B · parameters / memory bandwidth: parameter, momentum and gradient are read,
//            the first two written
//   forward  a third of the pass, the rest of the step: backward computes two products where
//            forward computes one
//   ready    of a gradient: as far between the start and the end of backward as it was measured
// Adding on a server is as fast as measured. Throws core::Error where that leaves no time for a
// pass.
core::Profile DeriveProfile(const PublishedFigures& figures, const core::Profile& measured);

}  // namespace experiments

#endif  // EXPERIMENTS_PROFILING_PROFILE_DERIVATION_H_
