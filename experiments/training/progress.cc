#include "experiments/training/progress.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace experiments {
namespace {

constexpr std::chrono::milliseconds kRedrawEvery(200);

double Seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// "95 s", "12 min", "3.4 h"
std::string ReadableSeconds(double seconds) {
  if (seconds < 120) return absl::StrFormat("%.0f s", seconds);
  if (seconds < 7200) return absl::StrFormat("%.0f min", seconds / 60);
  return absl::StrFormat("%.1f h", seconds / 3600);
}

}  // namespace

Progress::Progress(std::string title, Size size, bool terminal)
    : title_(std::move(title)), size_(size), terminal_(terminal) {}

double Progress::SecondsLeft(double steps_done) const {
  const double steps = static_cast<double>(size_.epochs * size_.steps_per_epoch);
  return Seconds(SteadyClock::now() - start_) / steps_done * (steps - steps_done);
}

void Progress::OnStep(int epoch, int64_t step) {
  if (!terminal_) return;
  const SteadyClock::time_point now = SteadyClock::now();
  if (now - drawn_ < kRedrawEvery) return;
  drawn_ = now;
  const double done = static_cast<double>(step + 1);
  const double throughput =
      done * static_cast<double>(size_.images_per_step) / Seconds(now - epoch_start_);
  absl::PrintF("\r%s  epoch %d/%d  step %d/%d  %.1f images/s  %s left\033[K", title_, epoch + 1,
               size_.epochs, step + 1, size_.steps_per_epoch, throughput,
               ReadableSeconds(SecondsLeft(done + epoch * size_.steps_per_epoch)));
  std::fflush(stdout);
}

void Progress::OnEpoch(const core::EpochRecord& record) {
  const core::EpochResult& result = record.result;
  std::string line =
      absl::StrFormat("%s  epoch %d/%d: %d steps, loss %.4f, accuracy %.1f %%, %.1f images/s",
                      title_, result.epoch, size_.epochs, record.losses.size(), result.train_loss,
                      result.train_accuracy, result.train_throughput);
  if (result.val_loss && result.val_accuracy) {
    absl::StrAppendFormat(&line, "; validation: loss %.4f, accuracy %.1f %%", *result.val_loss,
                          *result.val_accuracy);
  }
  if (result.breakdown) {
    absl::StrAppendFormat(&line, "; step %.3f s, communication %.3f s (exposed %.3f s)",
                          result.breakdown->total.count(), result.breakdown->communication.count(),
                          result.breakdown->exposed.count());
  }
  if (result.epoch < size_.epochs) {
    const double done = static_cast<double>(result.epoch * size_.steps_per_epoch);
    absl::StrAppend(&line, "; ", ReadableSeconds(SecondsLeft(done)), " left");
  }
  absl::PrintF("%s%s\n", terminal_ ? "\r\033[K" : "", line);
  std::fflush(stdout);
  epoch_start_ = SteadyClock::now();
}

}  // namespace experiments
