#ifndef BACKENDS_GLOO_TESTING_GLOO_WORLD_H_
#define BACKENDS_GLOO_TESTING_GLOO_WORLD_H_

#include <memory>

#include "core/testing/world.h"

namespace backends {

// A world whose ranks are threads of this process that reach each other over TCP on loopback.
std::unique_ptr<core::testing::World> MakeGlooWorld();

}  // namespace backends

#endif  // BACKENDS_GLOO_TESTING_GLOO_WORLD_H_
