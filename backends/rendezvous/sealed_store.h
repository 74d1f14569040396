#ifndef BACKENDS_RENDEZVOUS_SEALED_STORE_H_
#define BACKENDS_RENDEZVOUS_SEALED_STORE_H_

#include <memory>
#include <string>

#include "backends/rendezvous/store.h"

namespace backends {

// A store that others than the ranks can reach. Whatever a rank writes carries a code that only who
// knows `secret` can make, for that key and that `scope` (one of several attempts, say); what does
// not is as if it were not there. Others can still read everything, and put something else over it:
// then ranks do not meet, and Suspicion says why.
std::unique_ptr<Store> SealStore(std::unique_ptr<Store> store, const std::string& secret,
                                 const std::string& scope);

}  // namespace backends

#endif  // BACKENDS_RENDEZVOUS_SEALED_STORE_H_
