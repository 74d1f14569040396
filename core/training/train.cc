#include "core/training/train.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <span>

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

EpochResult MakeResult(std::span<const double> totals, std::span<const double> losses,
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

struct Epoch {
  int index;
  Duration time;
};

Task Evaluate(Worker& worker, Strategy& strategy, TrainingReplica& replica, Roles roles,
              std::vector<double>& totals) {
  co_await strategy.Synchronize(worker);
  Work broadcast = worker.communicator.Broadcast(replica.statistics(), roles.first_worker());
  co_await broadcast;
  if (!roles.trains(worker.communicator.rank())) co_return;
  const Evaluation evaluation = replica.Evaluate();
  totals[kEvaluationLoss] = evaluation.loss_sum;
  totals[kEvaluationCorrect] = static_cast<double>(evaluation.correct);
  totals[kEvaluationCount] = static_cast<double>(evaluation.count);
}

// Validation and the exchange of figures after an epoch's steps.
Task CloseEpoch(Worker& worker, Strategy& strategy, TrainingReplica& replica, Timeline& timeline,
                Roles roles, Epoch epoch, TrainObserver& observer) {
  const std::vector<Breakdown> breakdowns = timeline.TakeSteps();
  const int64_t steps = static_cast<int64_t>(breakdowns.size());
  const int rank = worker.communicator.rank();

  EpochRecord record;
  record.losses.assign(steps, 0.0);
  std::vector<double> totals(kTotals);
  const std::vector<StepMetrics> metrics = replica.TakeTraining();
  AddMetrics(metrics, totals);
  for (size_t step = 0; step < metrics.size(); ++step) record.losses[step] = metrics[step].loss;
  if (roles.trains(rank)) AddBreakdowns(breakdowns, totals);
  co_await Evaluate(worker, strategy, replica, roles, totals);

  Work summed = worker.communicator.AllReduce(View(totals));
  Work summed_losses = worker.communicator.AllReduce(View(record.losses));
  std::vector<double> communication(steps * roles.size());
  for (int64_t step = 0; step < steps; ++step) {
    communication[rank * steps + step] = breakdowns[step].communication.count();
  }
  Work gathered = worker.communicator.AllGather(View(communication));
  co_await summed;
  co_await summed_losses;
  co_await gathered;

  for (double& loss : record.losses) loss /= roles.workers;
  record.result = MakeResult(totals, record.losses, roles, epoch.time);
  record.result.epoch = epoch.index + 1;
  record.result.breakdown->waiting = Duration(MeanWaiting(communication, roles, steps));
  for (const Breakdown& step : breakdowns) record.step_times.push_back(step.total.count());
  observer.OnEpoch(record);
}

}  // namespace

Task TrainSteps(Worker& worker, Strategy& strategy, Timeline& timeline, int epoch, int64_t steps,
                TrainObserver& observer) {
  timeline.BeginSteps();
  for (int64_t step = 0; step < steps; ++step) {
    co_await strategy.Step(worker);
    timeline.EndStep();
    observer.OnStep(epoch, step);
  }
}

Task Train(Worker& worker, Strategy& strategy, TrainingReplica& replica, Timeline& timeline,
           const TrainOptions& options, TrainObserver& observer) {
  const Roles roles = strategy.roles(worker.communicator.size());
  co_await strategy.Start(worker);
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    replica.BeginEpoch(epoch);
    const Duration start = timeline.Now();
    co_await TrainSteps(worker, strategy, timeline, epoch, options.steps_per_epoch, observer);
    timeline.EndSteps();
    const Epoch closed{epoch, timeline.Now() - start};
    co_await CloseEpoch(worker, strategy, replica, timeline, roles, closed, observer);
  }
}

}  // namespace core
