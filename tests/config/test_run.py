"""`make run`, as a person runs it: ready, ended by a signal, and nothing left behind."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
from django.conf import settings


def test_it_gets_ready_serves_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    # The demonstration has tests of its own.
    own = {"VAR_DIR": str(tmp_path / "var"), "PORT": port, "DEMONSTRATION": "false"}
    inherited = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL", "VAR_DIR")}
    run = subprocess.Popen(
        [sys.executable, "-m", "config.supervise"],
        cwd=settings.BASE_DIR,
        env=inherited | own,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    try:
        assert any(line == f"ready: http://127.0.0.1:{port}\n" for line in run.stdout)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            assert answer.status == 200
        started = psutil.Process(run.pid).children(recursive=True)
        assert (tmp_path / "var" / "secret-key").stat().st_mode & 0o777 == 0o600
    finally:
        run.send_signal(signal.SIGTERM)
    run.communicate(timeout=30)
    assert run.returncode == 0
    _, alive = psutil.wait_procs(started, timeout=10)
    assert not alive


def test_a_taken_port_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        run = subprocess.run(
            [sys.executable, "-m", "config.supervise"],
            cwd=settings.BASE_DIR,
            env=os.environ | {"PORT": port},
            capture_output=True,
            text=True,
        )
    assert run.returncode == 1
    assert run.stderr.strip().splitlines()[-1].startswith(f"originmark: 127.0.0.1:{port} cannot be listened on")
    assert "PORT" in run.stderr
