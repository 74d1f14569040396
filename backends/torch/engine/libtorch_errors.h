#ifndef BACKENDS_TORCH_ENGINE_LIBTORCH_ERRORS_H_
#define BACKENDS_TORCH_ENGINE_LIBTORCH_ERRORS_H_

#include <c10/util/Exception.h>

#include <new>
#include <string>

#include "core/base/error.h"

namespace backends {

// Runs `function`; what libtorch throws, and exhausted memory, becomes one line.
template <typename Function>
void Translating(const Function& function) {
  constexpr const char* kNoMemory =
      "not enough memory for ResNet-50: use smaller batches or images";
  try {
    function();
  } catch (const c10::OutOfMemoryError&) {
    throw core::Error(kNoMemory);
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    throw core::Error("libtorch: " + message.substr(0, message.find('\n')));
  } catch (const std::bad_alloc&) {
    throw core::Error(kNoMemory);
  }
}

}  // namespace backends

#endif  // BACKENDS_TORCH_ENGINE_LIBTORCH_ERRORS_H_
