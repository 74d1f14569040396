#ifndef BACKENDS_RENDEZVOUS_FILE_STORE_H_
#define BACKENDS_RENDEZVOUS_FILE_STORE_H_

#include <memory>
#include <string>

#include "backends/rendezvous/store.h"

namespace backends {

// Ranks of one machine meet in `folder`, which exists, is theirs alone and is used for one run
// only. A file per key; who made the folder removes it. Throws core::Error if it cannot be written.
std::unique_ptr<Store> OpenFileStore(const std::string& folder);

}  // namespace backends

#endif  // BACKENDS_RENDEZVOUS_FILE_STORE_H_
