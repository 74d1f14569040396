#include "core/training/epoch_totals.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace core {
namespace {

// What an epoch's figures are made of, summed over steps and ranks: these, then kStepFigures.
enum Total {
  kCorrect,
  kCount,
  kEvaluationLoss,
  kEvaluationCorrect,
  kEvaluationCount,
  kFirstFigure,
};
constexpr size_t kTotals = kFirstFigure + std::size(kStepFigures);

void AddBreakdowns(const std::vector<Breakdown>& breakdowns, std::vector<double>& totals) {
  for (const Breakdown& step : breakdowns) {
    size_t total = kFirstFigure;
    for (const StepFigure& figure : kStepFigures) totals[total++] += (step.*figure.member).count();
  }
}

void AddMetrics(const std::vector<StepMetrics>& metrics, std::vector<double>& totals) {
  for (const StepMetrics& step : metrics) {
    totals[kCorrect] += static_cast<double>(step.correct);
    totals[kCount] += static_cast<double>(step.count);
  }
}

// A message's transfer is what the fastest rank needs; what others spend longer is waiting for
// their peers. `communication` holds rank after rank, each with one figure per step.
double MeanWaiting(const std::vector<double>& communication, const Roles& roles, int64_t steps) {
  double waiting = 0;
  for (int64_t step = 0; step < steps; ++step) {
    double fastest = 0;
    double sum = 0;
    for (int rank = roles.first_worker(); rank < roles.size(); ++rank) {
      const double seconds = communication[rank * steps + step];
      fastest = rank == roles.first_worker() ? seconds : std::min(fastest, seconds);
      sum += seconds;
    }
    waiting += sum / roles.workers - fastest;
  }
  return waiting / static_cast<double>(steps);
}

EpochResult MakeResult(const std::vector<double>& totals, const std::vector<double>& losses,
                       const Roles& roles, Duration time) {
  const double steps = static_cast<double>(losses.size());
  const double rank_steps = steps * roles.workers;
  EpochResult result;
  result.train_loss = std::accumulate(losses.begin(), losses.end(), 0.0) / steps;
  result.train_accuracy = 100.0 * totals[kCorrect] / totals[kCount];
  result.train_time = time.count();
  result.train_throughput = totals[kCount] / time.count();
  result.avg_batch_time = time.count() / steps;
  Breakdown& breakdown = result.breakdown.emplace();
  size_t total = kFirstFigure;
  for (const StepFigure& figure : kStepFigures) {
    breakdown.*figure.member = Duration(totals[total++] / rank_steps);
  }
  if (breakdown.pull + breakdown.push == Duration(0)) {
    result.avg_comm_time = breakdown.communication.count();
  } else {
    result.avg_comm_time_pull = breakdown.pull.count();
    result.avg_comm_time_push = breakdown.push.count();
  }
  if (totals[kEvaluationCount] > 0) {
    result.val_loss = totals[kEvaluationLoss] / totals[kEvaluationCount];
    result.val_accuracy = 100.0 * totals[kEvaluationCorrect] / totals[kEvaluationCount];
  }
  return result;
}

}  // namespace

Task EpochTotals::Exchange(Communicator& communicator, const Roles& roles, int epoch,
                           const EpochProgress& progress, const Evaluation& evaluation,
                           EpochRecord& record) {
  const std::vector<Breakdown>& breakdowns = progress.breakdowns;
  const int64_t steps = static_cast<int64_t>(breakdowns.size());
  const int rank = communicator.rank();

  totals_.assign(kTotals, 0.0);
  losses_.assign(steps, 0.0);
  communication_.assign(steps * roles.size(), 0.0);
  AddMetrics(progress.metrics, totals_);
  for (size_t step = 0; step < progress.metrics.size(); ++step) {
    losses_[step] = progress.metrics[step].loss;
  }
  if (roles.trains(rank)) AddBreakdowns(breakdowns, totals_);
  totals_[kEvaluationLoss] = evaluation.loss_sum;
  totals_[kEvaluationCorrect] = static_cast<double>(evaluation.correct);
  totals_[kEvaluationCount] = static_cast<double>(evaluation.count);
  for (int64_t step = 0; step < steps; ++step) {
    communication_[rank * steps + step] = breakdowns[step].communication.count();
  }
  Work summed = communicator.AllReduce(View(totals_));
  Work summed_losses = communicator.AllReduce(View(losses_));
  Work gathered = communicator.AllGather(View(communication_));
  co_await summed;
  co_await summed_losses;
  co_await gathered;

  record.losses = losses_;
  for (double& loss : record.losses) loss /= roles.workers;
  record.result = MakeResult(totals_, record.losses, roles, progress.time);
  record.result.epoch = epoch + 1;
  record.result.breakdown->waiting = Duration(MeanWaiting(communication_, roles, steps));
  for (const Breakdown& step : breakdowns) record.step_times.push_back(step.total.count());
}

}  // namespace core
