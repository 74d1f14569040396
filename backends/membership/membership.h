#ifndef BACKENDS_MEMBERSHIP_MEMBERSHIP_H_
#define BACKENDS_MEMBERSHIP_MEMBERSHIP_H_

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "backends/membership/report.h"
#include "backends/rendezvous/store.h"

namespace backends {

// What a rank says of itself when it comes.
struct AddressRecord {
  std::string host;     // Its name.
  std::string address;  // How to reach it there, in the backend's words. Bytes.
};

// What the ranks of a run know of each other through the rendezvous' store: who has come, and a log
// of who left, who gave up and why. All functions throw core::Error if the store is lost.
class Membership {
 public:
  struct Options {
    int rank = 0;
    int size = 1;
    Store* store = nullptr;  // Outlives this.
    std::chrono::milliseconds timeout{};
    std::string
        backend;  // The same for all ranks, as --backend names it: whose addresses these are.
  };

  // Returns when all ranks have come. Throws core::Error that names those who did not within the
  // timeout, were started with another world size or backend, left a record that cannot be read, or
  // gave up before all had come.
  Membership(const Options& options, const std::string& address);

  const AddressRecord& operator[](int rank) const { return records_[rank]; }

  // All ranks call it, with a value under that topic, each topic once; returns those of all, by
  // rank. Throws core::Error as the constructor does.
  std::vector<std::string> Exchange(const std::string& topic, const std::string& value);

  void Tell(Report report);
  void Leave();
  // What all ranks have told, in that order, as far as it can be read.
  std::vector<Report> Reports();

 private:
  // Until the deadline, or until a rank gives up.
  std::optional<std::string> Await(const std::string& key,
                                   std::chrono::steady_clock::time_point deadline);
  // Throws core::Error if a rank has given up.
  void CheckReports();
  [[noreturn]] void GiveUpWithout(const std::vector<int>& missing);
  // Of that rank. Throws core::Error if it is not one of this run.
  AddressRecord Parse(const std::string& record, int rank) const;

  const Options options_;
  std::vector<AddressRecord> records_;  // By rank.
};

// Says to all others why this rank will not come: they look for that while they wait for it. Never
// throws: a store that is lost is what they see then.
void TellFailure(Store& store, int rank, const std::string& cause);

// The name of this host.
std::string ThisHost();

}  // namespace backends

#endif  // BACKENDS_MEMBERSHIP_MEMBERSHIP_H_
