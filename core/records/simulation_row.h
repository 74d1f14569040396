#ifndef CORE_RECORDS_SIMULATION_ROW_H_
#define CORE_RECORDS_SIMULATION_ROW_H_

#include <optional>
#include <string>

#include "core/breakdown.h"
#include "core/records/fields.h"

namespace core {

// What a simulated run gave: one line of a table, one object of a file, so that they cannot
// disagree. Keys of the file are the names here, those of measured rows where they mean the same.
// Times are virtual; those of workers are means over workers and steps.
struct SimulationRow {
  std::string strategy;  // With servers: "parameter_server, 4 servers".
  int world_size = 0;
  int workers = 0;
  int servers = 0;     // That do nothing else.
  std::string method;  // How it was simulated: "messages", "formula", "closed form".
  std::optional<std::string> bottleneck;  // "server's links"; nothing if nobody asked.
  std::optional<std::string> bottleneck_sentence;
  std::optional<std::string> busiest_link;  // "host 0's up-link".

  Breakdown step;                         // Of a worker; its total is the mean over all ranks.
  std::optional<double> serve_seconds;    // A server's computing.
  double images_per_second = 0;           // Of all workers.
  double efficiency = 0;                  // Over as many workers that need not keep in step.
  std::optional<double> bottleneck_busy;  // Share of the step.
  std::optional<double> link_busy;        // Of the busiest link, both ways one after the other.
  std::optional<double> link_bytes;       // Over it, per step.
  std::optional<double> events;           // Timers, resumptions, messages.
  std::optional<double> messages;
  std::optional<double> wall_seconds;  // That simulating took.
  std::optional<double> memory_bytes;  // Likewise.
};

template <typename Fields>
void Visit(Fields& fields, MaybeConst<SimulationRow> auto& row) {
  fields("strategy", row.strategy, kRequired);
  fields("world_size", row.world_size);
  fields("workers", row.workers, AtLeast(1));
  fields("servers", row.servers, kRequired);
  fields("method", row.method, kRequired);
  fields("bottleneck", row.bottleneck);
  fields("bottleneck_sentence", row.bottleneck_sentence);
  fields("busiest_link", row.busiest_link);
  for (const StepFigure& figure : kStepFigures) {
    if (figure.member == &Breakdown::waiting) {
      fields(figure.key(), row.step.waiting);  // A closed form does not know it.
    } else {
      fields(figure.key(), row.step.*figure.member, kRequired);
    }
  }
  fields("serve_seconds", row.serve_seconds);
  fields("images_per_second", row.images_per_second, kRequired);
  fields("efficiency", row.efficiency, kRequired);
  fields("bottleneck_busy", row.bottleneck_busy);
  fields("link_busy", row.link_busy);
  fields("link_bytes", row.link_bytes);
  fields("events", row.events);
  fields("messages", row.messages);
  fields("wall_seconds", row.wall_seconds);
  fields("memory_bytes", row.memory_bytes);
}

}  // namespace core

#endif  // CORE_RECORDS_SIMULATION_ROW_H_
