#include "core/records/safetensors.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json_object.h"
#include "nlohmann/json.hpp"

namespace core {
namespace {

using Json = nlohmann::json;

constexpr char kMetadata[] = "__metadata__";
constexpr size_t kLengthBytes = sizeof(uint64_t);
// What its own reader takes for a header.
constexpr uint64_t kHeaderBytesMax = 100'000'000;

uint64_t HeaderLength(std::string_view bytes) {
  uint64_t length;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  return length;
}

// Of an element; 0 for a type that is unknown.
uint64_t BytesOf(std::string_view type) {
  if (type == "F64" || type == "I64" || type == "U64") return 8;
  if (type == "F32" || type == "I32" || type == "U32") return 4;
  if (type == "F16" || type == "BF16" || type == "I16" || type == "U16") return 2;
  if (type == "I8" || type == "U8" || type == "BOOL") return 1;
  return 0;
}

// Whether `shape` of such elements takes `bytes` bytes.
bool Fits(const std::vector<int64_t>& shape, uint64_t element, uint64_t bytes) {
  uint64_t total = element;
  for (int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(total, static_cast<uint64_t>(size), &total)) {
      return false;
    }
  }
  return total == bytes;
}

// `left`: how many bytes those before have left to it.
absl::StatusOr<HostTensor> ParseTensor(const std::string& name, const Json& description,
                                       std::string_view data, uint64_t& left) {
  HostTensor tensor{.name = name,
                    .type = description.at("dtype").get<std::string>(),
                    .shape = description.at("shape").get<std::vector<int64_t>>(),
                    .bytes = {}};
  const auto offsets = description.at("data_offsets").get<std::vector<uint64_t>>();
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data.size()) {
    return absl::InvalidArgumentError(absl::StrCat(name, " reaches beyond the file's end"));
  }
  const uint64_t element = BytesOf(tensor.type);
  if (element == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": unknown element type \"", tensor.type, "\""));
  }
  if (!Fits(tensor.shape, element, offsets[1] - offsets[0])) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": its shape does not fit its ", offsets[1] - offsets[0], " bytes"));
  }
  if (offsets[1] - offsets[0] > left) {
    return absl::InvalidArgumentError(absl::StrCat(name, " has bytes that are another tensor's"));
  }
  left -= offsets[1] - offsets[0];
  tensor.bytes = data.substr(offsets[0], offsets[1] - offsets[0]);
  return tensor;
}

}  // namespace

absl::Status WriteSafetensors(const std::map<std::string, std::string>& metadata,
                              std::span<const TensorView> tensors, const std::string& path) {
  Json header = Json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  std::vector<std::string_view> parts(2);  // Length and header; then the tensors.
  uint64_t offset = 0;
  for (const TensorView& tensor : tensors) {
    header[tensor.name] = {{"dtype", tensor.type},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    offset += tensor.bytes.size();
    parts.push_back(tensor.bytes);
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // So that tensors are aligned.
  const uint64_t length = text.size();
  parts[0] = {reinterpret_cast<const char*>(&length), kLengthBytes};
  parts[1] = text;
  return WriteFile(path, parts);
}

bool IsSafetensors(std::string_view bytes) {
  return bytes.size() > kLengthBytes && bytes[kLengthBytes] == '{' &&
         HeaderLength(bytes) <= std::min<uint64_t>(bytes.size() - kLengthBytes, kHeaderBytesMax);
}

absl::StatusOr<Safetensors> ParseSafetensors(std::string_view bytes) {
  if (!IsSafetensors(bytes)) return absl::InvalidArgumentError("it is no safetensors file");
  const uint64_t length = HeaderLength(bytes);
  const std::string_view data = bytes.substr(kLengthBytes + length);
  Safetensors file;
  uint64_t left = data.size();
  try {
    const Json header = Json::parse(StandardJson(bytes.substr(kLengthBytes, length), "its header"));
    for (const auto& [name, description] : header.items()) {
      if (name == kMetadata) {
        file.metadata = description.get<std::map<std::string, std::string>>();
        continue;
      }
      absl::StatusOr<HostTensor> tensor = ParseTensor(name, description, data, left);
      if (!tensor.ok()) return tensor.status();
      file.tensors.push_back(*std::move(tensor));
    }
  } catch (const Error& error) {
    return absl::InvalidArgumentError(error.what());
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("its header is malformed: ", error.what()));
  }
  return file;
}

}  // namespace core
