#ifndef BACKENDS_LOCAL_LOCAL_WORLD_H_
#define BACKENDS_LOCAL_LOCAL_WORLD_H_

#include <memory>

#include "core/testing/world.h"

namespace backends {

// A world whose ranks are threads of this process.
std::unique_ptr<core::testing::World> MakeLocalWorld();

}  // namespace backends

#endif  // BACKENDS_LOCAL_LOCAL_WORLD_H_
