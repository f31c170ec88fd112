"""Who is asking: known in the process, and told to PostgreSQL with every transaction (`accounts.postgres`).

It knows no Django, so that it can be set before there is any.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

Channel = Literal["page", "api", "task", "command"]
_LONGEST = 300


@dataclass(frozen=True)
class Asking:
    """Who asks, and by which way; `user_id` is None where nobody is signed in and where no person asks."""

    channel: Channel
    user_id: int | None = None
    role: str = ""
    # From where: the address of a request.
    address: str = ""
    # What is asked: a path with its method, a task or a command by name.
    place: str = ""
    # The key of the request or of the task.
    request: str = ""
    # Whether the register itself asks, for work that is nobody's in particular: it is shown everything.
    is_register: bool = False

    @cached_property
    def written(self) -> str:
        """As PostgreSQL is told: JSON in ASCII, with nothing in it that cannot stand in a jsonb."""
        told = {
            "user": self.user_id,
            "role": self.role,
            "channel": self.channel,
            "address": _plain(self.address),
            "place": _plain(self.place),
            "request": _plain(self.request),
            "register": self.is_register or None,
        }
        return json.dumps({key: value for key, value in told.items() if value not in (None, "")})


_now: ContextVar[Asking | None] = ContextVar("asking", default=None)


def who() -> Asking | None:
    """Who is asking; None where nobody said."""
    return _now.get()


@contextmanager
def asked_by(asking: Asking | None) -> Iterator[None]:
    """`asking` is who asks, as long as this lasts."""
    token = _now.set(asking)
    try:
        yield
    finally:
        _now.reset(token)


def begin(asking: Asking | None) -> None:
    """From now on `asking` is who asks, in this context: for what has no end of its own to wait for."""
    _now.set(asking)


@contextmanager
def asked_by_register() -> Iterator[None]:
    """What is asked here is asked by the register itself: the caller looks at what nobody is shown, to work with it."""
    now = _now.get() or Asking("page")
    with asked_by(replace(now, is_register=True)):
        yield


@contextmanager
def asked_in_own_name() -> Iterator[None]:
    """What is asked here is asked by who asks, or by nobody, though the register asks for what is around it."""
    now = _now.get()
    with asked_by(now and replace(now, is_register=False)):
        yield


@contextmanager
def asked_for(user_id: int, role: str) -> Iterator[None]:
    """What is asked here is asked in the name of this user, for whom the register does a piece of work."""
    now = _now.get() or Asking("task")
    with asked_by(replace(now, user_id=user_id, role=role, is_register=False)):
        yield


def recognise(user_id: int | None, role: str = "", channel: Channel | None = None) -> None:
    """Who asks turned out to be this user, in the midst of the request: from now on it is not the register."""
    if (asking := _now.get()) is not None:
        known = replace(asking, user_id=user_id, role=role, channel=channel or asking.channel, is_register=False)
        _now.set(known)


def _plain(text: str) -> str:
    """`text` without what PostgreSQL cannot keep (NUL, half of a surrogate pair), and no longer than is of use."""
    return text[:_LONGEST].encode(errors="replace").decode().replace("\x00", "\ufffd")
