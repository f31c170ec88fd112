"""The product as `make run` starts it, with its demonstration, in folders and on a port of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def started(**settings: str) -> Iterator[tuple[str, dict[str, str], Path]]:
    """Its address, its operator, and the folder that it has to itself, where files may be put too."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="originmark-bench-") as folder:
        # The server may run as another user.
        Path(folder).chmod(0o755)
        process = subprocess.Popen(
            [sys.executable, "-m", "config.supervise"],
            env=environment(folder) | {"PORT": str(port)} | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert process.stdout is not None
            assert any("ready:" in line for line in process.stdout), "The product did not start."
            users = json.loads((Path(folder) / "demo-users.json").read_text())
            operator = next(user for user in users if user["role"] == "operator")
            yield f"http://127.0.0.1:{port}", operator, Path(folder)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


def environment(folder: Path | str) -> dict[str, str]:
    """What a command needs to be one of the product in `folder`."""
    own = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    return own | {"VAR_DIR": str(folder)}
