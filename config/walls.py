"""`make check`: whatever answers somebody reaches a model only through what that somebody may see.

A view, a resource, a form, a serializer, a template tag and whatever gathers a page for a user begins at
``Model.objects.visible_to(user)``, and at nothing else: not at a manager, not from an object to those that belong to
it, not by SQL, nor on by the name of a column that leads there. The columns that it sorts by and shows are named where
they are asked for. Functions that know no user work for the register itself, and whoever calls them has looked its
objects up.
Nor does anybody, anywhere, see through other eyes than the asker's, or expand a dictionary into a query or a model but
one whose names stand in the same function.

What is right and breaks the rule stands in `EXCEPTIONS`, with its reason; one that is no longer needed fails too.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from config.wall_exceptions import EXCEPTIONS

ROOMS = ("accounts", "centres", "chips", "compliance", "reports", "config")
BELOW = re.compile(r"(^|/)(models(\.py|/)|migrations/|management/|demonstration/)|^accounts/scopes\.py$")
# A module that uses one of these answers somebody.
ANSWERING = re.compile(
    r"^(django\.(http|shortcuts|forms|template|views)|rest_framework|django_filters|accounts\.(access|rest))\b"
)
# A function with one of these parameters gathers what is shown to somebody.
WHO = {"user", "viewer", "reader"}
REQUESTS = {"SignedInRequest", "HttpRequest", "Request", "HttpRequest | Request"}
MANAGERS = {"objects", "_default_manager", "_base_manager"}
# What a manager or queryset is asked. `none` asks nothing.
ASKED = {
    "aggregate", "alias", "all", "annotate", "as_of", "count", "dates", "distinct", "earliest", "exclude", "exists",
    "filter", "first", "get", "in_bulk", "iterator", "last", "latest", "order_by", "prefetch_related", "raw",
    "select_for_update", "select_related", "values", "values_list",
}  # fmt: skip
EXPANDING = {
    "aggregate", "alias", "annotate", "create", "dates", "exclude", "filter", "get", "get_or_create", "update",
    "update_or_create", "values", "values_list", "Q",
}  # fmt: skip
# What takes the names of columns, one after another.
NAMING = {
    "Avg", "Count", "F", "Max", "Min", "OuterRef", "Sum", "dates", "datetimes", "defer", "distinct", "earliest",
    "latest", "only", "order_by", "prefetch_related", "select_related", "values", "values_list",
}  # fmt: skip
# By these a chip leads to what the catalogue says of it, which everybody may see.
EVERYBODYS = frozenset({"aliases", "claims", "revisions"})
# Who asks: what `visible_to` is given. A task asks for whoever asked for it.
ASKERS = re.compile(
    r"by|reader|user|viewer|(self|(self\.|view\.)?request|self\.context\['request'\])\.user|\w+\.asked_by"
)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SHORTCUTS = {"get_object_or_404", "get_list_or_404", "aget_object_or_404"}
RELATED_NAME = re.compile(r"""related_name=["'](\w+)["']""")
TABLE = re.compile(r"^class (\w+)\(", re.MULTILINE)


class Breach(NamedTuple):
    """Where the wall has a hole: the file, the function, and what is written there."""

    module: str
    within: str
    written: str
    line: int

    @property
    def key(self) -> tuple[str, str, str]:
        return self.module, self.within, self.written


def belonging(sources: Iterable[str]) -> frozenset[str]:
    """The names of the models' classes, and those by which objects lead to what belongs to them."""
    return frozenset(name for source in sources for found in (RELATED_NAME, TABLE) for name in found.findall(source))


def breaches(module: str, source: str, related: frozenset[str]) -> Iterator[Breach]:
    """The places in `source` that reach a model otherwise than through what somebody may see."""
    tree = ast.parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    is_answering = any(ANSWERING.match(name) for name in _imported(tree))
    for node in ast.walk(tree):
        found = _expanded(node, parents, related) or _seen_by_another(node, parents)
        if found is None and (is_answering or _knows_who(node, parents)):
            found = _reached(node, parents, related) or _named_by_others(node, parents)
            found = found or _joined(node, parents, related)
        if found is not None:
            yield Breach(module, _within(node, parents), ast.unparse(found), getattr(node, "lineno", 0))


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _above(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    while node in parents:
        node = parents[node]
        yield node


def _knows_who(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether `node` stands in a function that is told for whom it works."""
    for above in _above(node, parents):
        if isinstance(above, FUNCTIONS):
            told = (*above.args.posonlyargs, *above.args.args, *above.args.kwonlyargs)
            if any(one.arg in WHO or (one.annotation and ast.unparse(one.annotation) in REQUESTS) for one in told):
                return True
    return False


def _within(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> str:
    names = [above.name for above in _above(node, parents) if isinstance(above, (*FUNCTIONS, ast.ClassDef))]
    return ".".join(reversed(names))


def _reached(node: ast.AST, parents: dict[ast.AST, ast.AST], related: frozenset[str]) -> ast.AST | None:
    """What of a model `node` reaches past the wall."""
    if isinstance(node, ast.Call):
        function = node.func
        if isinstance(function, ast.Name) and function.id in SHORTCUTS and _is_model(node.args[0]):
            return node
        # SQL by hand, and a connection's cursor for it.
        if isinstance(function, ast.Attribute) and function.attr in ("raw", "cursor", "chunked_cursor"):
            return node
        if isinstance(function, ast.Name) and function.id == "getattr" and _asks_for_a_manager(node, related):
            return node
        return None
    if not isinstance(node, ast.Attribute):
        return None
    after = parents.get(node)
    asked = after.attr if isinstance(after, ast.Attribute) and after.value is node else ""
    if node.attr in MANAGERS:
        return None if asked in ("visible_to", "none") or _is_scoped_later(node, parents) else _whole(node, parents)
    if _leads_to_many(node.attr, related) and asked in ASKED:
        return _whole(node, parents)
    return None


def _leads_to_many(name: str, related: frozenset[str]) -> bool:
    return name in related or name.endswith("_set")


def _asks_for_a_manager(call: ast.Call, related: frozenset[str]) -> bool:
    """Whether ``getattr`` reaches what a full stop may not; of a model, any name that does not stand there."""
    match call.args:
        case [_, ast.Constant(value=str(name)), *_]:
            return name in MANAGERS or _leads_to_many(name, related)
        case [of, _, *_]:
            return isinstance(of, ast.Name) and of.id in related
    return False


def _is_model(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id[:1].isupper()


def _is_scoped_later(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """A resource's `queryset`, and that of a field by code: `accounts.rest` narrows both to what the asker may see."""
    for below, above in zip((node, *_above(node, parents)), _above(node, parents), strict=False):
        if isinstance(above, ast.Assign):
            holder = parents[above]
            return isinstance(holder, ast.ClassDef) and ast.unparse(above.targets[0]) == "queryset"
        if isinstance(below, ast.keyword) and isinstance(above, ast.Call):
            return below.arg == "queryset" and ast.unparse(above.func).endswith(("CodeField", "PeriodField"))
        if isinstance(above, ast.stmt):
            return False
    return False


def _whole(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> ast.AST:
    """`node` with the method that it is asked by."""
    after = parents.get(node)
    return after if isinstance(after, ast.Attribute) else node


def _seen_by_another(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> ast.AST | None:
    """What is asked for through the eyes of somebody who is not who asks: a user that is made or looked up."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "visible_to"):
        return None
    given = [*node.args, *(one.value for one in node.keywords)]
    return None if given and all(_asks(one, parents) for one in given) else node


def _asks(node: ast.expr, parents: dict[ast.AST, ast.AST]) -> bool:
    if isinstance(node, ast.Name):
        set_to = _set_to(node, parents)
        if not all(isinstance(one, ast.expr) and _asks(one, parents) for one in set_to):
            return False
    return bool(ASKERS.fullmatch(ast.unparse(node)))


def _expanded(node: ast.AST, parents: dict[ast.AST, ast.AST], related: frozenset[str]) -> ast.AST | None:
    """A dictionary that is expanded into a query or a model, where the names in it do not stand there."""
    if not isinstance(node, ast.Call):
        return None
    name = _called(node)
    if name not in EXPANDING and not (name[:1].isupper() and name in related):
        return None
    for one in node.keywords:
        if one.arg is None and not _is_written_out(one.value, parents):
            return ast.Call(node.func, [], [ast.keyword(None, one.value)])
    return None


def _is_written_out(value: ast.expr, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether the names stand there: in dictionaries of literals of the same function, or in a constant."""
    match value:
        case ast.Dict(keys=keys, values=values):
            return all(
                isinstance(key, ast.Constant) or (key is None and _is_written_out(one, parents))
                for key, one in zip(keys, values, strict=True)
            )
        case ast.DictComp(key=key, generators=[ast.comprehension(target=ast.Name(), iter=names)]):
            return _is_named(key, parents) and _is_listed(names)
        case ast.Call(func=ast.Attribute(attr="_asdict")):
            return True
        case ast.BinOp(left=left, right=right, op=ast.BitOr()) | ast.IfExp(body=left, orelse=right):
            return _is_written_out(left, parents) and _is_written_out(right, parents)
        case ast.Name() if set_to := _set_to(value, parents):
            return all(isinstance(one, ast.expr) and _is_written_out(one, parents) for one in set_to) and all(
                _is_left_as_it_is(use, parents) for use in _uses(value, parents)
            )
    return _is_constant(value)


def _is_constant(value: ast.expr) -> bool:
    return isinstance(value, ast.Name | ast.Attribute) and ast.unparse(value).rpartition(".")[2].isupper()


def _is_left_as_it_is(use: ast.Name, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a dictionary gets no name by this that does not stand there."""
    match parents[use]:
        case ast.Subscript(slice=ast.Constant()) | ast.keyword(arg=None) | ast.Dict():
            return True
        case ast.Attribute(attr="get" | "items" | "keys" | "values"):
            return True
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            return isinstance(use.ctx, ast.Store)
    return False


def _uses(name: ast.Name, parents: dict[ast.AST, ast.AST]) -> list[ast.Name]:
    """Where a name stands in the function around it."""
    function = next((above for above in _above(name, parents) if isinstance(above, FUNCTIONS)), None)
    return [one for one in ast.walk(function) if isinstance(one, ast.Name) and one.id == name.id] if function else []


def _set_to(name: ast.Name, parents: dict[ast.AST, ast.AST]) -> list[ast.AST]:
    """What a name is set to in the function around it; a statement where that is no value that stands there."""
    found: list[ast.AST] = []
    for one in _uses(name, parents):
        if not isinstance(one.ctx, ast.Store):
            continue
        above = parents[one]
        match above, parents[above]:
            case (ast.Assign() | ast.AnnAssign() | ast.AugAssign() | ast.NamedExpr()) as put, _:
                # A type alone sets nothing.
                found += [put.value] if put.value else []
            case ast.Tuple(elts=names), ast.Assign(value=ast.Tuple(elts=values)) if len(names) == len(values):
                found.append(values[names.index(one)])
            case ((ast.For(iter=each) | ast.comprehension(iter=each)), _) if _is_listed(each):
                found += each.elts if isinstance(each, ast.Tuple) else [each]
            case _:
                found.append(ast.Pass())
    # What is made of itself is not followed.
    is_of_itself = {value for value in found for part in ast.walk(value) if getattr(part, "id", "") == name.id}
    return [ast.Pass() if value in is_of_itself else value for value in found]


def _is_listed(names: ast.expr) -> bool:
    return _is_constant(names) or (
        isinstance(names, ast.Tuple) and all(isinstance(one, ast.Constant) for one in names.elts)
    )


def _named_by_others(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> ast.AST | None:
    """Columns to sort by, to show or to look in that are not named where they are asked for."""
    if not isinstance(node, ast.Call):
        return None
    name = _called(node)
    if name in NAMING and not all(_is_named(one, parents) for one in node.args):
        return node
    if not (name == "Q" or (name in EXPANDING - {"get"} and isinstance(node.func, ast.Attribute))):
        return None
    for pair in node.args:
        match pair:
            case ast.Tuple(elts=[column, _]) if not _is_named(column, parents):
                return node
            case ast.Starred(value=ast.Call(func=ast.Attribute(attr="items"))):
                return node
    return None


def _joined(node: ast.AST, parents: dict[ast.AST, ast.AST], related: frozenset[str]) -> ast.AST | None:
    """The name of a column by which a query goes on to what belongs to its objects, whose wall it does not ask."""
    call = parents.get(node)
    name = _called(call) if isinstance(call, ast.Call) else ""
    is_whole = isinstance(call, ast.Call) and name == "Prefetch" and len(call.args) + len(call.keywords) == 1
    match node:
        case ast.keyword(arg=str(column)) if name in EXPANDING:
            return ast.Name(column) if related & set(column.split("__")) else None
        case ast.Constant(value=str(column)) if related & set(column.lstrip("-").split("__")):
            # A sum is of a column, and a `Prefetch` has a query of its own.
            is_path = re.fullmatch(r"-?\w+(__\w+)+", column) or name in NAMING - {"Avg", "Max", "Min", "Sum"}
            return node if is_path or is_whole else None
    return None


def _is_named(value: ast.expr, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a column's name stands there, or an expression, whose own names are looked at by themselves."""
    match value:
        case ast.Constant() | ast.BinOp():
            return True
        case ast.JoinedStr(values=parts):
            return all(_is_named(one.value, parents) for one in parts if isinstance(one, ast.FormattedValue))
        case ast.Starred(value=ast.Tuple(elts=names) | ast.List(elts=names)):
            return all(_is_named(one, parents) for one in names)
        case ast.Starred(value=names):
            return _is_constant(names)
        case ast.IfExp(body=left, orelse=right):
            return _is_named(left, parents) and _is_named(right, parents)
        case ast.Call(func=ast.Name(id=name)):
            return name[:1].isupper()
        case ast.Call(func=ast.Attribute(value=of, attr="asc" | "desc")):
            return _is_named(of, parents)
        case ast.Name() if set_to := _set_to(value, parents):
            return all(isinstance(one, ast.expr) and _is_named(one, parents) for one in set_to)
    return _is_constant(value)


def shown(template: str, source: str, related: frozenset[str]) -> Iterator[Breach]:
    """The places in a template that ask an object for all that belongs to it, whoever reads the page."""
    for number, line in enumerate(source.splitlines(), start=1):
        for name in re.findall(r"\.(\w+)\.(?:all|count|exists|first|last)\b", line):
            if _leads_to_many(name, related):
                yield Breach(template, "", name, number)


def main() -> int:
    """Print every hole, and every exception that nothing needs; 1 where there is any."""
    root = Path(__file__).parents[1]
    files = {str(path.relative_to(root)): path.read_text() for room in ROOMS for path in (root / room).rglob("*.py")}
    related = belonging(source for name, source in files.items() if "models" in name) - EVERYBODYS
    found = [one for name, source in files.items() if not BELOW.search(name) for one in breaches(name, source, related)]
    templates = {str(path.relative_to(root)): path.read_text() for path in (root / "templates").rglob("*.html")}
    found += [one for name, source in templates.items() for one in shown(name, source, related)]
    known, met = {one.key for one in EXCEPTIONS}, {one.key for one in found}
    holes = [one for one in found if one.key not in known]
    for hole in holes:
        print(f"{hole.module}:{hole.line}: {hole.within} reaches {hole.written} past visible_to(user).")
    unneeded = [one for one in EXCEPTIONS if one.key not in met]
    for one in unneeded:
        where = f"{one.written} in {one.module}, {one.within}"
        print(f"config/wall_exceptions.py: nothing needs the exception for {where}.")
    if not holes and not unneeded:
        print(f"walls: {len(files)} modules reach models through what the asker may see; {len(known)} exceptions.")
    return bool(holes or unneeded)


if __name__ == "__main__":
    sys.exit(main())
