#include "backends/torch/engine/device_inputs.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/tensor.h>

#include "backends/images/transform/normalization.h"

namespace backends {
namespace {

at::Tensor ByColor(at::ArrayRef<float> values) { return at::tensor(values); }

}  // namespace

DeviceInputs::DeviceInputs(Accelerator& accelerator, at::TensorOptions on_device,
                           at::ScalarType type)
    : accelerator_(accelerator),
      on_device_(on_device),
      type_(type),
      color_factors_(ByColor(kColorDeviations).mul(255).reciprocal().to(on_device.device())),
      color_offsets_(ByColor(kColorMeans).div(ByColor(kColorDeviations)).to(on_device.device())) {}

std::optional<Inputs> DeviceInputs::Next(BatchUploader& uploader) {
  // From here on the device has nothing else to do: what it waits then is what loading costs.
  const std::shared_ptr<DeviceEvent> start = accelerator_.compute->Record();
  const std::optional<DeviceBatch> batch = uploader.Next();
  if (!batch) return std::nullopt;
  accelerator_.compute->WaitFor(*batch->arrived);
  accelerator_.spans.Record(core::SpanKind::kLoad, start, accelerator_.compute->Record(), 0);
  const at::NoGradGuard no_gradient;
  const at::Tensor images =
      at::from_blob(batch->pixels, {batch->count, batch->size, batch->size, 3},
                    on_device_.dtype(batch->bytes ? at::kByte : at::kFloat));
  // A copy in any case: the batch's memory is used again.
  at::Tensor normalized = at::empty(images.sizes(), on_device_.dtype(type_));
  if (batch->bytes) {
    at::sub_out(normalized, images.mul(color_factors_), color_offsets_);
  } else {
    normalized.copy_(images);
  }
  Inputs inputs;
  inputs.images = normalized.permute({0, 3, 1, 2});
  inputs.labels = at::from_blob(batch->labels, {batch->count}, on_device_.dtype(at::kLong)).clone();
  uploader.Release(*batch, accelerator_.compute->Record());
  return inputs;
}

}  // namespace backends
