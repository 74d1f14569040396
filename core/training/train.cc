#include "core/training/train.h"

#include <algorithm>
#include <numeric>
#include <span>

namespace core {
namespace {

// What an epoch's figures are made of; summed over ranks as a vector of doubles.
struct Totals {
  double correct, count;
  double evaluation_loss, evaluation_correct, evaluation_count;
  double total, load, computation, communication, exposed, pull, push;

  Buffer buffer() { return {this, sizeof(*this) / sizeof(double), DataType::kFloat64}; }
};

void AddBreakdowns(const std::vector<Breakdown>& breakdowns, Totals& totals) {
  for (const Breakdown& step : breakdowns) {
    totals.total += step.total.count();
    totals.load += step.load.count();
    totals.computation += step.computation.count();
    totals.communication += step.communication.count();
    totals.exposed += step.exposed.count();
    totals.pull += step.pull.count();
    totals.push += step.push.count();
  }
}

void AddMetrics(const std::vector<StepMetrics>& metrics, Totals& totals) {
  for (const StepMetrics& step : metrics) {
    totals.correct += static_cast<double>(step.correct);
    totals.count += static_cast<double>(step.count);
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

EpochResult MakeResult(const Totals& totals, std::span<const double> losses, const Roles& roles,
                       Duration time) {
  const double steps = static_cast<double>(losses.size());
  const double rank_steps = steps * roles.workers;
  EpochResult result;
  result.train_loss = std::accumulate(losses.begin(), losses.end(), 0.0) / steps;
  result.train_accuracy = 100.0 * totals.correct / totals.count;
  result.train_time = time.count();
  result.train_throughput = totals.count / time.count();
  result.avg_batch_time = time.count() / steps;
  result.breakdown = BreakdownResult{.total = totals.total / rank_steps,
                                     .load = totals.load / rank_steps,
                                     .computation = totals.computation / rank_steps,
                                     .communication = totals.communication / rank_steps,
                                     .exposed = totals.exposed / rank_steps};
  if (totals.pull == 0 && totals.push == 0) {
    result.avg_comm_time = totals.communication / rank_steps;
  } else {
    result.avg_comm_time_pull = totals.pull / rank_steps;
    result.avg_comm_time_push = totals.push / rank_steps;
  }
  if (totals.evaluation_count > 0) {
    result.val_loss = totals.evaluation_loss / totals.evaluation_count;
    result.val_accuracy = 100.0 * totals.evaluation_correct / totals.evaluation_count;
  }
  return result;
}

struct Epoch {
  int index;
  Duration time;
};

Task Evaluate(Worker& worker, Strategy& strategy, TrainingReplica& replica, Roles roles,
              Totals& totals) {
  co_await strategy.Synchronize(worker);
  Work broadcast = worker.communicator.Broadcast(replica.statistics(), roles.first_worker());
  co_await broadcast;
  if (!roles.trains(worker.communicator.rank())) co_return;
  const Evaluation evaluation = replica.Evaluate();
  totals.evaluation_loss = evaluation.loss_sum;
  totals.evaluation_correct = static_cast<double>(evaluation.correct);
  totals.evaluation_count = static_cast<double>(evaluation.count);
}

// Validation and the exchange of figures after an epoch's steps.
Task CloseEpoch(Worker& worker, Strategy& strategy, TrainingReplica& replica, Timeline& timeline,
                Roles roles, Epoch epoch, TrainObserver& observer) {
  const std::vector<Breakdown> breakdowns = timeline.TakeSteps();
  const int64_t steps = static_cast<int64_t>(breakdowns.size());
  const int rank = worker.communicator.rank();

  EpochRecord record;
  record.losses.assign(steps, 0.0);
  Totals totals{};
  const std::vector<StepMetrics> metrics = replica.TakeTraining();
  AddMetrics(metrics, totals);
  for (size_t step = 0; step < metrics.size(); ++step) record.losses[step] = metrics[step].loss;
  if (roles.trains(rank)) AddBreakdowns(breakdowns, totals);
  co_await Evaluate(worker, strategy, replica, roles, totals);

  Work summed = worker.communicator.AllReduce(totals.buffer());
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
  record.result.breakdown->waiting = MeanWaiting(communication, roles, steps);
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
