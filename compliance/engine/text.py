"""Documents in JSON, and their answers.

Never compiled: how deeply a text may be nested goes by Python's own limit, which counts no compiled function.
"""

import json
from typing import Any

from compliance.engine.answer import answer
from compliance.engine.document import DocumentFault

# Stands for an integer too long to read: over every bound, so that the check names its place.
_TOO_LONG = 10**19


def answer_text(text: str | bytes) -> dict[str, Any]:
    """The answer to a document in JSON, or ``{"error": {"code", "path", "message"}}``."""
    try:
        return answer(_read(text))
    except DocumentFault as fault:
        return {"error": {"code": fault.code, "path": fault.path, "message": fault.message}}


def _read(text: str | bytes) -> Any:
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        return _loads(decoded)
    except RecursionError:
        raise DocumentFault("not_json", "", "The document is nested too deeply.") from None
    except ValueError as error:
        raise DocumentFault("not_json", "", "The line is not JSON: %(error)s.", error=error) from None


def _loads(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except ValueError:
        # Python refuses to convert an integer of thousands of digits; the check must say where it stands.
        return json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_int=lambda digits: int(digits) if len(digits) < 20 else _TOO_LONG,
        )


def _refuse_constant(name: str) -> None:
    raise json.JSONDecodeError(f"{name} is no JSON value", name, 0)
