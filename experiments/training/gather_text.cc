#include "experiments/training/gather_text.h"

#include <cstdint>
#include <utility>

namespace experiments {
namespace {

core::Buffer Bytes(std::string& text) {
  return {text.data(), static_cast<int64_t>(text.size()), core::DataType::kByte};
}

}  // namespace

core::Task TextGathering::Run(core::Communicator& communicator, std::string text) {
  const int size = communicator.size();
  own_ = std::move(text);
  lengths_.assign(size, 0.0);
  lengths_[communicator.rank()] = static_cast<double>(own_.size());
  core::Work gathered = communicator.AllGather(core::View(lengths_));
  co_await gathered;

  constexpr core::SpanKind kKind = core::SpanKind::kAllGather;
  if (communicator.rank() != 0) {
    core::Work sent = communicator.Send(Bytes(own_), 0, kKind);
    co_await sent;
    co_return;
  }
  texts_.assign(size, "");
  texts_[0] = own_;
  std::vector<core::Work> received;
  for (int rank = 1; rank < size; ++rank) {
    texts_[rank].resize(static_cast<size_t>(lengths_[rank]));
    received.push_back(communicator.Receive(Bytes(texts_[rank]), rank, kKind));
  }
  for (core::Work& work : received) co_await work;
}

}  // namespace experiments
