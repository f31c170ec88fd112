"""What a file is, told from its content and never from its name."""

import codecs
import zipfile
from pathlib import Path

from chips.intake.faults import FileFault
from chips.intake.markup import BROKEN_ARCHIVE, GREATEST_AT_ONCE, require_well_formed

MIB = 1 << 20
GREATEST_FILE = 50 * MIB
GREATEST_UNPACKED = 500 * MIB
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_OTHER = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x1f\x8b",
    b"Rar!",
    b"7z\xbc\xaf",
    b"{\\rtf",
    b"BM",
    b"\x7fELF",
)
# How an old workbook begins.
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CHUNK = MIB


def format_of(path: Path) -> str:
    """``csv``, ``xlsx``, ``xls`` or ``ods``; raises `FileFault` for anything else, before it is unpacked.

    The markup of a workbook's large parts is judged where they are read: see `markup.judged_beside`.
    """
    if path.stat().st_size > GREATEST_FILE:
        raise FileFault("too_large")
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith(b"PK"):
        return _zipped(path)
    if start.startswith(_COMPOUND):
        return _compound(path)
    markup = start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<")
    # BM begins a bitmap, and could begin a word: only a bitmap has its reserved zero bytes there too.
    if markup or (start.startswith(_OTHER) and not (start.startswith(b"BM") and start[6:10] != bytes(4))):
        raise FileFault("unsupported_format")
    return "csv"


def encoding_of(path: Path) -> str:
    """The encoding of a text file, in the contract's strict order; raises `FileFault` where none reads it."""
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(codecs.BOM_UTF8):
        candidates = ["utf-8-sig"]
    elif start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    else:
        candidates = ["utf-8", "gb18030"]
    for encoding in candidates:
        if _decodes(path, encoding):
            return encoding
    raise FileFault("bad_encoding")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _zipped(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > GREATEST_UNPACKED:
                raise FileFault("too_large")
            if any(entry.flag_bits & 1 for entry in entries):
                raise FileFault("encrypted")
            names = {entry.filename for entry in entries}
            if len(names) < len(entries):
                # Two parts of one name: which of them counts is anybody's guess.
                raise FileFault("unsupported_format")
            found = _workbook_format(archive, names)
            for entry in sorted(entries, key=lambda entry: entry.filename):
                if entry.filename.endswith(".xml") and entry.file_size <= GREATEST_AT_ONCE:
                    require_well_formed(archive, entry.filename)
            return found
    except BROKEN_ARCHIVE as error:
        raise FileFault("unsupported_format") from error


def _workbook_format(archive: zipfile.ZipFile, names: set[str]) -> str:
    if "xl/workbook.xml" in names and "[Content_Types].xml" in names:
        if "xl/vbaProject.bin" in names or b"macroEnabled" in archive.read("[Content_Types].xml"):
            raise FileFault("unsupported_format")
        return "xlsx"
    if "mimetype" in names and archive.read("mimetype").strip() == _ODS:
        if "META-INF/manifest.xml" in names and b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise FileFault("encrypted")
        if any(name.startswith("Basic/") for name in names):
            raise FileFault("unsupported_format")
        return "ods"
    raise FileFault("unsupported_format")


def _compound(path: Path) -> str:
    # Wanted for old workbooks alone: a child that reads another file begins sooner without.
    import olefile

    try:
        with olefile.OleFileIO(path) as compound:
            if compound.exists("EncryptedPackage"):
                raise FileFault("encrypted")
            if compound.exists("_VBA_PROJECT_CUR") or compound.exists("Macros"):
                raise FileFault("unsupported_format")
            if compound.exists("Workbook") or compound.exists("Book"):
                return "xls"
    except (OSError, ValueError, IndexError) as error:
        raise FileFault("unsupported_format") from error
    raise FileFault("unsupported_format")
