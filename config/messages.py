"""The texts of pages and their translations, kept with Babel: no gettext programs are needed.

`python -m config.messages update` brings `locale/` up to the code and compiles it; `check` says what is missing or
stale, and exits 1 where anything is.
"""

import io
import re
import sys
from collections.abc import Iterator
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from config.services import ROOT

LANGUAGE = "zh_Hans"
PO = ROOT / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")
ROOMS = ("accounts", "centres", "chips", "compliance", "reports", "demonstration", "config")
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    # The first says what the text is of, where one English word is two in Chinese.
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}
_PLACES = re.compile(r"%\(\w+\)[sd]|%%")


def in_code() -> Catalog:
    """Every text of the code and the templates."""
    catalog = Catalog(locale=LANGUAGE, project="Originmark", fuzzy=False)
    for path, source in _sources():
        for line, message, _comments, context in extract("python", io.BytesIO(source.encode()), KEYWORDS):
            catalog.add(message, locations=[(path, line)], context=context)
    return catalog


def _sources() -> Iterator[tuple[str, str]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "templates").rglob("*.html")):
        # Django turns a template into Python of which only the texts are left; its indentation means nothing.
        lines = templatize(path.read_text(encoding="utf-8")).splitlines()
        yield str(path.relative_to(ROOT)), "\n".join(line.lstrip() for line in lines) + "\n"


def translated() -> Catalog:
    """The catalogue in `locale/`; an empty one where there is none yet."""
    if not PO.exists():
        return Catalog(locale=LANGUAGE, project="Originmark", fuzzy=False)
    with PO.open("rb") as file:
        return read_po(file, locale=LANGUAGE)


def update() -> None:
    """Add what is new in the code, take out what is gone, and compile."""
    catalog = translated()
    catalog.update(in_code(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.header_comment = "# The texts in Simplified Chinese; the terms are those of data/glossary.csv."
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, catalog, width=120, sort_output=True, omit_header=False, include_lineno=False)
    MO.write_bytes(_compiled(catalog))


def _compiled(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def problems() -> list[str]:
    """What is missing, stale or not compiled, a sentence each."""
    due, catalog = in_code(), translated()
    found = []
    for message in due:
        if not message.id:
            continue
        known = catalog.get(message.id, message.context)
        if known is None or known.fuzzy or not all(_texts(known.string)):
            found.append(f"not translated: {message.id!r} ({message.locations[0][0]})")
            continue
        places = set(_PLACES.findall(_texts(message.id)[-1]))
        if any(set(_PLACES.findall(text)) != places for text in _texts(known.string)):
            found.append(f"names other places than its source: {message.id!r}")
    found += [
        f"stale: {message.id!r}" for message in catalog if message.id and due.get(message.id, message.context) is None
    ]
    if not MO.exists() or MO.read_bytes() != _compiled(catalog):
        found.append(f"{MO.name} is not what {PO.name} compiles to; run `make messages`.")
    return found


def _texts(value: Any) -> list[str]:
    """A text, or the forms of one that has a plural."""
    return list(value) if isinstance(value, tuple | list) else [value or ""]


def main(command: str) -> int:
    if command == "update":
        update()
    found = problems()
    sys.stdout.writelines(f"{problem}\n" for problem in found)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
