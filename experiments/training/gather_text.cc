#include "experiments/training/gather_text.h"

#include <cstdint>
#include <utility>

namespace experiments {
namespace {

core::Buffer Bytes(std::string& text) {
  return {text.data(), static_cast<int64_t>(text.size()), core::DataType::kByte};
}

}  // namespace

core::Task GatherText(core::Communicator& communicator, std::string text,
                      std::vector<std::string>& texts) {
  const int size = communicator.size();
  std::vector<double> lengths(size, 0.0);
  lengths[communicator.rank()] = static_cast<double>(text.size());
  core::Work gathered = communicator.AllGather(core::View(lengths));
  co_await gathered;

  constexpr core::SpanKind kKind = core::SpanKind::kAllGather;
  if (communicator.rank() != 0) {
    core::Work sent = communicator.Send(Bytes(text), 0, kKind);
    co_await sent;
    co_return;
  }
  texts.assign(size, "");
  texts[0] = std::move(text);
  std::vector<core::Work> received;
  for (int rank = 1; rank < size; ++rank) {
    texts[rank].resize(static_cast<size_t>(lengths[rank]));
    received.push_back(communicator.Receive(Bytes(texts[rank]), rank, kKind));
  }
  for (core::Work& work : received) co_await work;
}

}  // namespace experiments
