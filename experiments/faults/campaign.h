#ifndef EXPERIMENTS_FAULTS_CAMPAIGN_H_
#define EXPERIMENTS_FAULTS_CAMPAIGN_H_

#include <map>
#include <string>

#include "experiments/faults/scenario.h"

namespace experiments {

// What came of a scenario.
struct Verdict {
  std::string problem;     // Empty: all went as it must.
  bool struck = false;     // The victim came to its fault.
  double ended_after = 0;  // Seconds from the fault to the end of the last process.
};

// Runs scenarios over real processes, sockets and files, in `folder`, where it makes a small data
// set first. Call it without other threads.
//
// A rank that is killed, halted or fails ends the run, with its number in an error, and leaves no
// process; one that is slow changes nothing; one that is asked to stop ends all with a checkpoint.
// What ended early goes on by --resume, and then every loss and weight is to the bit that of a run
// to which nothing happened.
class Campaign {
 public:
  // Throws core::Error.
  explicit Campaign(const std::string& folder);

  Verdict Run(const Scenario& scenario);

 private:
  struct Ended {
    int code = 0;
    bool in_time = true;
    std::string text;  // What it printed.
    double seconds = 0;
  };

  Ended Start(const Scenario& scenario, const std::string& output, bool faulty, bool resume);
  // The losses and weights that a folder holds, as bytes.
  std::string OutcomeOf(const Scenario& scenario, const std::string& output) const;
  const std::string& Expected(const Scenario& scenario);
  std::string Check(const Scenario& scenario, const Ended& ended, bool struck);

  const std::string folder_;
  std::map<std::string, std::string> expected_;  // By strategy and number of workers.
};

}  // namespace experiments

#endif  // EXPERIMENTS_FAULTS_CAMPAIGN_H_
