#include "backends/torch/state_dict/pickle.h"

#include <cstring>
#include <unordered_map>

#include "core/base/error.h"

namespace backends {

const PickleObject* PickleObject::Find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name->kind == Kind::kText && name->text == key) return value;
  }
  return nullptr;
}

namespace {

// The stack machine that a pickle is a program for (Python's pickletools.py documents it).
class PickleMachine {
 public:
  PickleMachine(std::string_view& bytes, std::deque<PickleObject>& objects)
      : bytes_(bytes), objects_(objects) {}

  const PickleObject* Run() {
    while (true) {
      const uint8_t code = ReadInteger<uint8_t>();
      if (code == '.') return Pop();
      if (!PushScalar(code) && !PushText(code) && !Collect(code) && !Construct(code) &&
          !Remember(code)) {
        throw core::Error("unknown pickle instruction " + std::to_string(code));
      }
    }
  }

 private:
  using Kind = PickleObject::Kind;

  std::string_view ReadBytes(uint64_t count) {
    if (count > bytes_.size()) throw core::Error("the pickle ends early");
    const std::string_view bytes = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return bytes;
  }

  // Little-endian, as this machine.
  template <typename T>
  T ReadInteger() {
    T value;
    std::memcpy(&value, ReadBytes(sizeof(T)).data(), sizeof(T));
    return value;
  }

  std::string_view ReadLine() {
    const size_t length = bytes_.find('\n');
    if (length == std::string_view::npos) throw core::Error("the pickle ends early");
    const std::string_view line = ReadBytes(length);
    ReadBytes(1);
    return line;
  }

  PickleObject* Push(Kind kind) {
    PickleObject* object = &objects_.emplace_back();
    object->kind = kind;
    stack_.push_back(object);
    return object;
  }
  void PushInteger(int64_t value) { Push(Kind::kInteger)->integer = value; }
  void PushString(std::string_view text) { Push(Kind::kText)->text = text; }

  PickleObject* Top() {
    if (stack_.empty()) throw core::Error("the pickle's stack is empty");
    return stack_.back();
  }
  PickleObject* Pop() {
    PickleObject* object = Top();
    stack_.pop_back();
    return object;
  }
  // What was pushed since the last mark.
  std::vector<const PickleObject*> PopToMark() {
    if (marks_.empty() || marks_.back() > stack_.size()) {
      throw core::Error("the pickle lacks a mark");
    }
    const std::vector<const PickleObject*> popped(stack_.begin() + marks_.back(), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return popped;
  }
  void PushSequence(std::vector<const PickleObject*> items) {
    Push(Kind::kSequence)->items = std::move(items);
  }
  void PushLast(int count) {
    std::vector<const PickleObject*> items(count);
    for (int i = count - 1; i >= 0; --i) items[i] = Pop();
    PushSequence(std::move(items));
  }

  // Signed, of any length; what does not fit stays a number of no use to us.
  void PushLong(std::string_view digits) {
    if (digits.size() > sizeof(int64_t)) {
      Push(Kind::kOther);
      return;
    }
    const bool negative = !digits.empty() && (digits.back() & 0x80);
    int64_t value = negative ? -1 : 0;
    std::memcpy(&value, digits.data(), digits.size());
    PushInteger(value);
  }

  bool PushScalar(uint8_t code) {
    switch (code) {
      case 'N':
        Push(Kind::kNone);
        return true;
      case 0x88:
      case 0x89:
        PushInteger(code == 0x88);
        return true;
      case 'J':
        PushInteger(ReadInteger<int32_t>());
        return true;
      case 'K':
        PushInteger(ReadInteger<uint8_t>());
        return true;
      case 'M':
        PushInteger(ReadInteger<uint16_t>());
        return true;
      case 0x8a:
        PushLong(ReadBytes(ReadInteger<uint8_t>()));
        return true;
      case 'G':
        ReadBytes(sizeof(double));
        Push(Kind::kOther);
        return true;
      default:
        return false;
    }
  }

  bool PushText(uint8_t code) {
    switch (code) {
      case 0x8c:
      case 'U':
      case 'C':
        PushString(ReadBytes(ReadInteger<uint8_t>()));
        return true;
      case 'X':
      case 'T':
      case 'B':
        PushString(ReadBytes(ReadInteger<uint32_t>()));
        return true;
      case 0x8d:
      case 0x8e:
        PushString(ReadBytes(ReadInteger<uint64_t>()));
        return true;
      default:
        return false;
    }
  }

  bool Collect(uint8_t code) {
    switch (code) {
      case '(':
        marks_.push_back(stack_.size());
        return true;
      case '}':
        Push(Kind::kDictionary);
        return true;
      case ']':
      case ')':
      case 0x8f:
        Push(Kind::kSequence);
        return true;
      case 't':
        PushSequence(PopToMark());
        return true;
      case 0x85:
      case 0x86:
      case 0x87:
        PushLast(code - 0x84);
        return true;
      case 's': {
        const PickleObject* value = Pop();
        const PickleObject* key = Pop();
        Top()->entries.emplace_back(key, value);
        return true;
      }
      case 'u': {
        const std::vector<const PickleObject*> items = PopToMark();
        for (size_t i = 0; i + 1 < items.size(); i += 2) {
          Top()->entries.emplace_back(items[i], items[i + 1]);
        }
        return true;
      }
      case 'a': {
        const PickleObject* item = Pop();
        Top()->items.push_back(item);
        return true;
      }
      case 'e':
      case 0x90: {
        const std::vector<const PickleObject*> items = PopToMark();
        Top()->items.insert(Top()->items.end(), items.begin(), items.end());
        return true;
      }
      default:
        return false;
    }
  }

  bool Construct(uint8_t code) {
    switch (code) {
      case 'c': {
        const std::string module(ReadLine());
        Push(Kind::kGlobal)->text = module + "." + std::string(ReadLine());
        return true;
      }
      case 0x93: {
        const PickleObject* name = Pop();
        const PickleObject* module = Pop();
        // A short program could otherwise build long names without end.
        if (name->text.size() + module->text.size() > 1000) {
          throw core::Error("the pickle names a module that is too long");
        }
        Push(Kind::kGlobal)->text = module->text + "." + name->text;
        return true;
      }
      case 'R':
      case 0x81: {
        const PickleObject* arguments = Pop();
        const PickleObject* callee = Pop();
        Push(Kind::kCall)->items = {callee, arguments};
        return true;
      }
      case 'b':  // Attributes, such as an OrderedDict's _metadata.
        Pop();
        Top();
        return true;
      case 'Q': {
        const PickleObject* identity = Pop();
        Push(Kind::kPersistent)->items = {identity};
        return true;
      }
      default:
        return false;
    }
  }

  bool Remember(uint8_t code) {
    switch (code) {
      case 0x80:  // Protocol's version.
        ReadBytes(1);
        return true;
      case 0x95:  // Length of a frame.
        ReadBytes(8);
        return true;
      case '0':
        Pop();
        return true;
      case '2':
        stack_.push_back(Top());
        return true;
      case 'q':
        memo_[ReadInteger<uint8_t>()] = Top();
        return true;
      case 'r':
        memo_[ReadInteger<uint32_t>()] = Top();
        return true;
      case 0x94: {
        const size_t index = memo_.size();
        memo_[index] = Top();
        return true;
      }
      case 'h':
        Recall(ReadInteger<uint8_t>());
        return true;
      case 'j':
        Recall(ReadInteger<uint32_t>());
        return true;
      default:
        return false;
    }
  }

  void Recall(uint32_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) throw core::Error("the pickle refers to what it has not built");
    stack_.push_back(found->second);
  }

  std::string_view& bytes_;
  std::deque<PickleObject>& objects_;
  std::vector<PickleObject*> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, PickleObject*> memo_;
};

}  // namespace

const PickleObject* PickleReader::Read(std::string_view& bytes) {
  return PickleMachine(bytes, objects_).Run();
}

}  // namespace backends
