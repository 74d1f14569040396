#ifndef CORE_STRATEGIES_STRATEGY_FLAGS_H_
#define CORE_STRATEGIES_STRATEGY_FLAGS_H_

#include "core/base/flags.h"
#include "core/strategies/strategies.h"

namespace core {

// The flags that set `options`, which outlives them, for all programs that run strategies.
FlagTable StrategyFlags(StrategyOptions& options);

}  // namespace core

#endif  // CORE_STRATEGIES_STRATEGY_FLAGS_H_
