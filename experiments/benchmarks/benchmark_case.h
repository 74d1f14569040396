#ifndef EXPERIMENTS_BENCHMARKS_BENCHMARK_CASE_H_
#define EXPERIMENTS_BENCHMARKS_BENCHMARK_CASE_H_

#include <map>
#include <string>
#include <vector>

#include "experiments/common/shared_flags.h"

namespace experiments {

// The work that all cases share, and what is measured beside us.
struct BenchmarkOptions : Workload {
  int steps = 10;
  std::string backend = "gloo";    // Of ours, as the trainer's flag has it.
  int rounds = 1;                  // How often the whole table is run.
  std::string only;                // Cases whose name holds this; empty: all.
  std::string rate;                // Of the links between test hosts; empty: ranks of one host.
  std::string scripts;             // Absolute folder of the scripts to compare with, or empty.
  std::string python = "python3";  // The program that runs them.
  std::string output;              // Absolute path of a file for the rows, too, or empty.
};

// A strategy at a number of ranks.
struct BenchmarkCase {
  std::string name;                  // "ddp, 4 ranks"
  std::string strategy;              // One of core::StrategyNames().
  int ranks = 1;                     // A server included.
  std::vector<std::string> scripts;  // That do the same work: file name, then flags.

  int training_ranks() const;
};

// A program to be started, and the folder where it leaves its results file.
struct BenchmarkCommand {
  std::string program;  // As the table names it.
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  // Beside our own.
  std::string folder;
  bool ours = true;
};

// Those of options.only. With links of a limited rate, all have four hosts.
std::vector<BenchmarkCase> BenchmarkCases(const BenchmarkOptions& options);

// Our program, and then each of the scripts to compare with. They write into `folder`,
// one after the other.
std::vector<BenchmarkCommand> BenchmarkCommands(const BenchmarkCase& benchmark_case,
                                                const BenchmarkOptions& options,
                                                const std::string& folder);

}  // namespace experiments

#endif  // EXPERIMENTS_BENCHMARKS_BENCHMARK_CASE_H_
