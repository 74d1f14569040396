#include "experiments/validation/measurement.h"

namespace experiments {

nlohmann::ordered_json ToJson(const Measurement& measurement) {
  const core::StrategyOptions& options = measurement.options;
  return {{"kind", static_cast<int>(measurement.kind)},
          {"bytes", measurement.bytes},
          {"count", measurement.count},
          {"messages", measurement.messages},
          {"strategy", measurement.strategy},
          {"first_bucket", options.buckets.first_bytes},
          {"bucket", options.buckets.bytes},
          {"servers", options.server.servers},
          {"colocated", options.server.colocated},
          {"profile", measurement.profile}};
}

Measurement MeasurementFrom(const nlohmann::ordered_json& json) {
  return {
      .kind = static_cast<Measurement::Kind>(json.at("kind").get<int>()),
      .bytes = json.at("bytes"),
      .count = json.at("count"),
      .messages = json.at("messages"),
      .strategy = json.at("strategy"),
      .options = {.buckets = {.first_bytes = json.at("first_bucket"), .bytes = json.at("bucket")},
                  .server = {.servers = json.at("servers"), .colocated = json.at("colocated")}},
      .profile = json.at("profile")};
}

nlohmann::ordered_json ToJson(const Measured& measured) {
  return {{"seconds", measured.seconds},
          {"computation", measured.computation},
          {"communication", measured.communication},
          {"exposed", measured.exposed},
          {"trace", measured.trace},
          {"processor_seconds", measured.processor_seconds}};
}

Measured MeasuredFrom(const nlohmann::ordered_json& json) {
  return {.seconds = json.at("seconds"),
          .computation = json.at("computation"),
          .communication = json.at("communication"),
          .exposed = json.at("exposed"),
          .trace = json.at("trace"),
          .processor_seconds = json.at("processor_seconds")};
}

}  // namespace experiments
