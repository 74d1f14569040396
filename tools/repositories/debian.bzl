"""Libraries that Debian installs, as Bazel targets."""

def _debian_library_impl(ctx):
    linkopts = []
    if ctx.attr.pkg_config:
        answer = ctx.execute(["pkg-config", "--libs"] + ctx.attr.pkg_config)
        if answer.return_code:
            fail("pkg-config does not know %s: run tools/bazel, which installs tools/packages.txt.\n%s" %
                 (ctx.attr.pkg_config, answer.stderr))
        linkopts = [flag for flag in answer.stdout.strip().split(" ") if flag]
    if ctx.attr.include_directory:
        ctx.symlink(ctx.attr.include_directory, "include")
    sources = []
    if ctx.attr.shared_library:
        # As a file rather than an option, so that its place in the link order is that of the dependency.
        library = ctx.attr.shared_library.split("/")[-1]
        ctx.symlink(ctx.attr.shared_library, library)
        sources = [library]
    ctx.file("BUILD", """
cc_library(
    name = "{name}",
    srcs = {sources},
    hdrs = glob(["include/**"], allow_empty = True),
    includes = {includes},
    linkopts = {linkopts},
    visibility = {visibility},
)
""".format(
        name = ctx.attr.name,
        sources = sources,
        includes = ["include"] if ctx.attr.include_directory else [],
        linkopts = linkopts,
        visibility = ctx.attr.visible_to or ["//visibility:public"],
    ))

debian_library = repository_rule(
    implementation = _debian_library_impl,
    attrs = {
        "pkg_config": attr.string_list(doc = "pkg-config modules to link."),
        "include_directory": attr.string(doc = "Headers outside the compiler's default path."),
        "shared_library": attr.string(doc = "A library without a pkg-config module."),
        "visible_to": attr.string_list(doc = "Who may depend on it; everybody if empty."),
    },
    local = True,
)
