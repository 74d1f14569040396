// How many images a core turns into batches per second, and where the time goes:
//     tools/bazel run //backends/images:loader_benchmark
//     tools/bazel run //backends/images:loader_benchmark -- --data-dir=imagenet
// Times are CPU time of the one thread that works, which other work on the machine disturbs least;
// the last two rows are wall-clock time of the loader with threads. Median of the passes.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "backends/images/decode/decoder.h"
#include "backends/images/image_folder.h"
#include "backends/images/image_loader.h"
#include "backends/images/transform/crop.h"
#include "backends/images/transform/resizer.h"
#include "backends/images/transform/torch_generator.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/flags.h"
#include "core/base/processor_time.h"
#include "core/base/program.h"
#include "core/base/statistics.h"
#include "core/base/table.h"
#include "core/base/temporary_folder.h"
#include "tools/make_dataset.h"

namespace {

constexpr char kUsage[] =
    "Times the loading of training and validation images, per core and by stage.\n";
constexpr int kClasses = 4;

// Milliseconds per image.
struct Stages {
  double read = 0, decode = 0, resize = 0;
  double total() const { return read + decode + resize; }
};

double ThreadMilliseconds() { return 1e3 * core::ThreadProcessorSeconds(); }

struct Case {
  const char* name;
  backends::Split split;
  bool scaled_decoding;
};

// One pass over the files, with what ImageLoader does to each.
Stages Time(const backends::ImageFolder& folder, const Case& timed, int size, int pass) {
  backends::Decoder decoder;
  backends::Resizer resizer;
  std::vector<float> target(size_t{3} * size * size);
  Stages stages;
  backends::TorchGenerator generator(pass);
  for (const backends::ImageFile& file : folder.files) {
    const double start = ThreadMilliseconds();
    const std::string bytes =
        core::ValueOrThrow(core::ReadFile(file.path, std::numeric_limits<int64_t>::max()));
    const double read = ThreadMilliseconds();
    const backends::ImageSize full =
        decoder.Open({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    const backends::Crop crop = timed.split == backends::Split::kTraining
                                    ? backends::TrainingCrop(full, size, generator)
                                    : backends::ValidationCrop(full, size);
    const int shrink = timed.scaled_decoding ? decoder.LargestShrink(crop.source, crop.target) : 1;
    const backends::Box needed = resizer.Plan(backends::ShrunkBy(shrink, crop));
    const backends::Pixels pixels = decoder.Decode(needed, shrink);
    const double decoded = ThreadMilliseconds();
    resizer.Resize(pixels, target.data());
    stages.read += read - start;
    stages.decode += decoded - read;
    stages.resize += ThreadMilliseconds() - decoded;
  }
  const double count = std::ssize(folder.files);
  return {stages.read / count, stages.decode / count, stages.resize / count};
}

// Images per second of a whole epoch, by the wall clock.
double LoaderThroughput(const backends::ImageFolder& folder, int workers, int size, int passes) {
  backends::ImageLoader loader(folder,
                               {.batch_size = std::min<int64_t>(20, std::ssize(folder.files)),
                                .image_size = size,
                                .workers = workers,
                                .on_skip = {}});
  std::vector<double> throughputs;
  for (int pass = 0; pass < passes; ++pass) {
    const auto start = std::chrono::steady_clock::now();
    int64_t count = 0;
    loader.BeginEpoch(pass, 0);
    while (const auto batch = loader.Next()) count += batch->count;
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    throughputs.push_back(count / seconds.count());
  }
  return core::Quantile(throughputs, 0.5);
}

void MakeDataset(const std::string& path, int images) {
  core::ThrowIfError(tools::MakeDataset({.path = path,
                                         .classes = kClasses,
                                         .training_images = std::max(1, images / kClasses),
                                         .validation_images = 1,
                                         .width = 500,
                                         .height = 375,
                                         .threads = 2,
                                         .progress = {}}));
}

void AddRow(const Case& timed, std::vector<Stages> passes, core::Table& table) {
  std::sort(passes.begin(), passes.end(),
            [](const Stages& a, const Stages& b) { return a.total() < b.total(); });
  const Stages& median = passes[passes.size() / 2];
  const auto milliseconds = [](double value) { return absl::StrFormat("%.3f", value); };
  table.AddRow({timed.name, milliseconds(median.read), milliseconds(median.decode),
                milliseconds(median.resize), milliseconds(median.total()),
                absl::StrFormat("%.0f", 1e3 / median.total()),
                absl::StrFormat("%.0f", 1e3 / passes.back().total()),
                absl::StrFormat("%.0f", 1e3 / passes.front().total())});
}

void Benchmark(const std::string& data_dir, int images, int size, int passes) {
  backends::ImageFolder folder = backends::ListImageFolder(data_dir + "/train");
  if (std::ssize(folder.files) > images) folder.files.resize(images);
  int64_t bytes = 0;
  for (const auto& file : folder.files) bytes += std::filesystem::file_size(file.path);
  absl::PrintF("%d files, %.0f kB on average, to %d x %d, %d passes\n", folder.files.size(),
               bytes * 1e-3 / folder.files.size(), size, size, passes);
  core::Table table({{"one thread, CPU time", "", core::Table::Align::kLeft},
                     {"read", "ms"},
                     {"decode", "ms"},
                     {"resize", "ms"},
                     {"total", "ms"},
                     {"images", "1/s"},
                     {"lowest", "1/s"},
                     {"highest", "1/s"}});
  using backends::Split;
  for (const Case& timed : {Case{"training", Split::kTraining, false},
                            Case{"training, scaled decoding", Split::kTraining, true},
                            Case{"validation", Split::kValidation, false}}) {
    Time(folder, timed, size, 0);  // Warms caches.
    std::vector<Stages> results;
    for (int pass = 0; pass < passes; ++pass) results.push_back(Time(folder, timed, size, pass));
    AddRow(timed, results, table);
  }
  for (const int workers : {1, 2}) {
    table.AddRow(
        {absl::StrFormat("loader, %d worker%s, wall clock", workers, workers == 1 ? "" : "s"), "",
         "", "", "", absl::StrFormat("%.0f", LoaderThroughput(folder, workers, size, passes)), "",
         ""});
  }
  std::cout << table.ToString(0);
}

void Main(int argc, char** argv) {
  constexpr int kCountMax = 1'000'000;
  std::string data_dir;
  int images = 400, size = 224, passes = 5;
  core::FlagTable flags = {
      {"data_dir", &data_dir, core::IsPath(), "image folder, of which train/ is read",
       "a temporary one of 500 x 375 images"},
      {"images", &images, core::Range(1, kCountMax), "how many images to make, or to read at most"},
      {"image_size", &size, core::Range(1, 4096), "side of the images in a batch, in pixels"},
      {"passes", &passes, core::Range(1, kCountMax), "how often to read them all"},
  };
  flags.Read(argc, argv, kUsage);
  if (!data_dir.empty()) return Benchmark(data_dir, images, size, passes);
  const core::TemporaryFolder folder;
  const std::string made = folder.path() + "/data";
  MakeDataset(made, images);
  Benchmark(made, images, size, passes);
}

}  // namespace

int main(int argc, char** argv) {
  return core::ReportErrors("loader_benchmark", [&] { Main(argc, argv); });
}
