"""`make check`: what may stand in no file of ours, and no other tool looks for."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator

from config.services import ROOT

# What makes markup of a text, or leaves it as it is; templates escape by themselves.
_UNESCAPED = {"mark_safe", "SafeString", "SafeText", "safestring", "html_safe"}
_RUNS_TEXT = {"eval", "exec", "compile", "__import__"}
_PATTERNS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
_OWN_PATTERNS = "the pattern is written in the code; none is made of what people wrote"
_TEMPLATE = re.compile(
    r"\|\s*(?:safe|safeseq)\b|\{%-?\s*autoescape\s+off|(?<![\w-])on[a-z]+\s*=\s*[\"']|<style\b|\sstyle\s*="
)
# JSON that a script reads runs nothing.
_SCRIPT = re.compile(r"<script(?![^>]*\b(?:src=|type=\"application/json\"))")
# What a secret looks like. A pattern is written so that it does not find itself.
_SECRETS = re.compile(
    r"-----BEGIN (?:[A-Z]+ )?PRIVATE[ ]KEY-----|\bAKIA[0-9A-Z]{16}\b|\bLTAI[A-Za-z0-9]{16,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bglpat-[A-Za-z0-9_-]{20}\b|\bxox[abprs]-[0-9A-Za-z-]{10,}|\bsk-[A-Za-z0-9_-]{32,}"
    r"|\bey[A-Za-z0-9_-]{17,}\.ey[A-Za-z0-9_-]{17,}\."
)
_TOLD = re.compile(r"""(?i)(?:secret|password|token|api_?key)\w*\s*[=:]\s*["']([A-Za-z0-9+/_=-]{24,})["']""")


def main() -> int:
    """Print what is forbidden and where it stands; 1 where anything is."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - the git of who checks
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    found = [
        f"{name}:{line}: {told}" for name in filter(None, listed.stdout.split("\0")) for line, told in faults_of(name)
    ]
    for told in found:
        print(f"forbidden: {told}")
    return bool(found)


def faults_of(name: str) -> Iterator[tuple[int, str]]:
    """What is forbidden in a file of ours, by line."""
    path = ROOT / name
    if not path.is_file() or name.startswith("static/vendor/"):
        return
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        return
    yield from secrets_in(text)
    if path.suffix == ".html":
        yield from faults_of_template(text)
    elif path.suffix == ".py" and not name.startswith(("tests/", "bench/")):
        yield from faults_of_code(text)


def secrets_in(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if _SECRETS.search(line) or ((match := _TOLD.search(line)) and _is_drawn(match[1])):
            yield number, "this looks like a secret: give it by the environment or by a file"


def _is_drawn(text: str) -> bool:
    """Whether a text was drawn by lot rather than written: digits and both cases, and hardly a sign twice."""
    kinds = (any(map(kind, text)) for kind in (str.isdigit, str.islower, str.isupper))
    return all(kinds) and len(set(text)) > len(text) / 2


def faults_of_template(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _TEMPLATE.search(line):
            yield number, f"“{match[0].strip()}”: nothing stands in a template unescaped, and no script or style"
        if _SCRIPT.search(line):
            yield number, "a script stands in a file of its own: the Content-Security-Policy refuses it here"


def faults_of_code(text: str) -> Iterator[tuple[int, str]]:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name) if name in _UNESCAPED:
                yield node.lineno, f"{name}: templates escape what they are given, and nothing is exempt"
            case ast.Call(func=ast.Name(id=name)) if name in _RUNS_TEXT:
                yield node.lineno, f"{name}: no text is run as code"
            case ast.Call(func=ast.Name(id="format_html" | "format_html_join"), args=[form, *_]) if not _is_written(
                form
            ):
                yield node.lineno, "format_html: the format is written here, and what people wrote is put into it"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=name), args=[pattern, *_]) if (
                name in _PATTERNS and not _is_written(pattern)
            ):
                yield node.lineno, f"re.{name}: {_OWN_PATTERNS}"
            case ast.keyword(arg=str(name)) if name.endswith(("__regex", "__iregex")) and not _is_written(node.value):
                yield (
                    node.value.lineno,
                    f"{name}: {_OWN_PATTERNS}",
                )


def _is_written(node: ast.expr) -> bool:
    """Whether a text stands in the code: itself, under a name in capitals, or as a parameter named ``pattern``."""
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.isupper() or name in ("pattern", "regex")
        case ast.JoinedStr(values=parts):
            return all(_is_written(part.value) for part in parts if isinstance(part, ast.FormattedValue))
    return False


if __name__ == "__main__":
    sys.exit(main())
