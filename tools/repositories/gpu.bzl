"""Whether tests that need a GPU can run here: else Bazel counts them as skipped."""

def _gpu_impl(ctx):
    wanted = ctx.os.environ.get("LOCKSTEP_CUDA") == "1"
    found = ctx.path("/dev/nvidiactl").exists
    if wanted and not found:
        # The one line that says so.
        # buildifier: disable=print
        print("tests that need a GPU are skipped: there is no /dev/nvidiactl, NVIDIA's driver")
    ctx.file("BUILD")
    ctx.file("gpu.bzl", "GPU = %s\n" % (
        [] if wanted and found else ["@lockstep//tools/repositories:nvidia_gpu"]
    ))

gpu = repository_rule(
    implementation = _gpu_impl,
    environ = ["LOCKSTEP_CUDA"],
    local = True,
)
