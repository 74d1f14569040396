#include "backends/rendezvous/sealed_store.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>

#include "core/base/sha256.h"

namespace backends {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Where something else stands, the right record may still come.
constexpr milliseconds kPollInterval(50);

// How a value was written.
constexpr char kWhole = 'w';  // By Set: alone.
constexpr char kPart = 'p';   // By Append.

constexpr size_t kLengthBytes = sizeof(uint32_t);
constexpr size_t kCodeBytes = 32;
// Before each value: how it was written, its length and its code.
constexpr size_t kHeaderBytes = 1 + kLengthBytes + kCodeBytes;
// So much is looked through for ranks' records where something else is among them.
constexpr size_t kSearchedBytesMax = 16 << 20;

class SealedStore : public Store {
 public:
  SealedStore(std::unique_ptr<Store> store, std::string secret, std::string scope)
      : store_(std::move(store)), secret_(std::move(secret)), scope_(std::move(scope)) {}

  void Set(const std::string& key, const std::string& value) override {
    store_->Set(key, Seal(kWhole, key, value));
  }
  void Append(const std::string& key, const std::string& value) override {
    store_->Append(key, Seal(kPart, key, value));
  }

  std::optional<std::string> Get(const std::string& key, milliseconds timeout) override {
    const auto deadline = steady_clock::now() + timeout;
    while (true) {
      const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
      const std::optional<std::string> sealed =
          store_->Get(key, std::clamp(left, milliseconds(0), timeout));
      if (!sealed) return std::nullopt;
      if (std::optional<std::string> value = Open(key, *sealed)) return value;
      if (steady_clock::now() >= deadline) return std::nullopt;
      std::this_thread::sleep_for(kPollInterval);
    }
  }

  std::string secret() const override { return secret_; }
  std::string Suspicion() const override {
    if (!suspicious_) return "";
    return "; the rendezvous holds what was not written with this rank's LOCKSTEP_SECRET: give all "
           "ranks the same one, and a rendezvous that only they can reach";
  }

 private:
  std::string Code(char how, const std::string& key, std::string_view value) const {
    std::string text;
    for (std::string_view part :
         {std::string_view(&how, 1), std::string_view(scope_), std::string_view(key), value}) {
      text.append(std::to_string(part.size())).append(":").append(part);
    }
    return core::HmacSha256(secret_, text);
  }

  std::string Seal(char how, const std::string& key, const std::string& value) const {
    const auto length = static_cast<uint32_t>(value.size());
    std::string sealed(1, how);
    sealed.append(reinterpret_cast<const char*>(&length), kLengthBytes);
    return sealed + Code(how, key, value) + value;
  }

  // The value that `sealed` begins with, if there is one.
  std::optional<std::string_view> Begin(const std::string& key, std::string_view sealed,
                                        size_t& searched) const {
    const char how = sealed.front();
    if (how != kWhole && how != kPart) return std::nullopt;
    uint32_t length = 0;
    std::memcpy(&length, sealed.data() + 1, kLengthBytes);
    if (length > sealed.size() - kHeaderBytes) return std::nullopt;
    searched += length;
    const std::string_view value = sealed.substr(kHeaderBytes, length);
    const std::string_view code = sealed.substr(1 + kLengthBytes, kCodeBytes);
    if (!core::EqualInConstantTime(code, Code(how, key, value))) return std::nullopt;
    return value;
  }

  // What ranks have written; empty if they have not.
  std::optional<std::string> Open(const std::string& key, std::string_view sealed) {
    std::optional<std::string> values;
    size_t searched = 0;
    while (sealed.size() >= kHeaderBytes && searched <= kSearchedBytesMax) {
      const std::optional<std::string_view> value = Begin(key, sealed, searched);
      if (!value) {
        suspicious_ = true;
        sealed.remove_prefix(1);
        continue;
      }
      if (sealed.front() == kWhole) return std::string(*value);
      if (!values) values.emplace();
      values->append(*value);
      sealed.remove_prefix(kHeaderBytes + value->size());
    }
    if (!sealed.empty()) suspicious_ = true;
    return values;
  }

  const std::unique_ptr<Store> store_;
  const std::string secret_;
  const std::string scope_;
  std::atomic<bool> suspicious_ = false;
};

}  // namespace

std::unique_ptr<Store> SealStore(std::unique_ptr<Store> store, const std::string& secret,
                                 const std::string& scope) {
  return std::make_unique<SealedStore>(std::move(store), secret, scope);
}

}  // namespace backends
