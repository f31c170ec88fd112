"""`make bench`: every benchmark; writes `bench/results.json` and prints a table."""

import json
import sys
from pathlib import Path

from bench import bombs, determine, engine, intake, preview, trail, walls

ROW = "{:<28} {:>10} {:<4} {:<28} {:>10} {:>7} {:>7} {}"


def main() -> int:
    figures = engine.run() + preview.run() + bombs.run() + intake.run() + determine.run() + trail.run() + walls.run()
    (Path(__file__).parent / "results.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(ROW.format("figure", "value", "", "held against", "value", "ratio", "goal", "size"))
    for f in figures:
        value, against = f"{f['value']:.3f}", f"{f['against_value']:.3f}"
        ratio = f"{f['ratio']:.2f}"
        print(ROW.format(f["name"], value, f["unit"], f["against"], against, ratio, f["goal"], f["size"]))
    missed = [f["name"] for f in figures if not f["met"]]
    print("missed: " + ", ".join(missed) if missed else "every goal met")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
