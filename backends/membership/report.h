#ifndef BACKENDS_MEMBERSHIP_REPORT_H_
#define BACKENDS_MEMBERSHIP_REPORT_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace backends {

// Why a rank goes on no more. The later ones say more about the cause.
enum class Reason : int32_t {
  kNone,          // It has not said so: it goes on, is stopped, or is gone.
  kLeft,          // It came to its end.
  kBusy,          // Others gave up; it waited for nobody.
  kWaiting,       // Others gave up while it waited.
  kTimedOut,      // It waited for too long.
  kLost,          // A connection closed.
  kFailed,        // Its own device or library failed.
  kDisagreement,  // Ranks called different operations, or with different sizes.
};

// What a rank that ends tells the others: whom it waited for, and why it waits no more. Ranks send
// it to each other as it is: all have the same architecture.
struct Report {
  static constexpr int kBlamedMax = 32;
  static constexpr int32_t kAllOthers = -1;

  Reason reason = Reason::kNone;
  int32_t rank = 0;   // Whose it is.
  int32_t place = 0;  // In the order in which reports were made, where that is known.
  int32_t blamed_count = 0;
  std::array<int32_t, kBlamedMax> blamed = {};
  char text[368] = {};  // What the connection's end, the failure or the disagreement was.

  void SetText(const std::string& value);
  // Each rank, or kAllOthers, once.
  void Blame(int rank);

  // Whether it can be one of a run of so many ranks. What others sent may be anything (they may run
  // another build): nothing else of it is looked at before.
  bool IsValid(int ranks) const;
};

// Who or what is to blame, as the end of an error message. Whoever has the same reports, by rank,
// comes to the same verdict. At least one rank has reported more than kWaiting.
std::string Verdict(const std::vector<Report>& reports, std::chrono::milliseconds timeout);

}  // namespace backends

#endif  // BACKENDS_MEMBERSHIP_REPORT_H_
