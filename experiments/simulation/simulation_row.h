#ifndef EXPERIMENTS_SIMULATION_SIMULATION_ROW_H_
#define EXPERIMENTS_SIMULATION_SIMULATION_ROW_H_

#include <optional>
#include <span>
#include <string>

#include "core/breakdown.h"
#include "nlohmann/json.hpp"

namespace experiments {

// What a simulated run gave: one line of the table, one object of the file, so that they cannot
// disagree. Keys of the file are the names here, those of measured rows where they mean the same.
// Times are virtual; those of workers are means over workers and steps.
struct SimulationRow {
  std::string strategy;  // With servers: "parameter_server, 4 servers".
  int world_size = 0;
  int workers = 0;
  int servers = 0;         // That do nothing else.
  std::string method;      // How it was simulated: see SimulationMethod.
  std::string bottleneck;  // "server's links"; empty if nobody asked.
  std::string bottleneck_sentence;

  core::Breakdown step;                     // Of a worker; its total is the mean over all ranks.
  std::optional<double> serve_seconds;      // A server's computing.
  std::optional<double> images_per_second;  // Of all workers.
  std::optional<double> efficiency;         // Over as many workers that need not keep in step.
  std::optional<double> bottleneck_busy;    // Share of the step.
  std::optional<double> link_busy;          // Of the busiest link, both ways one after the other.
  std::optional<double> link_bytes;         // Over it, per step.
  std::optional<double> events;             // Timers, resumptions, messages.
  std::optional<double> messages;
  std::optional<double> wall_seconds;  // That simulating took.
  std::optional<double> memory_bytes;  // Likewise.
  std::string busiest_link;            // "host 0's up-link".
};

// A header row, a unit row and a line per row. Ends with a newline.
std::string FormatTable(std::span<const SimulationRow> rows);

nlohmann::ordered_json ToJson(const SimulationRow& row);
SimulationRow SimulationRowFrom(const nlohmann::ordered_json& json);

}  // namespace experiments

#endif  // EXPERIMENTS_SIMULATION_SIMULATION_ROW_H_
