"""Compiles the engine where there is a C compiler: `python -m config.compiled`.

mypyc, a part of mypy, makes extensions of typed modules as they stand: the rules are written once, in Python, and run
either way. A country's determinations wait for Python more than for PostgreSQL; so they take a fifth less.
"""

import contextlib
import io
import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from compliance.engine import compiled
from config.services import ROOT

# What the extensions share; no other package has a module of this name.
_LIBRARY = "originmark_engine"
# The project's own settings of mypy ask for Django's plugin, which the engine has no use for.
_MYPY = ["--strict", "--config-file="]


def main() -> int:
    """Compile what is not yet; the exit status is 0 where there is no compiler, too, since nothing is lost."""
    place = compiled.place()
    place.parent.mkdir(parents=True, exist_ok=True)
    for other in set(place.parent.iterdir()) - {place}:
        shutil.rmtree(other)
    if not place.is_dir():
        with TemporaryDirectory(dir=place.parent) as scratch:
            if missing := _build(Path(scratch)):
                print(f"The engine is not compiled, and gives the same answers more slowly: {missing}", file=sys.stderr)
                return 0
            # Whole or not at all.
            (Path(scratch) / "lib").rename(place)
    return 0


def _build(scratch: Path) -> str:
    """Compile into `scratch`/lib; what there was none of, or ""."""
    from mypyc.build import mypycify
    from setuptools import Distribution, errors

    # mypy tells modules by their paths from here.
    os.chdir(ROOT)
    paths = [str(source.relative_to(ROOT)) for source in compiled.sources()]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        extensions = mypycify([*_MYPY, *paths], target_dir=str(scratch / "c"), group_name=_LIBRARY, opt_level="3")
        built = Distribution({"name": _LIBRARY, "ext_modules": extensions, "packages": [], "py_modules": []})
        command = built.get_command_obj("build_ext")
        command.build_lib, command.build_temp = str(scratch / "lib"), str(scratch / "objects")
        try:
            built.run_command("build_ext")
        except (errors.CCompilerError, errors.BaseError) as error:
            return str(error)
    return ""


if __name__ == "__main__":
    sys.exit(main())
