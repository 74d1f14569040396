#ifndef EXPERIMENTS_COMMON_COMMIT_H_
#define EXPERIMENTS_COMMON_COMMIT_H_

#include <string>

namespace experiments {

// The commit that the working tree is at from which this program was started, by `bazel run` or
// through bazel-bin: "1f0a63e0c2d7", with "-dirty" behind it if files that git knows have been
// changed since; "unknown" where there is no such tree or no git. Asked for when it runs, as a
// stamp in the program would build programs and run tests anew for every commit.
std::string Commit();

}  // namespace experiments

#endif  // EXPERIMENTS_COMMON_COMMIT_H_
