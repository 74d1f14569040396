"""libtorch for C++, out of the PyPI wheels: no Python in what we build."""

# libtorch_cpu.so of these wheels needs the (small) CUDA runtime and CUPTI even where no GPU is.
_WHEELS = {
    "torch==2.11.0": "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
    "nvidia-cuda-runtime==13.0.96": "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    "nvidia-cuda-cupti==13.0.85": "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
}

_LIBRARIES = [
    "torch/lib/libtorch_cpu.so",
    "torch/lib/libc10.so",
    "torch/lib/libgomp.so.1",
    "nvidia/cu13/lib/libcudart.so.13",
    "nvidia/cu13/lib/libcupti.so.13",
]

_UNPACK = """
import glob, sys, zipfile
libraries = set(sys.argv[1:])
for wheel in glob.glob("wheels/*.whl"):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(members=[m for m in archive.namelist()
                                    if m in libraries or m.startswith("torch/include/")])
"""

_BUILD = """
cc_library(
    name = "torch",
    srcs = {libraries},
    hdrs = glob(["torch/include/**"]),
    includes = [
        "torch/include",
        "torch/include/torch/csrc/api/include",
    ],
    visibility = {visibility},
)
"""

def _run(ctx, arguments, what):
    result = ctx.execute(arguments, timeout = 3600)
    if result.return_code:
        fail("%s failed:\n%s\n%s" % (what, result.stdout, result.stderr))

def _torch_impl(ctx):
    ctx.report_progress("downloading libtorch (0.5 GB, once)")
    ctx.file("requirements.txt", "\n".join(
        ["%s --hash=sha256:%s" % wheel for wheel in _WHEELS.items()],
    ))
    _run(ctx, [
        "python3",
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--implementation=cp",
        "--python-version=3.11",
        "--require-hashes",
        "--requirement=requirements.txt",
        "--dest=wheels",
    ], "pip download of libtorch's wheels")
    ctx.report_progress("unpacking libtorch")
    _run(ctx, ["python3", "-c", _UNPACK] + _LIBRARIES, "unpacking libtorch's wheels")
    ctx.delete("wheels")
    ctx.file("BUILD", _BUILD.format(
        libraries = _LIBRARIES,
        visibility = ctx.attr.visible_to,
    ))

torch = repository_rule(
    implementation = _torch_impl,
    attrs = {"visible_to": attr.string_list(doc = "Who may depend on it.")},
)
