#ifndef CORE_TESTING_DAMAGE_H_
#define CORE_TESTING_DAMAGE_H_

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>

namespace core {

// `bytes` after one to four accidents: bytes are changed, put in, lost, doubled, cut off.
inline std::string Damaged(std::string bytes, std::mt19937& random) {
  for (auto accidents = 1 + random() % 4; accidents > 0 && !bytes.empty(); --accidents) {
    const size_t at = random() % bytes.size();
    const size_t count = std::min<size_t>(1 + random() % 16, bytes.size() - at);
    switch (random() % 16) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        bytes.erase(at, count);
        break;
      case 2:
        bytes.insert(at, count, static_cast<char>(random()));
        break;
      case 3:
        bytes.insert(random() % bytes.size(), bytes.substr(at, 64 * count));
        break;
      case 4:
        std::fill_n(&bytes[at], count, '\xff');
        break;
      case 5:
        bytes[at] = "[]{},:\"0e-"[random() % 10];
        break;
      case 6:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      default:
        bytes[at] = static_cast<char>(random());
        break;
    }
  }
  return bytes;
}

}  // namespace core

#endif  // CORE_TESTING_DAMAGE_H_
