#include "backends/torch/state_dict/zip_archive.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>

#include "core/base/error.h"

namespace backends {
namespace {

constexpr std::string_view kDirectoryEnd("PK\5\6", 4);
constexpr std::string_view kWideEnd("PK\6\6", 4);  // Of zip64.
constexpr std::string_view kWideEndLocator("PK\6\7", 4);
constexpr std::string_view kDirectoryEntry("PK\1\2", 4);
constexpr std::string_view kLocalHeader("PK\3\4", 4);
constexpr uint16_t kWideSizes = 1;  // The extra field of sizes beyond 32 bits.
constexpr uint32_t kElsewhere = 0xFFFFFFFF;
constexpr size_t kEndBytes = 22, kLocatorBytes = 20, kEntryBytes = 46, kHeaderBytes = 30;

[[noreturn]] void Fail(const std::string& what) {
  throw core::Error("its zip archive is damaged (" + what + "): is the download complete?");
}

// `count` bytes from `at` on.
std::string_view Part(std::string_view bytes, uint64_t at, uint64_t count, const char* what) {
  if (at > bytes.size() || count > bytes.size() - at) {
    Fail(std::string(what) + " reaches beyond its end");
  }
  return bytes.substr(at, count);
}

// Little-endian, as this machine.
template <typename T>
T Number(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

// The directory of all records.
std::string_view Directory(std::string_view bytes) {
  const size_t end = bytes.rfind(kDirectoryEnd);
  if (end == std::string_view::npos || bytes.size() - end < kEndBytes) Fail("its end is missing");
  uint64_t size = Number<uint32_t>(bytes, end + 12);
  uint64_t offset = Number<uint32_t>(bytes, end + 16);
  if (end >= kLocatorBytes && bytes.substr(end - kLocatorBytes, 4) == kWideEndLocator) {
    const auto wide_at = Number<uint64_t>(bytes, end - kLocatorBytes + 8);
    const std::string_view wide = Part(bytes, wide_at, 56, "the directory's end");
    if (!wide.starts_with(kWideEnd)) Fail("the directory's end is not where it should be");
    size = Number<uint64_t>(wide, 40);
    offset = Number<uint64_t>(wide, 48);
  }
  return Part(bytes, offset, size, "the directory");
}

// Replaces those of the values that are elsewhere by what the extra fields say, in this order.
void ReadWideSizes(std::string_view extra, std::initializer_list<uint64_t*> values) {
  while (extra.size() >= 4) {
    const auto kind = Number<uint16_t>(extra, 0);
    std::string_view field = Part(extra, 4, Number<uint16_t>(extra, 2), "a record's description");
    extra.remove_prefix(4 + field.size());
    if (kind != kWideSizes) continue;
    for (uint64_t* value : values) {
      if (*value != kElsewhere) continue;
      *value = Number<uint64_t>(Part(field, 0, 8, "a record's size"), 0);
      field.remove_prefix(8);
    }
  }
}

}  // namespace

ZipArchive::ZipArchive(std::string_view bytes) : bytes_(bytes) {
  std::string_view directory = Directory(bytes);
  while (!directory.empty()) {
    const std::string_view fixed = Part(directory, 0, kEntryBytes, "a record's description");
    if (!fixed.starts_with(kDirectoryEntry)) Fail("a record's description is none");
    const auto name_bytes = Number<uint16_t>(fixed, 28), extra_bytes = Number<uint16_t>(fixed, 30);
    const std::string_view name = Part(directory, kEntryBytes, name_bytes, "a record's name");
    const std::string_view extra =
        Part(directory, kEntryBytes + name_bytes, extra_bytes, "a record's description");
    uint64_t packed = Number<uint32_t>(fixed, 20);
    Entry entry = {.stored = Number<uint16_t>(fixed, 10) == 0,
                   .size = Number<uint32_t>(fixed, 24),
                   .header = Number<uint32_t>(fixed, 42)};
    ReadWideSizes(extra, {&entry.size, &packed, &entry.header});
    if (entry.stored && packed != entry.size) Fail("a record has two sizes");
    if (entries_.empty()) folder_ = name.substr(0, name.find('/') + 1);
    entries_[name] = entry;
    const size_t all = kEntryBytes + name_bytes + extra_bytes + Number<uint16_t>(fixed, 32);
    directory.remove_prefix(std::min(all, directory.size()));
  }
}

std::string_view ZipArchive::Record(const std::string& name) const {
  const auto found = entries_.find(std::string(folder_) + name);
  if (found == entries_.end()) Fail("there is no " + name);
  const Entry& entry = found->second;
  if (!entry.stored) {
    throw core::Error("its record " + name +
                      " is compressed: torch.save never does; write the file with it anew");
  }
  const std::string_view header = Part(bytes_, entry.header, kHeaderBytes, "a record");
  if (!header.starts_with(kLocalHeader)) Fail("a record is not where it should be");
  const uint64_t begin =
      entry.header + kHeaderBytes + Number<uint16_t>(header, 26) + Number<uint16_t>(header, 28);
  return Part(bytes_, begin, entry.size, "a record");
}

}  // namespace backends
