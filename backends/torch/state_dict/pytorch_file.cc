#include "backends/torch/state_dict/pytorch_file.h"

#include <caffe2/serialize/inline_container.h>

#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "backends/torch/state_dict/pickle.h"
#include "backends/torch/state_dict/zip_archive.h"
#include "core/base/error.h"

namespace backends {
namespace {

using Kind = PickleObject::Kind;
using Storage = std::shared_ptr<const std::string>;
using FindStorage = std::function<Storage(const std::string& key)>;

constexpr size_t kKeyBytesMax = 100;  // Of a storage; PyTorch's are numbers.

at::ScalarType ParseStorageType(const std::string& name) {
  static const std::map<std::string, at::ScalarType> types = {
      {"torch.DoubleStorage", at::kDouble}, {"torch.FloatStorage", at::kFloat},
      {"torch.HalfStorage", at::kHalf},     {"torch.BFloat16Storage", at::kBFloat16},
      {"torch.LongStorage", at::kLong},     {"torch.IntStorage", at::kInt},
      {"torch.ShortStorage", at::kShort},   {"torch.CharStorage", at::kChar},
      {"torch.ByteStorage", at::kByte},     {"torch.BoolStorage", at::kBool}};
  const auto found = types.find(name);
  if (found == types.end()) throw core::Error("unknown storage type \"" + name + "\"");
  return found->second;
}

// Where a tensor lies: ("storage", type, key, device, element count, …).
struct StorageIdentity {
  at::ScalarType type;
  std::string key;
};

StorageIdentity ParseStorage(const PickleObject& object) {
  if (object.kind != Kind::kPersistent) throw core::Error("a tensor has no storage");
  const std::vector<const PickleObject*>& parts = object.items[0]->items;
  if (parts.size() < 5 || parts[0]->text != "storage" || parts[2]->kind != Kind::kText ||
      parts[2]->text.size() > kKeyBytesMax) {
    throw core::Error("a tensor's storage makes no sense");
  }
  return {ParseStorageType(parts[1]->text), parts[2]->text};
}

std::vector<int64_t> ParseIntegers(const PickleObject& object) {
  std::vector<int64_t> integers;
  for (const PickleObject* item : object.items) {
    if (item->kind != Kind::kInteger) throw core::Error("a tensor's shape is no list of integers");
    integers.push_back(item->integer);
  }
  return integers;
}

// The arguments if `object` calls `callee` with at least `count` of them, else null.
const std::vector<const PickleObject*>* FindArguments(const PickleObject* object,
                                                      std::string_view callee, size_t count) {
  if (object->kind != Kind::kCall || object->items[0]->text != callee) return nullptr;
  const std::vector<const PickleObject*>& arguments = object->items[1]->items;
  return arguments.size() >= count ? &arguments : nullptr;
}

// The arguments of _rebuild_tensor_v2(storage, offset, shape, strides, …), bare or inside
// _rebuild_parameter(tensor, …); null for anything else.
const std::vector<const PickleObject*>* FindTensor(const PickleObject* object) {
  if (const auto* parameter = FindArguments(object, "torch._utils._rebuild_parameter", 1)) {
    object = (*parameter)[0];
  }
  return FindArguments(object, "torch._utils._rebuild_tensor_v2", 4);
}

const PickleObject& FindStateDict(const PickleObject& root) {
  for (const char* key : {"state_dict", "model"}) {
    const PickleObject* inner = root.Find(key);
    if (inner && !inner->entries.empty()) return *inner;
  }
  return root;
}

std::vector<StoredTensor> ReadTensors(const PickleObject& root, const FindStorage& find_storage) {
  std::vector<StoredTensor> tensors;
  std::set<std::string_view> names;
  for (const auto& [key, value] : FindStateDict(root).entries) {
    const std::vector<const PickleObject*>* arguments = FindTensor(value);
    if (key->kind != Kind::kText || !arguments) continue;
    // Else a short pickle could make names without end.
    if (!names.insert(key->text).second) throw core::Error("two tensors have one name");
    const StorageIdentity identity = ParseStorage(*(*arguments)[0]);
    StoredTensor tensor = {.name = key->text,
                           .type = identity.type,
                           .shape = ParseIntegers(*(*arguments)[2]),
                           .strides = ParseIntegers(*(*arguments)[3]),
                           .offset = (*arguments)[1]->integer,
                           .storage = find_storage(identity.key)};
    CheckBounds(tensor);
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

// The element type of every storage.
std::map<std::string, at::ScalarType> StorageTypes(const PickleReader& pickles) {
  std::map<std::string, at::ScalarType> types;
  for (const PickleObject& object : pickles.objects()) {
    if (object.kind != Kind::kPersistent) continue;
    const StorageIdentity identity = ParseStorage(object);
    types[identity.key] = identity.type;
  }
  return types;
}

// The storages that follow the pickles: each its element count and its bytes.
std::map<std::string, Storage> ReadStorages(const PickleObject& keys,
                                            const std::map<std::string, at::ScalarType>& types,
                                            std::string_view bytes) {
  std::map<std::string, Storage> storages;
  for (const PickleObject* key : keys.items) {
    const auto type = types.find(key->text);
    if (type == types.end()) throw core::Error("a storage has no type");
    const int64_t element_bytes = c10::elementSize(type->second);
    int64_t count;
    if (bytes.size() < sizeof(count)) throw core::Error("it ends early: is the download complete?");
    std::memcpy(&count, bytes.data(), sizeof(count));
    bytes.remove_prefix(sizeof(count));
    if (count < 0 || count > static_cast<int64_t>(bytes.size()) / element_bytes) {
      throw core::Error("it ends early: is the download complete?");
    }
    storages[key->text] =
        std::make_shared<const std::string>(bytes.substr(0, count * element_bytes));
    bytes.remove_prefix(count * element_bytes);
  }
  return storages;
}

// The pickle of a dictionary of tensors, protocol 2, as torch.save writes it: each tensor is a call
// of _rebuild_tensor_v2 on a storage that lies outside.
class PickleWriter {
 public:
  std::string Write(const std::vector<core::HostTensor>& tensors) {
    bytes_ = "\x80\x02}(";  // Protocol 2, an empty dictionary, and what belongs to it:
    for (size_t i = 0; i < tensors.size(); ++i) {
      Text(tensors[i].name);
      Tensor(tensors[i], i);
    }
    return bytes_ + "u.";
  }

 private:
  void Text(std::string_view text) {
    bytes_ += 'X';
    Append(static_cast<uint32_t>(text.size()));
    bytes_ += text;
  }
  void Integer(int64_t value) {
    bytes_ += "\x8a\x08";  // Of 8 bytes.
    Append(value);
  }
  void Global(const char* module, const char* name) {
    bytes_ += std::string("c") + module + "\n" + name + "\n";
  }
  void Tuple(const std::vector<int64_t>& values) {
    bytes_ += '(';
    for (int64_t value : values) Integer(value);
    bytes_ += 't';
  }
  void Tensor(const core::HostTensor& tensor, size_t key) {
    const bool integers = tensor.type == "I64";
    const std::vector<int64_t> strides = ContiguousStrides(tensor.shape);
    Global("torch._utils", "_rebuild_tensor_v2");
    bytes_ += "((";
    Text("storage");
    Global("torch", integers ? "LongStorage" : "FloatStorage");
    Text(std::to_string(key));
    Text("cpu");
    Integer(static_cast<int64_t>(tensor.bytes.size() / (integers ? 8 : 4)));
    bytes_ += "tQ";  // What those five identify.
    Integer(0);      // Offset.
    Tuple(tensor.shape);
    Tuple(strides);
    bytes_ += '\x89';  // Needs no gradient.
    Global("collections", "OrderedDict");
    bytes_ += ")RtR";  // No hooks: an empty one. Then the call.
  }
  template <typename T>
  void Append(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }

  std::string bytes_;
};

}  // namespace

std::string PyTorchZip(const std::vector<core::HostTensor>& tensors) {
  std::string zip;
  const auto append = [&zip](const void* bytes, size_t size) {
    zip.append(static_cast<const char*>(bytes), size);
    return size;
  };
  caffe2::serialize::PyTorchStreamWriter writer(append);
  const std::string pickle = PickleWriter().Write(tensors);
  writer.writeRecord("data.pkl", pickle.data(), pickle.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const std::string& bytes = tensors[i].bytes;
    writer.writeRecord("data/" + std::to_string(i), bytes.data(), bytes.size());
  }
  writer.writeEndOfFile();
  return zip;
}

std::vector<StoredTensor> ReadPyTorchZip(std::string_view bytes) {
  const ZipArchive archive(bytes);
  std::string_view program = archive.Record("data.pkl");
  PickleReader pickles;
  const PickleObject* root = pickles.Read(program);
  std::map<std::string, Storage> storages;
  size_t left = bytes.size();
  return ReadTensors(*root, [&](const std::string& key) {
    Storage& storage = storages[key];
    if (!storage) {
      const std::string_view record = archive.Record("data/" + key);
      if (record.size() > left) throw core::Error("its records have bytes in common");
      left -= record.size();
      storage = std::make_shared<const std::string>(record);
    }
    return storage;
  });
}

std::vector<StoredTensor> ReadPyTorchLegacy(std::string_view bytes) {
  PickleReader pickles;
  for (int i = 0; i < 3; ++i) pickles.Read(bytes);  // Magic number, version, system.
  const PickleObject* root = pickles.Read(bytes);
  const PickleObject* keys = pickles.Read(bytes);
  const std::map<std::string, Storage> storages = ReadStorages(*keys, StorageTypes(pickles), bytes);
  return ReadTensors(*root, [&](const std::string& key) {
    const auto found = storages.find(key);
    if (found == storages.end()) throw core::Error("storage " + key + " is missing");
    return found->second;
  });
}

}  // namespace backends
