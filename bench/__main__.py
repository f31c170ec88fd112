"""`make bench`: every benchmark; prints each figure as it comes, and writes `bench/results.json`."""

import json
import sys
from pathlib import Path

from bench import bombs, determine, engine, intake, preview, trail, walls
from bench.figure import Figure
from compliance.engine import compiled

ROW = "{:<28} {:>10} {:<4} {:<28} {:>10} {:>7} {:>7} {}"


def main() -> int:
    print("The engine is", "compiled." if compiled.place().is_dir() else "not compiled.")
    print(ROW.format("figure", "value", "", "held against", "value", "ratio", "goal", "size"), flush=True)
    figures = []
    for subject in (engine, preview, bombs, intake, determine, trail, walls):
        for figure in subject.run():
            figures.append(figure)
            print(_row(figure), flush=True)
    (Path(__file__).parent / "results.json").write_text(json.dumps(figures, indent=1) + "\n")
    missed = [figure["name"] for figure in figures if not figure["met"]]
    print("missed: " + ", ".join(missed) if missed else "every goal met")
    return bool(missed)


def _row(of: Figure) -> str:
    value, against, ratio = f"{of['value']:.3f}", f"{of['against_value']:.3f}", f"{of['ratio']:.2f}"
    return ROW.format(of["name"], value, of["unit"], of["against"], against, ratio, of["goal"], of["size"])


if __name__ == "__main__":
    sys.exit(main())
