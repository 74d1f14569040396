#include "backends/rendezvous/tcp_store.h"

#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include "c10/util/Logging.h"
#include "core/base/error.h"
#include "torch/csrc/distributed/c10d/PrefixStore.hpp"
#include "torch/csrc/distributed/c10d/TCPStore.hpp"

namespace backends {
namespace {

// The first line of what c10d says, without its prefix and stack trace.
std::string FirstLine(const std::exception& error) {
  const std::string_view text = error.what();
  return std::string(text.substr(0, text.find('\n')));
}

class TcpStore : public Store {
 public:
  TcpStore(c10::intrusive_ptr<c10d::Store> store, std::string place)
      : store_(std::move(store)), place_(std::move(place)) {}

  void Set(const std::string& key, const std::string& value) override {
    try {
      store_->set(key, std::vector<uint8_t>(value.begin(), value.end()));
    } catch (const std::exception& error) {
      throw Lost(error);
    }
  }

  std::optional<std::string> Get(const std::string& key,
                                 std::chrono::milliseconds timeout) override {
    try {
      store_->wait({key}, timeout);
      const std::vector<uint8_t> value = store_->get(key);
      return std::string(value.begin(), value.end());
    } catch (const c10::DistStoreError&) {
      return std::nullopt;
    } catch (const std::exception& error) {
      throw Lost(error);
    }
  }

 private:
  core::Error Lost(const std::exception& error) const {
    return core::Error("lost the rendezvous at " + place_ + " (" + FirstLine(error) +
                       "): see what rank 0 said last");
  }

  const c10::intrusive_ptr<c10d::Store> store_;
  const std::string place_;
};

}  // namespace

std::unique_ptr<Store> ConnectTcpStore(const TcpStoreOptions& options) {
  // c10d writes what goes wrong to standard error, with a stack trace, besides throwing it.
  FLAGS_caffe2_log_level = c10::GLOG_FATAL;
  const std::string place = options.host + ":" + std::to_string(options.port);
  c10d::TCPStoreOptions settings;
  settings.port = static_cast<uint16_t>(options.port);
  settings.isServer = options.serve;
  settings.waitWorkers = false;
  settings.timeout = options.timeout;
  try {
    auto store = c10::make_intrusive<c10d::TCPStore>(options.host, settings);
    return std::make_unique<TcpStore>(
        c10::make_intrusive<c10d::PrefixStore>(options.prefix, std::move(store)), place);
  } catch (const std::exception& error) {
    if (options.serve) {
      throw core::Error("cannot serve the rendezvous at " + place + " (" + FirstLine(error) +
                        "): if the port is in use, give another MASTER_PORT to all ranks");
    }
    throw core::Error("cannot reach the rendezvous at " + place + " (" + FirstLine(error) +
                      "): rank 0 has to run there, with the same MASTER_ADDR and MASTER_PORT");
  }
}

}  // namespace backends
