#ifndef ANALYSIS_TEXT_SCALING_PHRASES_H_
#define ANALYSIS_TEXT_SCALING_PHRASES_H_

#include "analysis/text/phrases.h"

namespace analysis {

// What the section about scaling says, in one language. $0, $1, ... stand for figures, as in
// absl::Substitute.
struct ScalingPhrases {
  const char* title;
  const char* explanation;  // Whole lines.
  const char* commit;       // A line; which.
  const char* profile;      // Batch, computing time, gradients' MB, images/s of a worker alone.
  const char* efficiency;   // Of a column, as all below.
  const char* workers;
  const char* fed_workers;
  const char* one_server;
  const char* several_servers;
  const char* simulated;
  const char* as_fast_as;  // Another strategy.
  // Numbers of workers.
  const char* always;
  const char* never;
  const char* at;
  const char* up_to;
  const char* from;
  const char* from_to;
  // With stragglers.
  const char* stragglers;  // Workers, percent of them, times as long.
  const char* slowdown;
};

const ScalingPhrases& ScalingPhrasesIn(Language language);

}  // namespace analysis

#endif  // ANALYSIS_TEXT_SCALING_PHRASES_H_
