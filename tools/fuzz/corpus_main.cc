// What runs a fuzzer's function where there is no libFuzzer: over files, and over damaged ones.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "core/testing/damage.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void Run(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kRounds = 500;
  std::mt19937 random(1);
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    Run(bytes);
    for (int round = 0; round < kRounds; ++round) Run(core::Damaged(bytes, random));
  }
  std::printf("%d files, %d rounds each\n", argc - 1, kRounds);
  return argc > 1 ? 0 : 1;
}
