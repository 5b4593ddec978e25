"""`python -m scripts.cluster up|down|status|load|build|kind|exec|kubectl|helm`: a real Kubernetes on this machine.

Exit codes: 0 done; 1 something failed (a sentence on standard error says what), or a part is missing; 2 the command
line is wrong; 3 nothing is up.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from local.errors import StartError
from scripts.cluster import binaries, images, kind, layout, lifecycle, namespace
from scripts.cluster.errors import ClusterError
from scripts.cluster.processes import Cluster

EXIT_FAILED = 1


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m scripts.cluster", description="A real Kubernetes on this machine.")
    verbs = top.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up", help="start it, or find that it runs")
    down = verbs.add_parser("down", help="stop it; images, objects and volumes stay on disk")
    down.add_argument("--wipe", action="store_true", help="forget those too")
    verbs.add_parser("status", help="show its components")
    by_kind = verbs.add_parser("kind", help="the same by kind, where Docker or podman runs")
    by_kind.add_argument("kind_verb", nargs="?", choices=["up", "down", "load"], default="up", metavar="up|down|load")
    by_kind.add_argument("image", nargs="*", help="for load")
    load = verbs.add_parser("load", help="copy images from docker, podman or buildah into it")
    load.add_argument("image", nargs="+", help="full name, such as localhost/isobar/jobs:0.1.0")
    build = verbs.add_parser("build", help="build its programs, and print where they are")
    build.add_argument("program", nargs="*", help=f"of {', '.join(binaries.ALL)}; by default what `up` needs")
    for tool in ("kubectl", "helm"):
        verb = verbs.add_parser(tool, help=f"{tool} on this cluster; arguments after -- go to it")
        verb.add_argument("arguments", nargs="*")
    inside = verbs.add_parser("exec", help="run a command inside its namespaces")
    inside.add_argument("arguments", nargs="+")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Runs one verb; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        match options.verb:
            case "up":
                return lifecycle.up()
            case "down":
                return lifecycle.down(wipe=options.wipe)
            case "status":
                return lifecycle.status()
            case "kind":
                return _kind(options.kind_verb, options.image)
            case "load":
                return _load(options.image)
            case "build":
                return _build(options.program)
            case "exec":
                return _become([*namespace.enter(_running().holder), *options.arguments])
            case "kubectl":
                return _become([str(binaries.kubectl()), *options.arguments])
            case _:
                return _become([str(binaries.helm()), *options.arguments])
    except (ClusterError, StartError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_FAILED


def _kind(verb: str, references: list[str]) -> int:
    match verb:
        case "up":
            return kind.up()
        case "down":
            return kind.down()
        case _:
            return kind.load(references)


def _load(references: list[str]) -> int:
    cluster = _running()
    for reference in references:
        images.load(cluster, reference)
    return 0


def _build(names: list[str]) -> int:
    unknown = [name for name in names if name not in binaries.ALL]
    if unknown:
        raise ClusterError(f"No program is called '{unknown[0]}': expected one of {', '.join(binaries.ALL)}.")
    for program in [binaries.ALL[name] for name in names] or binaries.CORE:
        program.build()
        for name in program.names or (program.module,):
            print(program.path(name))
    return 0


def _running() -> Cluster:
    cluster = Cluster.running()
    if cluster is None:
        raise ClusterError("Nothing is up: `make cluster` starts it.")
    return cluster


def _become(argv: list[str]) -> int:
    os.environ["KUBECONFIG"] = kubeconfig()
    os.execvp(argv[0], argv)


def kubeconfig() -> str:
    """The one convention: what KUBECONFIG names, else the file that `make cluster` and `make kind` write."""
    return os.environ.get("KUBECONFIG") or str(Path(layout.KUBECONFIG))


if __name__ == "__main__":
    sys.exit(main())
