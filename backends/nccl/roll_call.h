#ifndef BACKENDS_NCCL_ROLL_CALL_H_
#define BACKENDS_NCCL_ROLL_CALL_H_

#include <optional>
#include <string>
#include <vector>

#include "backends/nccl/options.h"

namespace backends {

// What the ranks of a communicator know of each other through the store: who is there, who left,
// who failed first and why.
class RollCall {
 public:
  // Returns when all ranks have come. Throws core::Error that names those who did not within the
  // timeout, were started with another world size, or share a GPU, which NCCL does not allow.
  explicit RollCall(const NcclOptions& options);

  // A value that rank 0 makes for all. Throws core::Error if it does not come in time.
  std::string Share(const std::string& name, const std::string& value_of_rank_0);

  void Leave();
  bool HasLeft(int rank);
  // Only the first is kept.
  void Fail(const std::string& cause);
  // Of another rank, if there is one; this rank's own is not told.
  std::optional<std::string> FailureOfOthers();

 private:
  void CheckMembers(const std::vector<std::string>& cards) const;

  const NcclOptions options_;
  std::vector<bool> left_;
};

}  // namespace backends

#endif  // BACKENDS_NCCL_ROLL_CALL_H_
