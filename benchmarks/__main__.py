"""``python -m benchmarks [NAME ...]`` measures and prints; ``--write`` puts the results into docs/benchmarks.md too."""

from __future__ import annotations

import argparse
from pathlib import Path

from .alarm_quality.benchmark import SECTIONS
from .document import replace_section
from .environment import describe
from .processes import ROOT
from .registry import BENCHMARKS
from .report import Scale

_DOCUMENT = ROOT / "docs" / "benchmarks.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures what the project promises.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(BENCHMARKS)}; default: all"
    )
    parser.add_argument("--write", action="store_true", help="write the results into docs/benchmarks.md")
    parser.add_argument("--quick", action="store_true", help="only see that everything runs; the figures mean nothing")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of paired measurements (default: 7)")
    parser.add_argument("--output", type=Path, default=_DOCUMENT, help="another file for --write")
    parser.add_argument("--peers-python", help="Python of an environment with benchmarks/requirements-peers.txt")
    parser.add_argument("--streams", help="folder with real streams for alarm_quality; without it they are left out")
    parser.add_argument(
        "--only", default="", metavar="SECTION[,...]", help=f"of alarm_quality only {', '.join(SECTIONS)}"
    )
    parser.add_argument(
        "--kinds",
        default="",
        metavar="KIND[,...]",
        help="of operations only kinds with these names, such as storm,copies-*; all if none",
    )
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in BENCHMARKS]:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    if arguments.rounds < 1:
        parser.error("--rounds must be 1 or more")
    only, kinds = ([each for each in text.split(",") if each] for text in (arguments.only, arguments.kinds))
    if unknown := [name for name in only if name not in SECTIONS]:
        parser.error(f"no section is called {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    if arguments.write and (only or kinds) and arguments.output == _DOCUMENT:
        parser.error("--only and --kinds measure a part: it would replace the whole in docs/benchmarks.md")
    if arguments.write and arguments.quick and arguments.output == _DOCUMENT:
        parser.error("--quick measures nothing worth writing into docs/benchmarks.md")
    scale = Scale(arguments.quick, arguments.rounds, arguments.peers_python, arguments.streams, only, kinds)
    environment = describe()
    print(environment)
    missed = False
    for name in arguments.names or BENCHMARKS:
        report = BENCHMARKS[name](scale)
        print(f"\n## {report.title}\n\n{report.markdown()}", flush=True)
        missed |= any(figure.met is False for figure in report.figures)
        if arguments.write:
            replace_section(arguments.output, name, report, environment)
    if missed and not scale.quick:
        print("Something asked for was missed: look for **missed** above.")
    return 0


raise SystemExit(main())
