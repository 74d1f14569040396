// tools/bazel run //experiments:all_reduce -- --data-dir=FOLDER --nproc-per-node=4

#include "experiments/training/experiment.h"

int main(int argc, char** argv) { return experiments::ExperimentMain("all_reduce", argc, argv); }
