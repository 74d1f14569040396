"""libtorch, for processors alone or with CUDA and NCCL: @torch is the one that --config=cuda chooses."""

load("//tools/repositories:wheels.bzl", "wheel_library")

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

_INCLUDES = [
    "torch/include",
    "torch/include/torch/csrc/api/include",
]

# The versions that torch's wheel names as its own.
_CUDA_WHEELS = {
    "nvidia-cublas==13.1.0.3": "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
    "nvidia-cuda-nvrtc==13.0.88": "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
    "nvidia-cudnn-cu13==9.19.0.56": "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf",
    "nvidia-cufft==12.0.0.61": "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
    "nvidia-cufile==1.15.1.6": "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44",
    "nvidia-curand==10.4.0.35": "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
    "nvidia-cusolver==12.0.4.66": "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112",
    "nvidia-cusparse==12.6.3.3": "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
    "nvidia-cusparselt-cu13==0.8.0": "25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd",
    "nvidia-nccl-cu13==2.28.9": "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42",
    "nvidia-nvjitlink==13.0.88": "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
    "nvidia-nvshmem-cu13==3.4.5": "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
}

# libtorch_cuda.so needs all of these; cuDNN and NVRTC open the rest of their own by name.
_CUDA_LIBRARIES = [
    "torch/lib/libtorch_cuda.so",
    "torch/lib/libc10_cuda.so",
    "torch/lib/libtorch_nvshmem.so",
    "nvidia/nccl/lib/libnccl.so.2",
    "nvidia/cu13/lib/libcublas.so.13",
    "nvidia/cu13/lib/libcublasLt.so.13",
    "nvidia/cu13/lib/libcufft.so.12",
    "nvidia/cu13/lib/libcufile.so.0",
    "nvidia/cu13/lib/libcurand.so.10",
    "nvidia/cu13/lib/libcusolver.so.12",
    "nvidia/cu13/lib/libcusparse.so.12",
    "nvidia/cu13/lib/libnvJitLink.so.13",
    "nvidia/cu13/lib/libnvrtc.so.13",
    "nvidia/cu13/lib/libnvrtc-builtins.so.13.0",
    "nvidia/cudnn/lib/libcudnn.so.9",
    "nvidia/cudnn/lib/libcudnn_adv.so.9",
    "nvidia/cudnn/lib/libcudnn_cnn.so.9",
    "nvidia/cudnn/lib/libcudnn_engines_precompiled.so.9",
    "nvidia/cudnn/lib/libcudnn_engines_runtime_compiled.so.9",
    "nvidia/cudnn/lib/libcudnn_graph.so.9",
    "nvidia/cudnn/lib/libcudnn_heuristic.so.9",
    "nvidia/cudnn/lib/libcudnn_ops.so.9",
    "nvidia/cusparselt/lib/libcusparseLt.so.0",
    "nvidia/nvshmem/lib/libnvshmem_host.so.3",
]

_SELECTED = """
alias(
    name = "torch",
    actual = select({{
        "@lockstep//tools/repositories:cuda": "@torch_cuda",
        "//conditions:default": "@torch_cpu",
    }}),
    visibility = {visibility},
)
"""

def _selected_torch_impl(ctx):
    ctx.file("BUILD", _SELECTED.format(visibility = ctx.attr.visible_to))

_selected_torch = repository_rule(
    implementation = _selected_torch_impl,
    attrs = {"visible_to": attr.string_list()},
)

def torch(visible_to, cuda_visible_to):
    """@torch; and @torch_cuda, with nccl.h, for what is built with CUDA alone."""
    _selected_torch(name = "torch", visible_to = visible_to)
    wheel_library(
        name = "torch_cpu",
        download_size = "0.5 GB",
        headers = ["torch/include"],
        includes = _INCLUDES,
        libraries = _LIBRARIES,
        visible_to = ["@torch//:__pkg__"],
        wheels = _WHEELS,
    )
    wheel_library(
        name = "torch_cuda",
        download_size = "2.5 GB",
        headers = ["torch/include", "nvidia/cu13/include", "nvidia/nccl/include"],
        includes = _INCLUDES + ["nvidia/cu13/include", "nvidia/nccl/include"],
        libraries = _LIBRARIES + _CUDA_LIBRARIES,
        # What libraries need of each other is among them, but the linker looks in other folders.
        linkopts = ["-Wl,--allow-shlib-undefined"],
        visible_to = ["@torch//:__pkg__"] + cuda_visible_to,
        wheels = dict(_WHEELS.items() + _CUDA_WHEELS.items()),
    )
