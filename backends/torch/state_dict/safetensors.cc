#include "backends/torch/state_dict/safetensors.h"

#include <cstring>
#include <map>

#include "core/base/error.h"
#include "nlohmann/json.hpp"

namespace backends {
namespace {

using Json = nlohmann::json;

constexpr size_t kLengthBytes = sizeof(uint64_t);

uint64_t HeaderLength(std::string_view bytes) {
  uint64_t length;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  return length;
}

at::ScalarType ParseType(const std::string& name) {
  static const std::map<std::string, at::ScalarType> types = {
      {"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf},  {"BF16", at::kBFloat16},
      {"I64", at::kLong},   {"I32", at::kInt},   {"I16", at::kShort}, {"I8", at::kChar},
      {"U8", at::kByte},    {"BOOL", at::kBool}};
  const auto found = types.find(name);
  if (found == types.end()) throw core::Error("unknown element type \"" + name + "\"");
  return found->second;
}

StoredTensor ParseTensor(const std::string& name, const Json& description, std::string_view data) {
  StoredTensor tensor;
  tensor.name = name;
  tensor.type = ParseType(description.at("dtype").get<std::string>());
  tensor.shape = description.at("shape").get<std::vector<int64_t>>();
  tensor.strides = ContiguousStrides(tensor.shape);
  const uint64_t begin = description.at("data_offsets").at(0).get<uint64_t>();
  const uint64_t end = description.at("data_offsets").at(1).get<uint64_t>();
  if (begin > end || end > data.size()) throw core::Error(name + " reaches beyond the file's end");
  tensor.storage = std::make_shared<const std::string>(data.substr(begin, end - begin));
  CheckBounds(tensor);
  return tensor;
}

}  // namespace

bool IsSafetensors(std::string_view bytes) {
  return bytes.size() > kLengthBytes && bytes[kLengthBytes] == '{' &&
         HeaderLength(bytes) <= bytes.size() - kLengthBytes;
}

std::vector<StoredTensor> ReadSafetensors(std::string_view bytes) {
  const uint64_t length = HeaderLength(bytes);
  const std::string_view data = bytes.substr(kLengthBytes + length);
  std::vector<StoredTensor> tensors;
  try {
    const Json header = Json::parse(bytes.substr(kLengthBytes, length));
    for (const auto& [name, description] : header.items()) {
      if (name != "__metadata__") tensors.push_back(ParseTensor(name, description, data));
    }
  } catch (const Json::exception& error) {
    throw core::Error(std::string("its header is malformed: ") + error.what());
  }
  return tensors;
}

}  // namespace backends
