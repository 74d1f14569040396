#!/usr/bin/env python3
"""Checks Lockstep on a machine with GPUs, in under 8 minutes; leaves gpu_check.json and gpu_check.txt.

On a machine that builds (with --config=cuda), run it, or pack what it needs for another machine:

    tools/bazel run --config=cuda //tools:gpu_check
    tools/bazel build --config=cuda //tools:gpu_check_bundle      # bazel-bin/tools/gpu_check.tar.gz

There, without network or build: unpack, and name the folder that holds torch/ and nvidia/ of
libtorch 2.11.0 for CUDA 13, as `pip install torch==2.11.0` leaves them (site-packages):

    gpu_check/gpu_check.py --libtorch=/usr/lib/python3/site-packages     # or LOCKSTEP_LIBTORCH=…

What cannot be run is said to be so, with the reason, and never counts as passed.
"""

import argparse
import glob
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = ["nccl_gpu_conformance", "cuda_gpu_parity", "step_benchmark", "baseline_ddp",
            "measure_profile", "make_dataset"]
NOT_RUN = 77  # What our programs end with where they find no GPU.
BUDGET_SECONDS = 470

# The same model in eager PyTorch: channels-last, bfloat16 autocast, fused SGD.
EAGER = """
import sys, time, torch, torchvision
batch, size, steps = (int(argument) for argument in sys.argv[1:])
torch.backends.cudnn.benchmark = True
model = torchvision.models.resnet50().cuda().to(memory_format=torch.channels_last)
optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, weight_decay=1e-4, fused=True)
loss_function = torch.nn.CrossEntropyLoss()
images = torch.randn(batch, 3, size, size, device="cuda").to(memory_format=torch.channels_last)
labels = torch.randint(1000, (batch,), device="cuda")
def step():
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast("cuda", torch.bfloat16):
        loss = loss_function(model(images), labels)
    loss.backward()
    optimizer.step()
for _ in range(10): step()
torch.cuda.synchronize()
processor, start = time.process_time(), time.time()
for _ in range(steps): step()
told = time.process_time()
torch.cuda.synchronize()
print("images/s", batch * steps / (time.time() - start))
print("processor", 1e3 * (told - processor) / steps)
"""


def find_programs(folder):
    """By name: beside this file in a bundle, or where Bazel puts them."""
    programs = {}
    for name in PROGRAMS:
        found = [path for path in [folder / "bin" / name, *folder.rglob(name)] if path.is_file()]
        if found:
            programs[name] = str(found[0])
    return programs


def gpus():
    """Names of the GPUs, as the driver's tool tells them."""
    try:
        listed = subprocess.run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"],
                                capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return listed.stdout.strip().splitlines() if listed.returncode == 0 else []


def environment_with(libtorch):
    """Puts an installed libtorch, and the bundle's small libraries, before what programs name."""
    environment = dict(os.environ)
    if libtorch:
        folders = [str(HERE / "lib"), f"{libtorch}/torch/lib",
                   *sorted(glob.glob(f"{libtorch}/nvidia/*/lib"))]
        environment["LD_LIBRARY_PATH"] = ":".join(
            folders + [environment.get("LD_LIBRARY_PATH", "")])
    return environment


class Check:
    """Runs programs one after the other and keeps what became of them."""

    def __init__(self, programs, environment):
        self.programs = programs
        self.environment = environment
        self.rows = []
        self.deadline = time.monotonic() + BUDGET_SECONDS

    def run(self, name, program, arguments=(), timeout=60, figures=lambda output: {}):
        command = [self.programs.get(program, program), *map(str, arguments)]
        row = {"name": name, "command": " ".join([program, *map(str, arguments)])}
        timeout = min(timeout, self.deadline - time.monotonic())
        start = time.monotonic()
        if program in PROGRAMS and program not in self.programs:
            row |= {"status": "not run", "reason": f"{program} is missing: build or unpack it"}
        elif timeout < 5:
            row |= {"status": "not run", "reason": "no time was left"}
        else:
            row |= self.outcome(command, timeout, figures)
        row["seconds"] = round(time.monotonic() - start, 1)
        self.rows.append(row)
        print(line_of(row), flush=True)
        return row

    def outcome(self, command, timeout, figures):
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=timeout,
                                   cwd=HERE if (HERE / "backends").is_dir() else None,
                                   env=self.environment, check=False)
        except subprocess.TimeoutExpired:
            return {"status": "failed", "reason": f"not over within {timeout:.0f} s"}
        except OSError as error:
            return {"status": "not run", "reason": str(error)}
        output = ended.stdout + ended.stderr
        if ended.returncode == NOT_RUN:
            return {"status": "not run", "reason": output.strip().splitlines()[-1]}
        if ended.returncode != 0:
            return {"status": "failed", "reason": output.strip()[-600:]}
        try:
            return {"status": "passed", "figures": figures(output)}
        except (KeyError, IndexError, AttributeError, ValueError, OSError) as error:
            return {"status": "failed", "reason": f"its output is not as expected: {error!r}"}

    def skip(self, name, reason):
        self.rows.append({"name": name, "status": "not run", "reason": reason, "seconds": 0})
        print(line_of(self.rows[-1]), flush=True)


def line_of(row):
    figures = ", ".join(f"{key} {value}" for key, value in row.get("figures", {}).items())
    return f"{row['status']:8} {row['seconds']:6.1f} s  {row['name']}: " + (
        figures or row.get("reason", ""))


def number(pattern, output):
    return round(float(re.search(pattern, output).group(1)), 2)


def step_figures(output):
    return {"images_per_second": number(r"mean\s+([\d.]+)", output),
            "step_ms": number(r"\nstep\s+([\d.]+)", output),
            "idle_ms": number(r"\nidle\s+([\d.]+)", output),
            "processor_ms": number(r"\nprocessor\s+([\d.]+)", output)}


def train(check, count, scratch):
    """Each strategy for a few steps, over NCCL where every rank can have a GPU."""
    for strategy, servers in [("ddp", 0), ("all_reduce", 0), ("parameter_server", 1),
                              ("parameter_server_overlapped", 1)]:
        for backend, ranks in [("nccl", count), ("gloo", 1 + servers)]:
            name = f"{strategy}, {ranks} rank(s) over {backend}"
            if ranks < 1 + servers:
                check.skip(name, "NCCL wants a GPU for each rank, a server included")
                continue
            output = scratch / f"{strategy}_{backend}"
            check.run(name, "baseline_ddp",
                      [f"--strategy={strategy}", f"--backend={backend}", "--device=cuda",
                       f"--nproc-per-node={ranks}", "--synthetic", "--steps=6", "--epochs=1",
                       "--batch-size=16", "--image-size=64", "--precision=bf16",
                       f"--output-dir={output}"], timeout=45)


def benchmark(check, scratch, cores, python):
    """Images per second at batch 256, 224 × 224, bfloat16, in turn with eager PyTorch."""
    arguments = ["--cuda", "--bfloat16", "--batch_size=256", "--image_size=224", "--steps=40",
                 "--warmup_steps=10"]
    ours = check.run("synthetic images", "step_benchmark", arguments, 60, step_figures)
    graph = check.run("synthetic images, as a graph", "step_benchmark",
                      [*arguments, "--cuda_graph"], 60, step_figures)
    eager = check.run("eager PyTorch", python, ["-c", EAGER, 256, 224, 40], 90,
                      lambda output: {"images_per_second": number(r"images/s ([\d.]+)", output),
                                      "processor_ms": number(r"processor ([\d.]+)", output)})
    if eager["status"] != "passed":
        eager["status"] = "not run"  # It is no part of what is checked.
    for row in (ours, graph):
        if row["status"] == eager["status"] == "passed":
            for key in ("images_per_second", "processor_ms"):
                row["figures"][f"{key}_over_eager"] = round(
                    row["figures"][key] / eager["figures"][key], 3)
            print(line_of(row))
    made = check.run("making JPEGs", "make_dataset",
                     [f"--out={scratch}/jpegs", "--classes=8", "--images=768", "--val-images=32",
                      "--width=400", "--height=350"], 60)
    if made["status"] == "passed":
        check.run("images from JPEGs", "baseline_ddp",
                  ["--backend=nccl", "--nproc-per-node=1", f"--data-dir={scratch}/jpegs",
                   "--batch-size=256", "--epochs=2", "--precision=bf16", f"--workers={cores}",
                   f"--output-dir={scratch}/jpeg_results"], 90,
                  lambda output: {"images_per_second": round(json.loads(
                      (scratch / "jpeg_results/results_baseline_ddp.json").read_text())
                      ["epochs"][-1]["train_throughput"], 1)})


def run(arguments):
    names = gpus()
    check = Check(find_programs(pathlib.Path(arguments.programs)),
                  environment_with(arguments.libtorch))
    check.run("parity with PyTorch's numbers", "cuda_gpu_parity", timeout=60)
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        if names:
            benchmark(check, scratch, cores, arguments.python)
            check.run("measure_profile", "measure_profile",
                      ["--device=cuda", "--precision=bf16", "--batch-size=256", "--image-size=224",
                       "--steps=20", f"--output={arguments.output}/gpu_profile.json"], 45)
            train(check, len(names), scratch)
        else:
            for name in ("training", "benchmark", "measure_profile"):
                check.skip(name, "nvidia-smi lists no GPU")
    check.run("conformance over NCCL, one or two ranks", "nccl_gpu_conformance",
              ["--gtest_filter=*TwoRanks*:*InFlightArrive*:*HundredMegabytes*"], 60)
    check.run("conformance over NCCL, all", "nccl_gpu_conformance", timeout=240)
    if check.rows[-1].get("reason", "").startswith("not over"):
        check.rows[-1]["status"] = "not run"  # How fast ranks that share a GPU are says nothing.
    failed = sum(row["status"] == "failed" for row in check.rows)
    passed = sum(row["status"] == "passed" for row in check.rows)
    summary = (f"{passed} passed, {failed} failed, {len(check.rows) - passed - failed} not run; "
               f"{', '.join(names) or 'no GPU'}; {cores} cores")
    print(summary)
    output = pathlib.Path(arguments.output)
    output.mkdir(parents=True, exist_ok=True)
    (output / "gpu_check.json").write_text(json.dumps(
        {"summary": summary, "gpus": names, "cores": cores, "checks": check.rows}, indent=1))
    (output / "gpu_check.txt").write_text(
        "\n".join([*map(line_of, check.rows), summary]) + "\n")
    return 1 if failed else 0


def pack(target, files):
    """Programs, the small libraries that a machine may lack, and the numbers to compare with."""
    with tarfile.open(target, "w:gz") as bundle:
        libraries = {}
        for file in files:
            path = pathlib.Path(file)
            if path.name in PROGRAMS:
                bundle.add(path.resolve(), f"gpu_check/bin/{path.name}")
                for name, where in re.findall(r"(\S+) => (/(?:usr/)?lib\S*|\S*/libgloo\S*)", subprocess.run(
                        ["ldd", path], capture_output=True, text=True, check=True).stdout):
                    libraries[name] = where
            elif path.name == "gpu_check.py":
                bundle.add(path.resolve(), "gpu_check/gpu_check.py")
            else:
                bundle.add(path.resolve(), f"gpu_check/{file}")
        for name, where in libraries.items():
            # The C library has to be the machine's own.
            if re.match(r"lib(c|m|dl|rt|pthread|util)\.so|ld-linux", name):
                continue
            bundle.add(os.path.realpath(where), f"gpu_check/lib/{name}")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--libtorch", default=os.environ.get("LOCKSTEP_LIBTORCH", ""),
                        help="folder with torch/ and nvidia/; default: what the build fetched")
    parser.add_argument("--programs", default=str(HERE.parent if HERE.name == "tools" else HERE))
    parser.add_argument("--output", default=os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    parser.add_argument("--python", default=shutil.which("python3") or "python3",
                        help="that has torch and torchvision, to compare with")
    parser.add_argument("--pack", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.pack:
        return pack(arguments.pack[0], arguments.pack[1:])
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
