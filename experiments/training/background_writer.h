#ifndef EXPERIMENTS_TRAINING_BACKGROUND_WRITER_H_
#define EXPERIMENTS_TRAINING_BACKGROUND_WRITER_H_

#include <functional>
#include <future>
#include <utility>

#include "absl/status/status.h"

namespace experiments {

// Writes files beside training, one after the other.
class BackgroundWriter {
 public:
  ~BackgroundWriter() { (void)Finish(); }

  // Runs `write` once the one before has ended. What failed is said on stderr, as nothing but the
  // file is lost.
  void Run(std::function<absl::Status()> write);
  // Waits for the last. Whether it went well.
  absl::Status Finish();

 private:
  std::future<absl::Status> running_;
};

}  // namespace experiments

#endif  // EXPERIMENTS_TRAINING_BACKGROUND_WRITER_H_
