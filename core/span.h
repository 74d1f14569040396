#ifndef CORE_SPAN_H_
#define CORE_SPAN_H_

#include <chrono>
#include <cstdint>
#include <string_view>

namespace core {

// Seconds, or the instant that many seconds after the run began: real or virtual.
using Duration = std::chrono::duration<double>;

enum class SpanKind {
  kLoad,
  kForward,
  kBackward,
  kUpdate,
  kAccumulate,
  kEvaluate,
  kAllReduce,
  kReduceScatter,
  kAllGather,
  kBroadcast,
  kPush,
  kPull,
};

// What a worker did for a time. Recorded by backends and simulator, never by strategies.
struct Span {
  SpanKind kind;
  Duration start;
  Duration end;
  int64_t bytes = 0;  // Moved by a communication; else 0.
};

constexpr std::string_view Name(SpanKind kind) {
  switch (kind) {
    case SpanKind::kLoad:
      return "load";
    case SpanKind::kForward:
      return "forward";
    case SpanKind::kBackward:
      return "backward";
    case SpanKind::kUpdate:
      return "update";
    case SpanKind::kAccumulate:
      return "accumulate";
    case SpanKind::kEvaluate:
      return "evaluate";
    case SpanKind::kAllReduce:
      return "all-reduce";
    case SpanKind::kReduceScatter:
      return "reduce-scatter";
    case SpanKind::kAllGather:
      return "all-gather";
    case SpanKind::kBroadcast:
      return "broadcast";
    case SpanKind::kPush:
      return "push";
    case SpanKind::kPull:
      return "pull";
  }
  return "";
}

// Loading is neither: the worker is idle as far as the model is concerned.
constexpr bool IsComputation(SpanKind kind) {
  return kind >= SpanKind::kForward && kind <= SpanKind::kEvaluate;
}
constexpr bool IsCommunication(SpanKind kind) { return kind >= SpanKind::kAllReduce; }

}  // namespace core

#endif  // CORE_SPAN_H_
