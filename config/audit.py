"""`make check`: known vulnerabilities of what is locked, where the network allows to ask."""

import json
import subprocess
import sys

LOCKED = "requirements-dev.txt"


def main() -> int:
    """Print what is known against a locked package; 1 where anything is."""
    asked = subprocess.run(  # noqa: S603 - our own interpreter and a file of ours
        [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--disable-pip", "--require-hashes",
         "--format", "json", "--timeout", "10", "-r", LOCKED],
        capture_output=True, text=True,
    )  # fmt: skip
    try:
        dependencies = json.loads(asked.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        print("audit: nothing was audited, since the network does not allow it.")
        return 0
    known = [(one["name"], one["version"], found["id"]) for one in dependencies for found in one.get("vulns", ())]
    for name, version, vulnerability in known:
        print(f"audit: {name} {version}: {vulnerability}")
    unasked = sum("skip_reason" in one for one in dependencies)
    print(f"audit: {len(dependencies) - unasked} packages audited, {unasked} could not be asked about.")
    return bool(known)


if __name__ == "__main__":
    sys.exit(main())
