#!/usr/bin/env python3
"""Writes compile_commands.json at the root of the workspace, for clangd and clang-tidy:

    tools/bazel run //tools:compile_commands
"""

import json
import os
import subprocess

WORKSPACE = os.environ["BUILD_WORKSPACE_DIRECTORY"]
BAZEL = [os.path.join(WORKSPACE, "tools/bazel")]


def bazel(*arguments):
    return subprocess.run(BAZEL + list(arguments), cwd=WORKSPACE, check=True, stdout=subprocess.PIPE).stdout


def command(action, execution_root):
    """The entry of one compilation: as Bazel runs it, but of the file that people edit."""
    arguments = action["arguments"]
    source = arguments[arguments.index("-c") + 1]
    file = os.path.join(WORKSPACE, source)
    arguments = [file if argument == source else argument for argument in arguments]
    # Headers are found where people edit them, and only then where Bazel has links to them.
    arguments[1:1] = ["-iquote", WORKSPACE]
    return {"file": file, "directory": execution_root, "arguments": arguments}


def main():
    execution_root = bazel("info", "execution_root").decode().strip()
    actions = json.loads(bazel("aquery", "--output=jsonproto", 'mnemonic("CppCompile", //...)'))["actions"]
    commands = {}
    for action in actions:
        entry = command(action, execution_root)
        if os.path.exists(entry["file"]):
            commands[entry["file"]] = entry
    path = os.path.join(WORKSPACE, "compile_commands.json")
    with open(path + ".new", "w") as output:
        json.dump([commands[file] for file in sorted(commands)], output, indent=1)
    os.replace(path + ".new", path)
    print(f"{path}: {len(commands)} files")


if __name__ == "__main__":
    main()
