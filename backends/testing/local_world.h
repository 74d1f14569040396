#ifndef BACKENDS_TESTING_LOCAL_WORLD_H_
#define BACKENDS_TESTING_LOCAL_WORLD_H_

#include <functional>
#include <memory>

#include "core/testing/world.h"

namespace backends {

// A world whose ranks are threads of this process.
std::unique_ptr<core::testing::World> MakeLocalWorld();

// The same with what `wrap` makes of every rank's communicator.
using WrapCommunicator =
    std::function<std::unique_ptr<core::Communicator>(std::unique_ptr<core::Communicator>)>;
std::unique_ptr<core::testing::World> MakeLocalWorldOf(WrapCommunicator wrap);

}  // namespace backends

#endif  // BACKENDS_TESTING_LOCAL_WORLD_H_
