#ifndef CORE_BASE_THREAD_H_
#define CORE_BASE_THREAD_H_

#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace core {

// Starts a thread. Throws an Error that says what to do if the system gives no more. Whoever has
// started others before has to end them, or the program is.
template <typename Body>
std::thread StartThread(Body body) {
  try {
    return std::thread(std::move(body));
  } catch (const std::system_error& error) {
    throw Error(absl::StrCat("cannot start a thread (", error.code().message(),
                             "): use fewer threads (--workers, --threads), or raise the limits of "
                             "processes (ulimit -u) and memory (ulimit -v)"));
  }
}

}  // namespace core

#endif  // CORE_BASE_THREAD_H_
