#ifndef BACKENDS_TORCH_STATE_DICT_PICKLE_H_
#define BACKENDS_TORCH_STATE_DICT_PICKLE_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace backends {

// What a pickle builds, without running any of it: a call stays a call.
struct PickleObject {
  enum class Kind {
    kNone,
    kInteger,     // Booleans too.
    kText,        // Strings and bytes.
    kSequence,    // Tuples, lists, sets: `items`.
    kDictionary,  // `entries`.
    kGlobal,      // `text` is "module.name".
    kCall,        // `items` are what is called and its arguments; `entries` were set afterwards.
    kPersistent,  // What lies outside of the pickle, such as a storage: `items` is its identity.
    kOther,
  };

  // The entry of a dictionary, or null.
  const PickleObject* Find(std::string_view key) const;

  Kind kind = Kind::kNone;
  int64_t integer = 0;
  std::string text;
  std::vector<const PickleObject*> items;
  std::vector<std::pair<const PickleObject*, const PickleObject*>> entries;
};

// Owns the objects of one or more pickles; references stay valid as long as it lives.
class PickleReader {
 public:
  // Reads the pickle (protocols 2 to 5, what torch.save writes) at the start of `bytes` and moves
  // `bytes` behind it. Throws core::Error, which does not know the file's name; also if all
  // pickles together would take more than some 60 MB beside their texts.
  const PickleObject* Read(std::string_view& bytes);

  // Of all pickles so far.
  const std::deque<PickleObject>& objects() const { return objects_; }

 private:
  std::deque<PickleObject> objects_;
  int64_t instructions_ = 0;  // Of all of them.
};

}  // namespace backends

#endif  // BACKENDS_TORCH_STATE_DICT_PICKLE_H_
