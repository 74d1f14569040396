#include "experiments/benchmarks/benchmark_loader.h"

#include <vector>

#include "backends/images/image_loader.h"
#include "core/base/error.h"
#include "core/base/processor_time.h"
#include "core/base/quantile.h"
#include "tools/make_dataset.h"

namespace experiments {

BenchmarkRow BenchmarkLoader(const std::string& folder, int epochs) {
  core::ThrowIfError(tools::MakeDataset({.path = folder,
                                         .classes = 4,
                                         .training_images = 64,
                                         .validation_images = 1,
                                         .width = 500,
                                         .height = 375,
                                         .progress = {}}));
  const backends::ImageFolder images = backends::ListImageFolder(folder + "/train");
  backends::ImageLoader loader(images,
                               {.batch_size = 32, .image_size = 224, .workers = 0, .on_skip = {}});
  std::vector<double> throughputs;
  for (int epoch = 0; epoch <= epochs; ++epoch) {  // The first brings the files into memory.
    const double begin = core::ThreadProcessorSeconds();
    int64_t count = 0;
    loader.BeginEpoch(epoch, 0);
    for (int64_t i = 0; i < loader.batches_per_epoch(); ++i) count += loader.Next()->count;
    const double seconds = core::ThreadProcessorSeconds() - begin;
    if (epoch > 0) throughputs.push_back(static_cast<double>(count) / seconds);
  }
  return {.name = kLoaderCase,
          .program = "lockstep, one core",
          .images_per_second = core::Quantile(throughputs, 0.5)};
}

}  // namespace experiments
