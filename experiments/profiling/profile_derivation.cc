#include "experiments/profiling/profile_derivation.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "core/base/error.h"

namespace experiments {

core::Profile DeriveProfile(const PublishedFigures& figures, const core::Profile& measured) {
  constexpr double kUpdateBytes = 5 * sizeof(float);  // Of each parameter.
  constexpr double kForwardShare = 1.0 / 3;
  const double step = figures.batch_size / figures.images_per_second;
  core::Profile profile = measured;
  profile.update =
      kUpdateBytes * static_cast<double>(measured.parameters) / figures.memory_bytes_per_second;
  profile.pass = step - profile.update;
  if (profile.pass <= 0) {
    throw core::Error(absl::StrFormat(
        "%g images/s at batch %d are a step of %.3g s, of which an update at %.3g bytes/s takes "
        "%.3g s and leaves nothing: give a larger batch or fewer images/s",
        figures.images_per_second, figures.batch_size, step, figures.memory_bytes_per_second,
        profile.update));
  }
  profile.forward = kForwardShare * profile.pass;
  profile.pass_spread = 0;
  const double scale = (profile.pass - profile.forward) / (measured.pass - measured.forward);
  for (core::ProfiledGradient& gradient : profile.gradients) {
    // At most the pass, which rounding may exceed.
    gradient.ready =
        std::min(profile.forward + scale * (gradient.ready - measured.forward), profile.pass);
    gradient.spread = 0;
  }
  profile.model = figures.model;
  profile.hardware = figures.hardware;
  profile.versions.clear();
  profile.batch_size = figures.batch_size;
  profile.source = absl::StrFormat(
      "derived from %g images/s at batch %d, published by %s: a third of the pass is forward, "
      "gradients become ready in the proportions measured on a CPU (%s), an update moves five "
      "float32 a parameter at %g TB/s, a server is a CPU host that adds at the rate measured there "
      "(%s)",
      figures.images_per_second, figures.batch_size, figures.published, measured.model,
      1e-12 * figures.memory_bytes_per_second, measured.hardware);
  return profile;
}

}  // namespace experiments
