"""The container files, without an engine: what they say, and each command run as they say it."""

import ast
import copy
import importlib.util
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from config import supervise

ROOT = Path(settings.BASE_DIR)
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DONE_ONCE = {
    name
    for service in SERVICES.values()
    for name, link in service.get("depends_on", {}).items()
    if link["condition"] == "service_completed_successfully"
}
SCHEMA = json.loads(Path(__file__).with_name("compose-spec.json").read_text())
# Read by the interpreter, Django and gunicorn; no settings of ours.
OTHERS_SETTINGS = {
    "PATH",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
    "DJANGO_SETTINGS_MODULE",
    "FORWARDED_ALLOW_IPS",
}


def _instructions() -> list[list[tuple[str, str]]]:
    """The Dockerfile's instructions, as pairs of name and arguments, one list a stage."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", "")
    stages: list[list[tuple[str, str]]] = []
    for line in filter(None, text.splitlines()):
        name, _, arguments = line.partition(" ")
        if name == "FROM":
            stages.append([])
        stages[-1].append((name, arguments))
    return stages


BUILD, IMAGE = _instructions()
IMAGE_ENVIRONMENT = dict(word.split("=", 1) for name, value in IMAGE if name == "ENV" for word in shlex.split(value))
(IMAGE_COMMAND,) = (json.loads(value) for name, value in IMAGE if name == "CMD")
(IMAGE_CHECK,) = (json.loads(value[value.index("[") :]) for name, value in IMAGE if name == "HEALTHCHECK")
(IMAGE_USER,) = (value for name, value in IMAGE if name == "USER")


def _commands() -> dict[str, list[str]]:
    """Every command of ours by where it stands, a shell's split into those that it runs."""
    found = {"image": IMAGE_COMMAND, "image's health check": IMAGE_CHECK}
    found |= {
        f"build {i}": shlex.split(part)
        for i, part in enumerate(
            part[part.index("python -m") :]
            for name, value in BUILD
            if name == "RUN"
            for part in re.split(r"&&|;", value)
            if "python -m" in part
        )
    }
    for name, service in OURS.items():
        command = service.get("command", [])
        if command[:1] == ["sh"]:
            found |= {f"{name} {i}": shlex.split(part) for i, part in enumerate(command[-1].split("&&"))}
        elif command:
            found[name] = command
        if test := service.get("healthcheck", {}).get("test"):
            found[f"{name}'s health check"] = test[1:]
    return found


def _exists(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _imported(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_the_compose_file_meets_the_specification() -> None:
    validator = jsonschema.Draft7Validator(SCHEMA)
    assert [error.message for error in validator.iter_errors(COMPOSE)] == []
    misspelt = copy.deepcopy(COMPOSE)
    misspelt["services"]["web"]["helthcheck"] = {}
    assert list(validator.iter_errors(misspelt))


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_runs_as_root_or_can_become_it(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True


def test_the_image_has_the_user_that_runs_it_and_a_place_for_it_to_write() -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", IMAGE_USER)
    assert {service["user"] for service in OURS.values()} == {IMAGE_USER}
    uid, gid = IMAGE_USER.split(":")
    (made,) = (value for name, value in IMAGE if name == "RUN")
    assert f"useradd --uid {uid} --gid {gid}" in made
    place = IMAGE_ENVIRONMENT["VAR_DIR"]
    assert re.search(rf"install --directory --owner {uid} --group {gid} --mode 0700 {re.escape(place)}$", made)
    for name in ("web", "worker"):
        assert SERVICES[name]["volumes"] == [f"files:{place}"]
    assert SERVICES["beat"]["volumes"] == [f"beat:{place}"]


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - DONE_ONCE))
def test_every_service_that_stays_tells_its_health(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    if "healthcheck" in service:
        assert service["healthcheck"]["test"][0] == "CMD"
    else:
        # The image's check asks the web server, so it fits only who runs the image's command.
        assert name in OURS
        assert "command" not in service


def test_nothing_starts_before_what_it_needs() -> None:
    assert sorted(DONE_ONCE) == ["migrate"]
    for name in ("web", "worker", "beat"):
        assert {needed: link["condition"] for needed, link in SERVICES[name]["depends_on"].items()} == {
            "postgres": "service_healthy",
            "redis": "service_healthy",
            "migrate": "service_completed_successfully",
        }
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_only_web_is_published_and_only_on_loopback() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["web"]["ports"])
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert [name for name, service in SERVICES.items() if service["networks"] != ["back"]] == ["web"]


@pytest.mark.parametrize(("where", "command"), _commands().items())
def test_every_command_names_what_exists(where: str, command: list[str]) -> None:
    python, option, what, *rest = command
    assert python == "python"
    if option == "-c":
        assert all(_exists(module) for module in _imported(what))
        return
    assert option == "-m"
    assert _exists(what)
    if what == "django":
        assert rest[0] in get_commands()
    elif what == "celery":
        assert rest[0] == "-A"
        assert _exists(rest[1])
    elif what == "gunicorn":
        assert _exists(rest[0])


def test_the_processes_are_those_of_make_run() -> None:
    at_home = {
        name: command.replace(sys.executable, "python").split()
        for name, command in supervise._processes("0.0.0.0", "8000").items()  # noqa: S104 - compared, not bound
    }
    assert IMAGE_COMMAND[: len(at_home["web"])] == at_home["web"]
    assert SERVICES["worker"]["command"] == at_home["worker"]
    assert SERVICES["beat"]["command"] == at_home["beat"]


def test_no_secret_stands_in_the_files() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert urlsplit(value).password is None
            if re.search("SECRET|PASSWORD|TOKEN|KEY|DATABASE_URL", name):
                assert name.endswith("_FILE")
                assert value.removeprefix("/run/secrets/") in service["secrets"]
    for stage in (BUILD, IMAGE):
        assert not [value for name, value in stage if name in ("ENV", "ARG") and re.search("SECRET|PASSWORD", value)]
    assert all(secret.keys() == {"file"} for secret in COMPOSE["secrets"].values())


def test_the_secret_files_reach_neither_git_nor_the_image() -> None:
    assert all(secret["file"].startswith("./secrets/") for secret in COMPOSE["secrets"].values())
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    kept_out = (ROOT / ".dockerignore").read_text().splitlines()
    assert {"/secrets", ".*", "/var"} <= set(kept_out)


def test_every_setting_is_known_and_every_choice_described() -> None:
    known = set(re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    given = {name for service in OURS.values() for name in service["environment"]} | IMAGE_ENVIRONMENT.keys()
    ours = {name.removesuffix("_FILE") for name in given - OTHERS_SETTINGS}
    assert ours <= known
    choices = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    described = (ROOT / "docs/deploy.md").read_text()
    assert [name for name in sorted(ours | choices) if f"`{name}`" not in described] == []


def test_beat_is_well_while_it_writes_its_schedule_down(tmp_path: Path) -> None:
    check = _here(SERVICES["beat"]["healthcheck"]["test"][1:])
    check = [word.replace(IMAGE_ENVIRONMENT["VAR_DIR"], str(tmp_path)) for word in check]
    assert not _passes(check)
    (tmp_path / "beat-schedule.dat").touch()
    assert _passes(check)
    os.utime(tmp_path / "beat-schedule.dat", (time.time() - 700,) * 2)
    assert not _passes(check)


def test_web_is_well_under_the_settings_of_production(tmp_path: Path, free_port: str) -> None:
    secret = tmp_path / "secret-key"
    secret.write_text("for this test only, and long enough: " + "0123456789" * 3)
    environment = {"DEBUG": "false", "SECRET_KEY_FILE": str(secret), "ALLOWED_HOSTS": "a.invalid,127.0.0.1"}
    check = [word.replace("8000", free_port) for word in _here(IMAGE_CHECK)]
    assert not _passes(check)
    with _running([word.replace("8000", free_port) for word in _here(IMAGE_COMMAND)], environment) as is_up:
        _wait_for(lambda: _passes(check), is_up)
    assert not _passes(check)


def test_the_worker_is_well_while_it_answers() -> None:
    # A database of its own in the broker: the other tests must find no worker there.
    environment = {"REDIS_URL": urlsplit(os.environ["REDIS_URL"])._replace(path="/9").geturl()}
    check = _here(SERVICES["worker"]["healthcheck"]["test"][1:])
    assert not _passes(check, environment)
    with _running(_here(SERVICES["worker"]["command"]), environment) as is_up:
        _wait_for(lambda: _passes(check, environment), is_up)


@pytest.fixture
def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def _here(command: list[str]) -> list[str]:
    return [sys.executable if word == "python" else word for word in command]


def _passes(command: list[str], environment: dict[str, str] | None = None) -> bool:
    run = subprocess.run(command, cwd=ROOT, env=os.environ | (environment or {}), capture_output=True)
    return run.returncode == 0


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[Callable[[], bool]]:
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment)
    try:
        yield lambda: process.poll() is None
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _wait_for(happened: Callable[[], bool], is_up: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert is_up(), "it ended before it was well"
        assert time.monotonic() < deadline, "it was not well within a minute"
        time.sleep(0.2)
