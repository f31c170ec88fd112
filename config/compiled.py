"""Compiles the engine where there is a C compiler: `python -m config.compiled`.

mypyc, a part of mypy, makes extensions of typed modules as they stand: the rules are written once, in Python, and run
either way. What a country's determinations wait for is Python more than PostgreSQL.
"""

import contextlib
import fcntl
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
_OPTIMISED = "3"


def main() -> int:
    """Compile what is not yet. Where that cannot be it says why, and the exit status is 0, too: all runs as written."""
    try:
        missing = _compile()
    except OSError as error:
        missing = str(error)
    if missing:
        print(f"The engine is not compiled, and gives the same answers more slowly: {missing}", file=sys.stderr)
    return 0


def _compile() -> str:
    """Compile, and take away what was of other sources; why not, or ""."""
    place = compiled.place()
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / "lock").open("w") as lock:
        # One at a time: another would take away what this one is at work on.
        fcntl.flock(lock, fcntl.LOCK_EX)
        for other in place.parent.iterdir():
            if other.is_dir() and (other != place or not _is_made_likewise(place)):
                shutil.rmtree(other)
        if place.is_dir():
            return ""
        with TemporaryDirectory(dir=place.parent) as scratch:
            if missing := _build(Path(scratch)):
                return missing
            made = Path(scratch) / "lib"
            (made / "made_by").write_text(_made_by())
            # Whole or not at all.
            made.rename(place)
    return ""


def _is_made_likewise(place: Path) -> bool:
    made_by = place / "made_by"
    return made_by.is_file() and made_by.read_text() == _made_by()


def _made_by() -> str:
    from mypy.version import __version__

    return f"mypyc {__version__} {_MYPY} {_OPTIMISED}"


def _build(scratch: Path) -> str:
    """Compile into `scratch`/lib; why not, or ""."""
    from mypyc.build import mypycify
    from setuptools import Distribution, errors

    # mypy tells modules by their paths from here.
    os.chdir(ROOT)
    paths = [str(source.relative_to(ROOT)) for source in compiled.sources()]
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            extensions = mypycify(
                [*_MYPY, *paths], target_dir=str(scratch / "c"), group_name=_LIBRARY, opt_level=_OPTIMISED
            )
            built = Distribution({"name": _LIBRARY, "ext_modules": extensions, "packages": [], "py_modules": []})
            command = built.get_command_obj("build_ext")
            command.build_lib, command.build_temp = str(scratch / "lib"), str(scratch / "objects")
            built.run_command("build_ext")
    except (errors.CCompilerError, errors.BaseError) as error:
        return str(error)
    except SystemExit:
        # So mypyc ends where types are wrong, having said where.
        return said.getvalue()
    return ""


if __name__ == "__main__":
    sys.exit(main())
