"""C++ libraries out of PyPI's wheels: no Python in what we build."""

_UNPACK = """
import glob, sys, zipfile
folders = tuple(folder + "/" for folder in sys.argv[1].split(","))
libraries = set(sys.argv[2:])
for wheel in glob.glob("wheels/*.whl"):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(members=[m for m in archive.namelist()
                                    if m in libraries or m.startswith(folders)])
"""

_BUILD = """
cc_library(
    name = "{name}",
    srcs = {libraries},
    hdrs = glob([folder + "/**" for folder in {headers}]),
    includes = {includes},
    linkopts = {linkopts},
    visibility = {visibility},
)
"""

def _run(ctx, arguments, what):
    result = ctx.execute(arguments, timeout = 3600)
    if result.return_code:
        fail("%s failed:\n%s\n%s" % (what, result.stdout, result.stderr))

def _wheel_library_impl(ctx):
    ctx.report_progress("downloading wheels (%s, once)" % ctx.attr.download_size)
    ctx.file("requirements.txt", "\n".join(
        ["%s --hash=sha256:%s" % wheel for wheel in ctx.attr.wheels.items()],
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
    ], "pip download of the wheels of " + ctx.name)
    ctx.report_progress("unpacking wheels")
    _run(
        ctx,
        ["python3", "-c", _UNPACK, ",".join(ctx.attr.headers)] + ctx.attr.libraries,
        "unpacking the wheels of " + ctx.name,
    )
    ctx.delete("wheels")
    ctx.file("BUILD", _BUILD.format(
        name = ctx.name,
        libraries = ctx.attr.libraries,
        headers = ctx.attr.headers,
        includes = ctx.attr.includes,
        linkopts = ctx.attr.linkopts,
        visibility = ctx.attr.visible_to,
    ))

wheel_library = repository_rule(
    implementation = _wheel_library_impl,
    attrs = {
        "wheels": attr.string_dict(mandatory = True, doc = "SHA-256 by NAME==VERSION."),
        "download_size": attr.string(mandatory = True, doc = "For those who wait."),
        "libraries": attr.string_list(mandatory = True, doc = "What to link, in this order."),
        "headers": attr.string_list(mandatory = True, doc = "Folders of headers."),
        "includes": attr.string_list(mandatory = True, doc = "Where the compiler looks for them."),
        "linkopts": attr.string_list(),
        "visible_to": attr.string_list(mandatory = True, doc = "Who may depend on it."),
    },
)
