// tools/bazel run //experiments:baseline_ddp -- --data-dir=FOLDER --nproc-per-node=4

#include "experiments/training/experiment.h"

int main(int argc, char** argv) { return experiments::ExperimentMain("ddp", argc, argv); }
