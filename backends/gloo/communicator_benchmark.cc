// Times the operations that training makes, with ranks that are processes of this machine, over
// loopback:
//   tools/bazel run //backends/gloo:communicator_benchmark -- 4
// The argument is the number of ranks (4). One row per case: the median of the repetitions, each as
// long as its slowest rank needs; bandwidths as in nccl-tests (PERFORMANCE.md there): algbw is
// bytes over time, busbw what each link has to carry; CPU is what all ranks' threads
// used together, the figure that other work on the machine disturbs least; #wrong counts elements
// that differ from the sum.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "backends/gloo/gloo_communicator.h"
#include "backends/rendezvous/file_store.h"
#include "core/base/error.h"
#include "core/base/flags.h"
#include "core/base/process.h"
#include "core/base/processor_time.h"
#include "core/base/program.h"
#include "core/base/table.h"
#include "core/base/temporary_folder.h"
#include "core/task.h"

namespace {

constexpr char kProgram[] = "communicator_benchmark";

struct Options {
  int repetitions = 11;  // Of a case.
  int shrink = 1;        // Divides the model's sizes.
};

using core::Buffer;
using core::Communicator;
using core::Work;

enum class Pattern { kAllReduceInTurn, kAllReduceInFlight, kPush, kPull };

struct Case {
  const char* name;
  Pattern pattern;
  std::vector<int64_t> counts;  // Of float32.
};

core::Table MakeTable() {
  return core::Table({{"case", "", core::Table::Align::kLeft, 34},
                      {"calls", ""},
                      {"bytes", "MB"},
                      {"min", "ms", core::Table::Align::kRight, 8},
                      {"median", "ms", core::Table::Align::kRight, 8},
                      {"max", "ms", core::Table::Align::kRight, 8},
                      {"CPU", "ms", core::Table::Align::kRight, 8},
                      {"algbw", "GB/s"},
                      {"busbw", "GB/s"},
                      {"#wrong", "count"}});
}

// The parameters of ResNet-50 in torchvision's order of sizes: 25,557,032 in 161 tensors.
std::vector<int64_t> ResNet50(int shrink) {
  std::vector<int64_t> counts = {64 * 3 * 49, 64, 64};
  int64_t inputs = 64;
  const int blocks[] = {3, 4, 6, 3};
  for (int stage = 0; stage < 4; ++stage) {
    const int64_t width = 64 << stage;
    for (int block = 0; block < blocks[stage]; ++block) {
      counts.insert(counts.end(), {inputs * width, width, width});
      counts.insert(counts.end(), {width * width * 9, width, width});
      counts.insert(counts.end(), {width * width * 4, width * 4, width * 4});
      if (block == 0) counts.insert(counts.end(), {inputs * width * 4, width * 4, width * 4});
      inputs = width * 4;
    }
  }
  counts.insert(counts.end(), {inputs * 1000, 1000});
  for (int64_t& count : counts) count = std::max<int64_t>(1, count / shrink);
  return counts;
}

std::vector<int64_t> Buckets(int64_t total, int64_t bucket) {
  std::vector<int64_t> counts;
  for (int64_t done = 0; done < total; done += bucket)
    counts.push_back(std::min(bucket, total - done));
  return counts;
}

// Runs one case repeatedly on one rank.
class Runner {
 public:
  Runner(Communicator& communicator, const Case& test, int repetitions)
      : communicator_(communicator), test_(test), repetitions_(repetitions) {
    for (int64_t count : test.counts) total_ += count;
    data_.resize(total_);
    if (communicator.rank() == 0)
      received_.resize(communicator.size() - 1, std::vector<float>(total_));
  }

  core::Task Run() {
    std::vector<double> seconds;
    double processor_time = 0;
    for (int repetition = 0; repetition < repetitions_; ++repetition) {
      std::fill(data_.begin(), data_.end(), static_cast<float>(communicator_.rank() + 1));
      float barrier = 0;
      co_await communicator_.AllReduce({&barrier, 1});
      const double busy = core::ProcessorSeconds();
      const auto start = std::chrono::steady_clock::now();
      std::vector<Work> works = Start();
      for (Work& work : works) co_await work;
      const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
      processor_time += (core::ProcessorSeconds() - busy) / repetitions_;
      std::vector<double> times(communicator_.size());
      times[communicator_.rank()] = passed.count();
      const int64_t size = communicator_.size();
      co_await communicator_.AllGather({times.data(), size, core::DataType::kFloat64});
      seconds.push_back(*std::max_element(times.begin(), times.end()));
    }
    double wrong = CountWrong();
    co_await communicator_.AllReduce({&wrong, 1, core::DataType::kFloat64});
    co_await communicator_.AllReduce({&processor_time, 1, core::DataType::kFloat64});
    if (communicator_.rank() == 0) Print(seconds, processor_time, wrong);
  }

 private:
  std::vector<Work> Start() {
    std::vector<Work> works;
    int64_t offset = 0;
    for (int64_t count : test_.counts) {
      const Buffer part = Buffer{data_.data(), total_}.Slice(offset, count);
      const bool server = communicator_.rank() == 0;
      if (test_.pattern == Pattern::kAllReduceInTurn) {
        Work work = communicator_.AllReduce(part);
        work.Await(std::noop_coroutine());
      } else if (test_.pattern == Pattern::kAllReduceInFlight) {
        works.push_back(communicator_.AllReduce(part));
      } else if (!server) {
        works.push_back(test_.pattern == Pattern::kPush
                            ? communicator_.Send(part, 0, core::SpanKind::kPush)
                            : communicator_.Receive(part, 0, core::SpanKind::kPull));
      } else {
        for (int peer = 1; peer < communicator_.size(); ++peer) {
          works.push_back(test_.pattern == Pattern::kPush
                              ? communicator_.Receive({received_[peer - 1].data() + offset, count},
                                                      peer, core::SpanKind::kPush)
                              : communicator_.Send(part, peer, core::SpanKind::kPull));
        }
      }
      offset += count;
    }
    return works;
  }

  double CountWrong() const {
    const int size = communicator_.size();
    const auto differ = [](const std::vector<float>& values, int expected) {
      return static_cast<double>(values.size()) -
             static_cast<double>(
                 std::count(values.begin(), values.end(), static_cast<float>(expected)));
    };
    double wrong = 0;
    if (test_.pattern == Pattern::kPush) {
      for (size_t i = 0; i < received_.size(); ++i)
        wrong += differ(received_[i], static_cast<int>(i) + 2);
    } else {
      wrong = differ(data_, test_.pattern == Pattern::kPull ? 1 : size * (size + 1) / 2);
    }
    return wrong;
  }

  void Print(std::vector<double>& seconds, double processor_time, double wrong) const {
    std::sort(seconds.begin(), seconds.end());
    const double median = seconds[seconds.size() / 2];
    const int size = communicator_.size();
    const bool collective = test_.pattern <= Pattern::kAllReduceInFlight;
    const double bytes = 4.0 * static_cast<double>(total_);
    const double factor = collective ? 2.0 * (size - 1) / size : size - 1;
    const auto cell = [](double value) { return absl::StrFormat("%.2f", value); };
    const std::string line = MakeTable().Line(
        {test_.name, absl::StrCat(test_.counts.size()), absl::StrFormat("%.1f", bytes / 1e6),
         cell(1e3 * seconds.front()), cell(1e3 * median), cell(1e3 * seconds.back()),
         cell(1e3 * processor_time), cell(bytes / median / 1e9),
         cell(factor * bytes / median / 1e9), absl::StrFormat("%.0f", wrong)});
    std::fputs(line.c_str(), stdout);
    std::fflush(stdout);
  }

  Communicator& communicator_;
  const Case& test_;
  const int repetitions_;
  int64_t total_ = 0;
  std::vector<float> data_;
  std::vector<std::vector<float>> received_;  // The server's, by worker.
};

void RunRank(int rank, int size, const Options& options, const std::string& folder) {
  const std::vector<int64_t> tensors = ResNet50(options.shrink);
  int64_t total = 0;
  for (int64_t count : tensors) total += count;
  const std::vector<Case> cases = {
      {"all-reduce, one float", Pattern::kAllReduceInTurn, {1}},
      {"all-reduce, 100 floats in turn", Pattern::kAllReduceInTurn, std::vector<int64_t>(100, 1)},
      {"all-reduce, 161 tensors in turn", Pattern::kAllReduceInTurn, tensors},
      {"all-reduce, 161 tensors in flight", Pattern::kAllReduceInFlight, tensors},
      {"all-reduce, 25 MiB in flight", Pattern::kAllReduceInFlight, Buckets(total, 25 << 18)},
      {"all-reduce, flat", Pattern::kAllReduceInTurn, {total}},
      {"push, 161 tensors", Pattern::kPush, tensors},
      {"push, flat", Pattern::kPush, {total}},
      {"pull, flat", Pattern::kPull, {total}},
  };
  const auto store = backends::OpenFileStore(folder);
  const auto communicator =
      backends::ConnectGloo({.rank = rank, .size = size, .store = store.get()});
  for (const Case& test : cases) {
    Runner runner(*communicator, test, options.repetitions);
    core::RunToEnd(runner.Run());
  }
}

void RunRanks(int size, const Options& options) {
  if (size < 2) throw core::Error("at least 2 ranks are needed");
  const core::TemporaryFolder folder;
  std::printf("%d ranks, %d repetitions, float32\n%s", size, options.repetitions,
              MakeTable().Head().c_str());
  std::vector<core::Process> ranks;
  for (int rank = 0; rank < size; ++rank) {
    ranks.push_back(core::ValueOrThrow(core::Process::Fork([&] {
      return core::ReportErrors(kProgram, [&] { RunRank(rank, size, options, folder.path()); });
    })));
  }
  bool failed = false;
  for (core::Process& rank : ranks) failed |= rank.Wait().code != 0;
  if (failed) throw core::Error("a rank failed");
}

}  // namespace

int main(int argc, char** argv) {
  return core::ReportErrors(kProgram, [&] {
    Options options;
    core::FlagTable flags = {
        {"repetitions", &options.repetitions, core::Range(1, 1e6), "of a case"},
        {"shrink", &options.shrink, core::Range(1, 1e9),
         "divides the model's sizes; for a test that all cases run"},
    };
    const std::vector<std::string> rest =
        flags.ReadWithOthers(argc, argv, "Times the operations of training.");
    RunRanks(rest.empty() ? 4 : std::atoi(rest[0].c_str()), options);
  });
}
