#ifndef BACKENDS_GLOO_REPORT_H_
#define BACKENDS_GLOO_REPORT_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace backends {

// Why a rank gave up. The later ones say more about the cause.
enum class Reason : int32_t {
  kNone,          // It has not said so: it goes on, has stopped, or is gone.
  kBusy,          // Others gave up; it waited for nobody.
  kWaiting,       // Others gave up while it waited.
  kTimedOut,      // It waited for too long.
  kLost,          // A connection closed.
  kDisagreement,  // Ranks called different operations, or with different sizes.
};

// What a failing rank tells the others: whom it waited for, and why it waits no more. Ranks send it
// to each other as it is: all have the same architecture.
struct Report {
  static constexpr int kBlamedMax = 32;

  Reason reason = Reason::kNone;
  int32_t blamed_count = 0;
  std::array<int32_t, kBlamedMax> blamed = {};
  char text[376] = {};  // What the connection's end or the disagreement was.

  void SetText(const std::string& value);
  // Each rank once.
  void Blame(int rank);
};

// Who or what is to blame, as the end of an error message. Whoever has the same reports comes to
// the same verdict. At least one rank has reported something else than kBusy and kWaiting.
std::string Verdict(const std::vector<Report>& reports, std::chrono::milliseconds timeout);

}  // namespace backends

#endif  // BACKENDS_GLOO_REPORT_H_
