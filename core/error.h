#ifndef CORE_ERROR_H_
#define CORE_ERROR_H_

#include <stdexcept>
#include <string>

namespace core {

// What a user or the world did wrong: a missing folder, a dead peer, a device's failure. The
// message names rank, operation, file or flag, what was found and what to do. main prints it as one
// line and exits with 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace core

#endif  // CORE_ERROR_H_
