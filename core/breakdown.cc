#include "core/breakdown.h"

#include <algorithm>

namespace core {
namespace {

// Length of the union of those of `spans`, sorted by start, that `included` accepts.
template <typename Predicate>
Duration Covered(const std::vector<Span>& spans, Predicate included) {
  Duration covered{};
  Duration end{-1};  // Of what is covered so far; no span starts before 0.
  for (const Span& span : spans) {
    if (!included(span.kind)) continue;
    const Duration start = std::max(span.start, end);
    if (span.end <= start) continue;
    covered += span.end - start;
    end = span.end;
  }
  return covered;
}

}  // namespace

Breakdown ComputeBreakdown(std::vector<Span> spans, Duration total) {
  std::stable_sort(spans.begin(), spans.end(),
                   [](const Span& a, const Span& b) { return a.start < b.start; });
  Breakdown breakdown{.total = total};
  breakdown.load = Covered(spans, [](SpanKind kind) { return kind == SpanKind::kLoad; });
  breakdown.computation = Covered(spans, IsComputation);
  breakdown.communication = Covered(spans, IsCommunication);
  const Duration busy =
      Covered(spans, [](SpanKind kind) { return IsCommunication(kind) || IsComputation(kind); });
  // Nothing at least and all of it at most, whatever the last bits of the differences are.
  breakdown.exposed =
      std::clamp(busy - breakdown.computation, Duration(0), breakdown.communication);
  breakdown.hidden = breakdown.communication - breakdown.exposed;
  breakdown.pull = Covered(spans, [](SpanKind kind) { return kind == SpanKind::kPull; });
  breakdown.push = Covered(spans, [](SpanKind kind) { return kind == SpanKind::kPush; });
  for (const Span& span : spans) breakdown.bytes += span.bytes;
  return breakdown;
}

Breakdown& Breakdown::operator+=(const Breakdown& other) {
  for (const StepFigure& figure : kStepFigures) this->*figure.member += other.*figure.member;
  bytes += other.bytes;
  return *this;
}

Breakdown& Breakdown::operator/=(int64_t count) {
  for (const StepFigure& figure : kStepFigures) {
    this->*figure.member /= static_cast<double>(count);
  }
  bytes /= count;
  return *this;
}

Breakdown Mean(std::span<const Breakdown> breakdowns) {
  if (breakdowns.empty()) return {};
  Breakdown mean = breakdowns[0];
  for (const Breakdown& other : breakdowns.subspan(1)) mean += other;
  return mean /= std::ssize(breakdowns);
}

}  // namespace core
