// tools/bazel run //experiments:parameter_server -- --data-dir=FOLDER --nproc-per-node=4

#include "experiments/training/experiment.h"

int main(int argc, char** argv) {
  return experiments::ExperimentMain("parameter_server", argc, argv);
}
