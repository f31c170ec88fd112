"""The way of a document through the engine: read, check, judge, digest."""

import hashlib
import json
from typing import Any

from compliance.engine.document import DocumentFault, check_document
from compliance.engine.judge import judge

_canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode
# Stands for an integer too long to read: over every bound, so that the check names its place.
_TOO_LONG = 10**19


def answer(document: Any) -> dict[str, Any]:
    """The contract's answer to `document`; raises `DocumentFault` where it is no valid document."""
    check_document(document)
    reply = judge(document)
    reply["digest"] = digest(document)
    return reply


def answer_text(text: str | bytes) -> dict[str, Any]:
    """The answer to a document in JSON, or ``{"error": {"code", "path", "message"}}``."""
    try:
        return answer(_read(text))
    except DocumentFault as fault:
        return {"error": {"code": fault.code, "path": fault.path, "message": fault.message}}


def digest(document: dict[str, Any]) -> str:
    """SHA-256, in hex, of the document in canonical JSON."""
    try:
        return hashlib.sha256(_canonical(document).encode()).hexdigest()
    except UnicodeEncodeError:
        path = _place_of_lone_surrogate(document, "")
        raise DocumentFault("bad_value", path, "The text holds half of a surrogate pair.") from None


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


def _place_of_lone_surrogate(value: Any, path: str) -> str:
    """The JSON Pointer of the first text that UTF-8 cannot carry; "" where there is none."""
    if isinstance(value, str):
        return path if any("\ud800" <= c <= "\udfff" for c in value) else ""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return next((found for key, item in items if (found := _place_of_lone_surrogate(item, f"{path}/{key}"))), "")
