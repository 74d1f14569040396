#ifndef EXPERIMENTS_BENCHMARKS_BENCHMARK_LOADER_H_
#define EXPERIMENTS_BENCHMARKS_BENCHMARK_LOADER_H_

#include "experiments/benchmarks/benchmark_row.h"

namespace experiments {

// What the row of BenchmarkLoader is called.
constexpr char kLoaderCase[] = "loader, 500 x 375 JPEG to 224 x 224";

// Images that one core turns into training batches per second of processor time, which busy
// neighbours disturb least: median over epochs of a data set that it makes in `folder`, which is
// not there yet. Throws core::Error.
BenchmarkRow BenchmarkLoader(const std::string& folder, int epochs);

}  // namespace experiments

#endif  // EXPERIMENTS_BENCHMARKS_BENCHMARK_LOADER_H_
