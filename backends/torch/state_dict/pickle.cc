#include "backends/torch/state_dict/pickle.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <span>
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

using Kind = PickleObject::Kind;

// The stack machine that a pickle is a program for (Python's pickletools.py documents it).
class PickleMachine {
 public:
  PickleMachine(std::string_view& bytes, std::deque<PickleObject>& objects)
      : bytes_(bytes), objects_(objects) {}

  // What is read stays valid as long as the pickle's bytes.
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

  // Bytes after their number.
  template <typename T>
  std::string_view ReadCounted() {
    return ReadBytes(ReadInteger<T>());
  }

  PickleObject* Push(Kind kind) {
    PickleObject* object = &objects_.emplace_back();
    object->kind = kind;
    stack_.push_back(object);
    return object;
  }
  void PushInteger(int64_t value) { Push(Kind::kInteger)->integer = value; }
  void PushText(std::string_view text) { Push(Kind::kText)->text = text; }
  void PushItems(Kind kind, std::vector<const PickleObject*> items) {
    Push(kind)->items = std::move(items);
  }
  // A value that is of no use to us.
  void PushOther(std::string_view) { Push(Kind::kOther); }

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
  // The last `count` that were pushed, the oldest first.
  std::vector<const PickleObject*> PopLast(size_t count) {
    std::vector<const PickleObject*> popped(count);
    for (size_t i = count; i-- > 0;) popped[i] = Pop();
    return popped;
  }

  // Signed, of any length.
  void PushLong(std::string_view digits) {
    if (digits.size() > sizeof(int64_t)) return PushOther(digits);
    const bool negative = !digits.empty() && (digits.back() & 0x80);
    int64_t value = negative ? -1 : 0;
    std::memcpy(&value, digits.data(), digits.size());
    PushInteger(value);
  }

  void Append(std::span<const PickleObject* const> items) {
    Top()->items.insert(Top()->items.end(), items.begin(), items.end());
  }
  // Keys and values in turn.
  void SetEntries(std::span<const PickleObject* const> items) {
    for (size_t i = 0; i + 1 < items.size(); i += 2) {
      Top()->entries.emplace_back(items[i], items[i + 1]);
    }
  }

  void PushGlobal(std::string_view module, std::string_view name) {
    // A short program could otherwise build long names without end.
    if (module.size() + name.size() > 250) {
      throw core::Error("the pickle names a module that is too long");
    }
    Push(Kind::kGlobal)->text = std::string(module) + "." + std::string(name);
  }

  void DuplicateTop() { stack_.push_back(Top()); }
  void Mark() { marks_.push_back(stack_.size()); }
  void Remember(size_t index) { memo_[index] = Top(); }
  void RememberNext() { Remember(memo_.size()); }
  void Recall(size_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) throw core::Error("the pickle refers to what it has not built");
    stack_.push_back(found->second);
  }

 private:
  std::string_view& bytes_;
  std::deque<PickleObject>& objects_;
  std::vector<PickleObject*> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<size_t, PickleObject*> memo_;
};

// A state dict of ResNet-50 takes some ten thousand.
constexpr int64_t kInstructionsMax = 300'000;

struct Instruction {
  uint8_t code;
  void (*run)(PickleMachine& machine);
};

// With pickletools' names.
constexpr Instruction kInstructions[] = {
    // PROTO, FRAME
    {0x80, [](PickleMachine& machine) { machine.ReadBytes(1); }},
    {0x95, [](PickleMachine& machine) { machine.ReadBytes(8); }},
    // NONE, NEWTRUE, NEWFALSE, BINFLOAT
    {'N', [](PickleMachine& machine) { machine.Push(Kind::kNone); }},
    {0x88, [](PickleMachine& machine) { machine.PushInteger(1); }},
    {0x89, [](PickleMachine& machine) { machine.PushInteger(0); }},
    {'G', [](PickleMachine& machine) { machine.PushOther(machine.ReadBytes(8)); }},
    // BININT, BININT1, BININT2, LONG1
    {'J', [](PickleMachine& machine) { machine.PushInteger(machine.ReadInteger<int32_t>()); }},
    {'K', [](PickleMachine& machine) { machine.PushInteger(machine.ReadInteger<uint8_t>()); }},
    {'M', [](PickleMachine& machine) { machine.PushInteger(machine.ReadInteger<uint16_t>()); }},
    {0x8a, [](PickleMachine& machine) { machine.PushLong(machine.ReadCounted<uint8_t>()); }},
    // SHORT_BINUNICODE, SHORT_BINSTRING, SHORT_BINBYTES
    {0x8c, [](PickleMachine& machine) { machine.PushText(machine.ReadCounted<uint8_t>()); }},
    {'U', [](PickleMachine& machine) { machine.PushText(machine.ReadCounted<uint8_t>()); }},
    {'C', [](PickleMachine& machine) { machine.PushText(machine.ReadCounted<uint8_t>()); }},
    // BINUNICODE, BINSTRING, BINBYTES
    {'X', [](PickleMachine& machine) { machine.PushText(machine.ReadCounted<uint32_t>()); }},
    {'T', [](PickleMachine& machine) { machine.PushText(machine.ReadCounted<uint32_t>()); }},
    {'B', [](PickleMachine& machine) { machine.PushText(machine.ReadCounted<uint32_t>()); }},
    // BINUNICODE8, BINBYTES8
    {0x8d, [](PickleMachine& machine) { machine.PushText(machine.ReadCounted<uint64_t>()); }},
    {0x8e, [](PickleMachine& machine) { machine.PushText(machine.ReadCounted<uint64_t>()); }},
    // EMPTY_DICT, EMPTY_LIST, EMPTY_TUPLE, EMPTY_SET
    {'}', [](PickleMachine& machine) { machine.Push(Kind::kDictionary); }},
    {']', [](PickleMachine& machine) { machine.Push(Kind::kSequence); }},
    {')', [](PickleMachine& machine) { machine.Push(Kind::kSequence); }},
    {0x8f, [](PickleMachine& machine) { machine.Push(Kind::kSequence); }},
    // MARK, TUPLE, TUPLE1, TUPLE2, TUPLE3
    {'(', [](PickleMachine& machine) { machine.Mark(); }},
    {'t', [](PickleMachine& machine) { machine.PushItems(Kind::kSequence, machine.PopToMark()); }},
    {0x85, [](PickleMachine& machine) { machine.PushItems(Kind::kSequence, machine.PopLast(1)); }},
    {0x86, [](PickleMachine& machine) { machine.PushItems(Kind::kSequence, machine.PopLast(2)); }},
    {0x87, [](PickleMachine& machine) { machine.PushItems(Kind::kSequence, machine.PopLast(3)); }},
    // SETITEM, SETITEMS, APPEND, APPENDS, ADDITEMS
    {'s', [](PickleMachine& machine) { machine.SetEntries(machine.PopLast(2)); }},
    {'u', [](PickleMachine& machine) { machine.SetEntries(machine.PopToMark()); }},
    {'a', [](PickleMachine& machine) { machine.Append(machine.PopLast(1)); }},
    {'e', [](PickleMachine& machine) { machine.Append(machine.PopToMark()); }},
    {0x90, [](PickleMachine& machine) { machine.Append(machine.PopToMark()); }},
    // GLOBAL, STACK_GLOBAL, REDUCE, NEWOBJ, BINPERSID
    {'c',
     [](PickleMachine& machine) {
       const std::string_view module = machine.ReadLine();
       machine.PushGlobal(module, machine.ReadLine());
     }},
    {0x93,
     [](PickleMachine& machine) {
       const std::vector<const PickleObject*> names = machine.PopLast(2);
       machine.PushGlobal(names[0]->text, names[1]->text);
     }},
    {'R', [](PickleMachine& machine) { machine.PushItems(Kind::kCall, machine.PopLast(2)); }},
    {0x81, [](PickleMachine& machine) { machine.PushItems(Kind::kCall, machine.PopLast(2)); }},
    {'Q', [](PickleMachine& machine) { machine.PushItems(Kind::kPersistent, machine.PopLast(1)); }},
    // BUILD (sets attributes, such as an OrderedDict's _metadata), POP, DUP
    {'b', [](PickleMachine& machine) { machine.Pop(); }},
    {'0', [](PickleMachine& machine) { machine.Pop(); }},
    {'2', [](PickleMachine& machine) { machine.DuplicateTop(); }},
    // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
    {'q', [](PickleMachine& machine) { machine.Remember(machine.ReadInteger<uint8_t>()); }},
    {'r', [](PickleMachine& machine) { machine.Remember(machine.ReadInteger<uint32_t>()); }},
    {0x94, [](PickleMachine& machine) { machine.RememberNext(); }},
    {'h', [](PickleMachine& machine) { machine.Recall(machine.ReadInteger<uint8_t>()); }},
    {'j', [](PickleMachine& machine) { machine.Recall(machine.ReadInteger<uint32_t>()); }},
};

}  // namespace

const PickleObject* PickleReader::Read(std::string_view& bytes) {
  PickleMachine machine(bytes, objects_);
  while (true) {
    // Each may take a hundred bytes of memory, and has but one.
    if (++instructions_ > kInstructionsMax) {
      throw core::Error("the pickle has more than " + std::to_string(kInstructionsMax) +
                        " instructions, which are no state dict of a ResNet-50");
    }
    const auto code = machine.ReadInteger<uint8_t>();
    if (code == '.') return machine.Pop();  // STOP
    const auto* const instruction =
        std::find_if(std::begin(kInstructions), std::end(kInstructions),
                     [code](const Instruction& known) { return known.code == code; });
    if (instruction == std::end(kInstructions)) {
      throw core::Error("unknown pickle instruction " + std::to_string(code));
    }
    instruction->run(machine);
  }
}

}  // namespace backends
