#ifndef CORE_BASE_SHA256_H_
#define CORE_BASE_SHA256_H_

#include <string>
#include <string_view>

namespace core {

// The 32 bytes of SHA-256 (FIPS 180-4).
std::string Sha256(std::string_view text);

// The 32 bytes of HMAC-SHA-256 (RFC 2104): only who knows the key can make them for a text.
std::string HmacSha256(std::string_view key, std::string_view text);

// Takes as long wherever the first difference is, so that nobody finds out a code byte by byte.
bool EqualInConstantTime(std::string_view left, std::string_view right);

// From the system's generator, fit for secrets.
std::string RandomBytes(int count);

}  // namespace core

#endif  // CORE_BASE_SHA256_H_
