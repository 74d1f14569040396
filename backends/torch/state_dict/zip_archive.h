#ifndef BACKENDS_TORCH_STATE_DICT_ZIP_ARCHIVE_H_
#define BACKENDS_TORCH_STATE_DICT_ZIP_ARCHIVE_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace backends {

// A zip archive as torch.save writes it: records lie in it as they are, below one folder. Format:
// PKWARE's APPNOTE.TXT, 4.3 and 4.5.3 (zip64). Throws core::Error, which does not know the file's
// name.
class ZipArchive {
 public:
  // `bytes` outlive the archive.
  explicit ZipArchive(std::string_view bytes);

  // Of the record FOLDER/`name`, a part of the archive's bytes. A compressed one is refused: nobody
  // knows what it unpacks to.
  std::string_view Record(const std::string& name) const;

 private:
  struct Entry {
    bool stored = false;
    uint64_t size = 0;
    uint64_t header = 0;  // Where its local header begins.
  };

  std::string_view bytes_;
  std::string_view folder_;  // With its slash.
  std::map<std::string_view, Entry> entries_;
};

}  // namespace backends

#endif  // BACKENDS_TORCH_STATE_DICT_ZIP_ARCHIVE_H_
