"""A PostgreSQL of the benchmarks' own, with the schema and the reference data, gone when they end."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from config import services


def provide() -> Path:
    """Start it and set Django up on it; returns a directory for files that is gone afterwards too."""
    directory = Path(tempfile.mkdtemp(prefix="originmark-bench-"))
    # Registered before the server registers its own, so that it runs after it has stopped.
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    # The server may run as another user.
    directory.chmod(0o755)
    os.environ["VAR_DIR"] = str(directory)
    os.environ["DATABASE_URL"] = services.start_postgres(directory / "postgres")
    os.environ.setdefault("REDIS_URL", "redis://localhost:1/0")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("load_reference", verbosity=0)
    return directory
