#ifndef EXPERIMENTS_SIMULATION_SIMULATION_TABLE_H_
#define EXPERIMENTS_SIMULATION_SIMULATION_TABLE_H_

#include <span>
#include <string>

#include "core/records/simulation_row.h"

namespace experiments {

// A header row, a unit row and a line per row. Ends with a newline.
std::string FormatTable(std::span<const core::SimulationRow> rows);

}  // namespace experiments

#endif  // EXPERIMENTS_SIMULATION_SIMULATION_TABLE_H_
