#include "backends/torch/model/weights.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>

#include "backends/torch/state_dict/pytorch_file.h"
#include "core/base/error.h"
#include "core/testing/damage.h"
#include "core/testing/limited_process.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace backends {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

const std::string kFolder = "backends/torch/testdata/state_dict/";

nlohmann::json Expected(const std::string& key) {
  std::ifstream stream(kFolder + "expected.json");
  return nlohmann::json::parse(stream)[key];
}

std::string ReadBytes(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string WriteBytes(const std::string& name, const std::string& bytes) {
  const std::string path = testing::TempDir() + "/" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

void ExpectTensors(const std::string& file, const nlohmann::json& expected, bool half = false) {
  const std::vector<StoredTensor> tensors = ReadWeights(kFolder + file);
  ASSERT_EQ(tensors.size(), expected.size());
  for (const StoredTensor& tensor : tensors) {
    SCOPED_TRACE(tensor.name);
    ASSERT_TRUE(expected.contains(tensor.name));
    const nlohmann::json& row = expected[tensor.name];
    EXPECT_EQ(tensor.shape, row["shape"].get<std::vector<int64_t>>());
    const at::Tensor values = tensor.View().to(at::kFloat).contiguous().view(-1);
    ASSERT_EQ(values.numel(), static_cast<int64_t>(row["values"].size()));
    for (int64_t i = 0; i < values.numel(); ++i) {
      const float value = row["values"][i];
      EXPECT_EQ(values[i].item<float>(), half ? static_cast<float>(at::Half(value)) : value);
    }
  }
}

TEST(ReadWeightsTest, ReadsAnOrderedDictionaryInAZip) {
  ExpectTensors("ordered_zip.pth", Expected("state"));
}
TEST(ReadWeightsTest, ReadsWhatPyTorchWroteBeforeVersion16) {
  ExpectTensors("ordered_legacy.pth", Expected("state"));
}
TEST(ReadWeightsTest, ReadsTheStateDictInsideACheckpoint) {
  ExpectTensors("checkpoint_zip.pth", Expected("state"));
}
TEST(ReadWeightsTest, TakesOffThePrefixOfDistributedDataParallel) {
  ExpectTensors("data_parallel_zip.pth", Expected("state"));
}
TEST(ReadWeightsTest, ReadsHalfPrecision) {
  ExpectTensors("half_zip.pth", Expected("state"), /*half=*/true);
}
TEST(ReadWeightsTest, ReadsViewsThatShareAStorage) {
  ExpectTensors("views_zip.pth", Expected("views"));
}
TEST(ReadWeightsTest, ReadsSafetensors) { ExpectTensors("model.safetensors", Expected("state")); }

TEST(ReadWeightsTest, WhatIsWrongWithAFileIsOneLineThatNamesIt) {
  const auto one_line_with = [](const std::string& file, const std::string& what) {
    return ThrowsMessage<core::Error>(
        AllOf(HasSubstr(file), HasSubstr(what), Not(HasSubstr("\n"))));
  };
  EXPECT_THAT([] { ReadWeights(kFolder + "truncated_zip.pth"); },
              one_line_with("truncated_zip.pth: ", "is the download complete?"));
  EXPECT_THAT([] { ReadWeights(kFolder + "not_a_state_dict.pth"); },
              one_line_with("not_a_state_dict.pth: ", "begins with \"<!DOCTYPE html><html"));
  EXPECT_THAT([] { ReadWeights("/nowhere/at_all.pth"); },
              one_line_with("/nowhere/at_all.pth: ", "No such file or directory"));
  EXPECT_THAT([] { ReadWeights(testing::TempDir()); },
              one_line_with(testing::TempDir(), "Is a directory"));
  const std::string empty = WriteBytes("empty.pth", "");
  EXPECT_THAT([&] { ReadWeights(empty); }, one_line_with(empty, "neither"));
}

std::string ErrorOf(const std::string& path) {
  try {
    ReadWeights(path);
  } catch (const core::Error& error) {
    return error.what();
  }
  return "no error";
}

// A small file whose record would unpack to any size.
TEST(ReadWeightsTest, CompressedRecordsAreRefused) {
  std::string bytes = ReadBytes(kFolder + "ordered_zip.pth");
  const size_t entry = bytes.find(std::string("PK\1\2", 4));
  ASSERT_NE(entry, std::string::npos);
  bytes[entry + 10] = 8;  // Deflated.
  const std::string path = WriteBytes("deflated.pth", bytes);
  EXPECT_EQ(ErrorOf(path), path +
                               ": its record data.pkl is compressed: torch.save never does; "
                               "write the file with it anew");
}

TEST(ReadWeightsTest, RecordsThatShareBytesAreRefused) {
  std::vector<core::HostTensor> tensors = {{"large", "F32", {100'000}, std::string(400'000, 'x')}};
  for (int i = 0; i < 10; ++i) {
    tensors.push_back({"small" + std::to_string(i), "F32", {1}, std::string(4, 'x')});
  }
  std::string bytes = PyTorchZip(tensors);
  EXPECT_EQ(ErrorOf(WriteBytes("alone.pth", bytes)), "no error");
  // Place and size of every record become the large one's.
  const std::string directory_entry("PK\1\2", 4);
  const size_t large = bytes.find(directory_entry, bytes.find(directory_entry) + 1);
  for (size_t at = large; (at = bytes.find(directory_entry, at + 1)) != std::string::npos;) {
    for (const size_t field : {20, 24, 42})
      std::copy_n(&bytes[large + field], 4, &bytes[at + field]);
  }
  const std::string path = WriteBytes("sharing.pth", bytes);
  EXPECT_EQ(ErrorOf(path), path + ": its records have bytes in common");
}

// A pickle of instructions that cost most for their bytes.
TEST(ReadWeightsTest, MemoryOfPicklesIsBounded) {
  if (std::getenv("ASAN_OPTIONS")) GTEST_SKIP() << "takes all addresses";
  for (const std::string unit : {"N", "}", "2", "(", "Nq\1", "}}\x85", "K\1K\1\x86"}) {
    std::string bytes = "\x80\x02N";
    while (bytes.size() < 3'000'000) bytes += unit;
    const std::string path = WriteBytes("greedy.pth", bytes + ".");
    EXPECT_THAT(core::WithLimitedMemory(bytes.size() + (64 << 20), [&] { return ErrorOf(path); }),
                HasSubstr("greedy.pth: the pickle has more than"))
        << unit;
  }
}

// Whatever bytes a file has, reading it ends with tensors inside their storages or with an error.
// The seed replays alone.
TEST(ReadWeightsTest, SurvivesDamagedFiles) {
  const char* seed_text = std::getenv("SEED");
  const uint64_t seed = seed_text ? std::stoull(seed_text) : 1;
  const int rounds = seed_text ? 20'000 : 600;
  std::cout << "SEED=" << seed << std::endl;
  std::mt19937 random(seed);
  int errors = 0;
  for (const char* file : {"ordered_zip.pth", "ordered_legacy.pth", "checkpoint_zip.pth",
                           "views_zip.pth", "model.safetensors"}) {
    const std::string bytes = ReadBytes(kFolder + file);
    ASSERT_FALSE(bytes.empty());
    for (int round = 0; round < rounds; ++round) {
      const std::string path = WriteBytes("damaged", core::Damaged(bytes, random));
      try {
        double sum = 0;
        for (const StoredTensor& tensor : ReadWeights(path)) {
          if (tensor.View().numel() < 10'000) {
            sum += tensor.View().to(at::kDouble).sum().item<double>();
          }
        }
      } catch (const core::Error& error) {
        ++errors;
        EXPECT_EQ(std::string(error.what()).find(path + ": "), 0u) << error.what();
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
      }
    }
  }
  EXPECT_GT(errors, rounds);
}

// A safetensors file of what `model` holds; `skip` is left out.
std::string Safetensors(const ResNet50& model, const std::string& skip = "") {
  nlohmann::json header;
  std::string data;
  for (const ResNet50::Entry& entry : model.state()) {
    if (entry.name == skip) continue;
    const at::Tensor values = entry.tensor.detach().contiguous();
    const size_t begin = data.size();
    data.append(static_cast<const char*>(values.data_ptr()), values.nbytes());
    header[entry.name] = {
        {"dtype", values.scalar_type() == at::kLong ? "I64" : "F32"},
        {"shape", values.sizes().vec()},
        {"data_offsets", {begin, data.size()}},
    };
  }
  const std::string text = header.dump();
  const uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + text + data;
}

TEST(LoadWeightsTest, FillsAModel) {
  ResNet50 source(10), target(10);
  source.Initialize(1);
  source.statistics().data()[7] = 42;
  const std::string path = WriteBytes("resnet50.safetensors", Safetensors(source));
  LoadWeights(path, target);
  EXPECT_EQ(std::memcmp(source.parameters().data(), target.parameters().data(),
                        source.parameters().count() * sizeof(float)),
            0);
  EXPECT_EQ(std::memcmp(source.statistics().data(), target.statistics().data(),
                        source.statistics().count() * sizeof(float)),
            0);
}

TEST(LoadWeightsTest, AnotherNumberOfClassesIsAnErrorWithBothShapes) {
  ResNet50 source(10), target(7);
  const std::string path = WriteBytes("ten.safetensors", Safetensors(source));
  EXPECT_THAT(
      [&] { LoadWeights(path, target); },
      ThrowsMessage<core::Error>(path + ": fc.weight is 10 x 2048 there and 7 x 2048 in the "
                                        "model: the numbers of classes differ; --new-classifier "
                                        "starts with a new last layer"));
}

TEST(LoadWeightsTest, ANewClassifierStaysAsItIs) {
  ResNet50 source(10), target(7), expected(7);
  source.Initialize(1);
  target.Initialize(2);
  expected.Initialize(2);
  const std::string path = WriteBytes("ten.safetensors", Safetensors(source));
  LoadWeights(path, target, /*new_classifier=*/true);
  const auto same = [](const ResNet50::Entry& a, const ResNet50::Entry& b) {
    return a.tensor.equal(b.tensor);
  };
  const size_t count = target.state().size();
  for (size_t i = 0; i < count; ++i) {
    const bool last = i >= count - 2;  // fc.weight and fc.bias.
    EXPECT_TRUE(same(target.state()[i], (last ? expected : source).state()[i]))
        << target.state()[i].name;
  }
}

// In both formats: names, shapes and values of torchvision, contiguous.
TEST(SaveWeightsTest, WhatIsSavedIsLoaded) {
  ResNet50 source(10);
  source.Initialize(1);
  source.CountBatch();
  for (const char* name : {"saved.safetensors", "saved.pth"}) {
    SCOPED_TRACE(name);
    const std::string path = testing::TempDir() + "/" + name;
    ASSERT_TRUE(SaveWeights(CopyState(source), path).ok());
    ResNet50 target(10);
    LoadWeights(path, target);
    for (size_t i = 0; i < source.state().size(); ++i) {
      EXPECT_TRUE(source.state()[i].tensor.equal(target.state()[i].tensor))
          << source.state()[i].name;
    }
    for (const StoredTensor& tensor : ReadWeights(path)) {
      EXPECT_EQ(tensor.strides, ContiguousStrides(tensor.shape)) << tensor.name;
    }
  }
}

TEST(LoadWeightsTest, AMissingTensorIsNamed) {
  ResNet50 source(10), target(10);
  const std::string path =
      WriteBytes("missing.safetensors", Safetensors(source, "layer3.4.bn2.running_var"));
  EXPECT_THAT([&] { LoadWeights(path, target); },
              ThrowsMessage<core::Error>(HasSubstr("layer3.4.bn2.running_var is missing")));
}

TEST(LoadWeightsTest, BatchCountsMayBeMissing) {
  ResNet50 source(10), target(10);
  const std::string path =
      WriteBytes("old.safetensors", Safetensors(source, "bn1.num_batches_tracked"));
  LoadWeights(path, target);
}

TEST(LoadWeightsTest, AnotherModelsStateDictIsAnErrorThatNamesATensor) {
  ResNet50 model(10);
  EXPECT_THAT([&] { LoadWeights(kFolder + "ordered_zip.pth", model); },
              ThrowsMessage<core::Error>(HasSubstr("conv1.weight is 4 x 3 x 3 x 3 there and "
                                                   "64 x 3 x 7 x 7 in the model")));
}

}  // namespace
}  // namespace backends
