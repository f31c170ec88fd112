"""Where an XLSX file keeps a sheet."""

import zipfile
from posixpath import join, normpath
from xml.parsers import expat

CHUNK = 1 << 20
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships id"


def part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The name of the archive's part that holds `sheet`; None where the workbook names none."""
    relation: list[str] = []
    target: list[str] = []

    def in_workbook(name: str, attributes: dict[str, str]) -> None:
        if name.endswith(" sheet") and attributes.get("name") == sheet:
            relation.append(attributes.get(_RELATION, ""))

    def in_relations(name: str, attributes: dict[str, str]) -> None:
        if attributes.get("Id") in relation:
            target.append(attributes.get("Target", ""))

    for part, handler in (("xl/workbook.xml", in_workbook), ("xl/_rels/workbook.xml.rels", in_relations)):
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = handler
        parser.Parse(archive.read(part), True)
    if not target:
        return None
    return target[0].lstrip("/") if target[0].startswith("/") else normpath(join("xl", target[0]))
