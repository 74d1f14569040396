#ifndef EXPERIMENTS_VALIDATION_CALIBRATION_H_
#define EXPERIMENTS_VALIDATION_CALIBRATION_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "experiments/validation/least_squares.h"
#include "experiments/validation/measurement.h"
#include "sim/cluster/cluster.h"

namespace experiments {

// A figure and the half-width of its 95 % confidence interval.
struct Estimate {
  double value = 0;
  double interval = 0;
};

// What the simulator needs to know of hosts and links, fitted to micro-measurements. Bytes,
// seconds.
struct Calibration {
  std::string rate;
  Estimate bandwidth;             // Bytes per second of a link, each way, that reach the program.
  Estimate fan_in;                // The same, of a link over which three hosts send at once.
  Estimate burst;                 // Bytes that a link which was idle lets through at once.
  Estimate latency;               // Of a message between two hosts, overheads included.
  double send_overhead = 0;       // Processor seconds of a message at its sender,
  double receive_overhead = 0;    // and at its receiver.
  int cores = 0;                  // That the hosts share.
  double processor_per_byte = 0;  // Processor seconds of a byte, sender and receiver together.
  Estimate accumulate_rate;       // Bytes per second of adding one vector to another.
  Estimate update_rate;           // Bytes per second of parameters in an update.
  std::vector<std::string> warnings;  // Of fits that explain badly.
};

// What is measured for it on two hosts, and on four; `bytes_per_second` is the links' nominal
// bandwidth.
std::vector<Measurement> CalibrationPlan(double bytes_per_second);
std::vector<Measurement> FanInPlan(double bytes_per_second);

// Fits to what the two plans gave on hosts that share `cores`.
Calibration Calibrate(const std::string& rate, int cores, const std::vector<Measurement>& plan,
                      const std::vector<Measured>& measured,
                      const std::vector<Measurement>& fan_in_plan,
                      const std::vector<Measured>& fan_in);

// The star of hosts that was calibrated.
sim::Cluster ClusterOf(const Calibration& calibration);

// As a description that sim::ReadCluster takes.
absl::Status WriteCluster(const Calibration& calibration, const std::string& path);

}  // namespace experiments

#endif  // EXPERIMENTS_VALIDATION_CALIBRATION_H_
