"""Where the engine's modules lie once they were compiled: the same modules, as extensions that mypyc makes of them.

They are found by the digest of their sources, for one kind of Python. What was compiled of others, an older version or
one that somebody is at work on, is never run: these are then run as they stand, for the same answers.
"""

import hashlib
import sysconfig
from pathlib import Path

_SOURCES = Path(__file__).parent
MODULES = ("answer", "count", "document", "inventory", "judge")


def sources() -> list[Path]:
    """Of the modules that are compiled."""
    return [_SOURCES / f"{name}.py" for name in MODULES]


def place() -> Path:
    """The directory of what these sources are compiled to for this Python and nothing else; it need not be there."""
    together = hashlib.sha256()
    for source in sources():
        text = source.read_bytes()
        # Its length says where one ends: no two sets of sources come to the same.
        together.update(b"%d\n%b" % (len(text), text))
    return _SOURCES / ".compiled" / str(sysconfig.get_config_var("SOABI")) / together.hexdigest()
