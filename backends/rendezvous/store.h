#ifndef BACKENDS_RENDEZVOUS_STORE_H_
#define BACKENDS_RENDEZVOUS_STORE_H_

#include <chrono>
#include <optional>
#include <string>

namespace backends {

// A table shared by all ranks of a run, in which they find each other. Values are bytes. Safe to
// use from any thread. Failures (a folder that cannot be written, a server that is gone or does not
// answer) are thrown as core::Error.
class Store {
 public:
  virtual ~Store() = default;

  // Once for each key.
  virtual void Set(const std::string& key, const std::string& value) = 0;

  // Adds to the end of the value of `key`, whole, beside others who do so.
  virtual void Append(const std::string& key, const std::string& value) = 0;

  // The value of `key`, as soon as somebody has set it; empty if nobody did within `timeout`, which
  // may be none.
  virtual std::optional<std::string> Get(const std::string& key,
                                         std::chrono::milliseconds timeout) = 0;

  // What the ranks of the run know, and nobody who can read this table; empty if there is no such
  // thing.
  virtual std::string secret() const { return ""; }

  // What has been found here that may be why ranks do not meet, as the end of an error message.
  virtual std::string Suspicion() const { return ""; }
};

}  // namespace backends

#endif  // BACKENDS_RENDEZVOUS_STORE_H_
