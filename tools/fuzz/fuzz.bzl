"""A function that takes any bytes, as a test and as a fuzzer."""

def fuzz_test(name, corpus, deps):
    """Of the source NAME.cc, which has LLVMFuzzerTestOneInput. As a test it is run with the files of
    the corpus and with what accidents make of them; with --config=fuzz it is a libFuzzer program."""
    native.cc_test(
        name = name,
        size = "small",
        srcs = [name + ".cc"],
        args = ["$(locations %s)" % corpus],
        data = [corpus],
        linkopts = select({
            "//tools/fuzz:fuzzing": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        deps = deps + select({
            "//tools/fuzz:fuzzing": [],
            "//conditions:default": ["//tools/fuzz:corpus_main"],
        }),
    )
