"""A PostgreSQL and a Valkey of the tests' own, started before Django reads its settings."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from config import services

# All tests ask from one address; those of the rates set their own.
for rate in ("RATE_PER_ADDRESS", "RATE_PER_ACCOUNT", "RATE_OF_WRITES", "RATE_OF_SIGN_INS"):
    os.environ[rate] = ""

if "TEST_DATABASE_URL" in os.environ:
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
    os.environ["REDIS_URL"] = os.environ["TEST_REDIS_URL"]
else:
    directory = Path(tempfile.mkdtemp(prefix="originmark-test-"))
    # Registered before the servers register theirs, so that it runs after they have stopped.
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    directory.chmod(0o755)
    os.environ["VAR_DIR"] = str(directory)
    os.environ["STATIC_ROOT"] = str(directory / "static")
    (directory / "static").mkdir()
    os.environ["DATABASE_URL"] = services.start_postgres(directory / "postgres")
    os.environ["REDIS_URL"] = services.start_valkey(directory / "valkey")
