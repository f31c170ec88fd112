"""`make check`: whatever answers somebody reaches a model only through what that somebody may see.

A view, a resource, a form, a serializer, a template tag and whatever gathers a page for a user begins at
``Model.objects.visible_to(user)``, and at nothing else: not at a manager, not from an object to those that belong to
it, not by SQL. Functions that know no user work for the register itself, and whoever calls them has looked its objects
up.
Nor does anybody, anywhere, expand a dictionary whose names came with a request into a query.

What is right and breaks the rule stands in `EXCEPTIONS`, with its reason; one that is no longer needed fails too.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

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
    "update_or_create", "Q",
}  # fmt: skip
SHORTCUTS = {"get_object_or_404", "get_list_or_404", "aget_object_or_404"}
RELATED_NAME = re.compile(r"""related_name=["'](\w+)["']""")


class Breach(NamedTuple):
    """Where the wall has a hole: the file, the function, and what is written there."""

    module: str
    within: str
    written: str
    line: int

    @property
    def key(self) -> tuple[str, str, str]:
        return self.module, self.within, self.written


@dataclass(frozen=True)
class Exempt:
    """Something right that breaks the rule, and why it is right."""

    module: str
    within: str
    written: str
    reason: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.module, self.within, self.written


EXCEPTIONS = (
    Exempt(
        "accounts/idempotency.py", "_kept", "IdempotencyKey.objects.bulk_create",
        "The user's own key is written; it is looked up within what is the user's.",
    ),
    Exempt(
        "accounts/idempotency.py", "forget", "IdempotencyKey.objects.filter",
        "Old keys are forgotten by the register itself, of everybody.",
    ),
    Exempt(
        "accounts/adapters.py", "SecondFactorAdapter.can_delete_authenticator", "Authenticator.objects.filter",
        "The other factors of whose factor it is; the table is allauth's.",
    ),
    Exempt(
        "accounts/adapters.py", "AccountAdapter.confirm_email", "EmailAddress.objects.filter",
        "The user's own; the table is allauth's.",
    ),
    Exempt(
        "accounts/adapters.py", "AccountAdapter.confirm_email", "User.objects.filter",
        "Whether another account has the address is told to who has shown that they read its mail.",
    ),
    Exempt(
        "accounts/second_factor.py", "has_one", "Authenticator.objects.filter",
        "The user's own; the table is allauth's.",
    ),
    Exempt(
        "accounts/second_factor.py", "with_one", "Authenticator.objects.filter",
        "Of the accounts that the asker may see; the table is allauth's.",
    ),
    Exempt(
        "accounts/session_views.py", "list_sessions", "UserSession.objects.purge_and_list",
        "The user's own; the table is allauth's.",
    ),
    Exempt(
        "accounts/session_views.py", "_own", "UserSession.objects.filter",
        "The user's own; the table is allauth's.",
    ),
    Exempt(
        "accounts/lock_out.py", "ends_at", "AccessAttempt.objects.filter",
        "Whoever tried is told until when its own address is locked out; the table is axes'.",
    ),
    Exempt(
        "accounts/single_sign_on.py", "_vouched_for", "User.objects.filter",
        "Nobody is signed in yet: it finds out who comes.",
    ),
    Exempt(
        "accounts/invitations.py", "accept", "Invitation.objects.open_at",
        "Its link is the right to accept it; who comes by it sees no invitations.",
    ),
    Exempt(
        "accounts/invitations.py", "accept", "Membership.objects.create",
        "The membership of who accepts is written.",
    ),
    Exempt(
        "accounts/trail/reading.py", "chosen", "User.objects.filter",
        "Whoever may read the trail reads in it who did what.",
    ),
    Exempt(
        "accounts/trail/reading.py", "told", "User.objects.filter",
        "Whoever may read the trail reads in it who did what.",
    ),
    Exempt(
        "accounts/forms.py", "UsernameField.clean", "User.objects.filter",
        "A name to sign in with is given once in the whole register.",
    ),
    Exempt(
        "accounts/forms.py", "ForgottenForm.clean_email", "User.objects.filter",
        "Whose address it is, is told to nobody: they are sent a mail.",
    ),
    Exempt(
        "accounts/forms.py", "MailForm.save", "EmailAddress.objects.filter",
        "The user's own; the table is allauth's.",
    ),
    Exempt(
        "accounts/forms.py", "waiting_of", "EmailAddress.objects.filter",
        "The user's own; the table is allauth's.",
    ),
    Exempt(
        "centres/people_views.py", "_page", "Operator.objects.get",
        "Who comes by an invitation's link is told for which operator it is.",
    ),
    Exempt(
        "centres/context.py", "_has_synthetic", "Centre.objects.filter",
        "Whether the register holds synthetic centres is said on every page, to whoever is not signed in, too.",
    ),
    Exempt(
        "chips/serials.py", "claimed_elsewhere", "connection.cursor()",
        "A regulator is told that a number stands elsewhere too, and only within its provinces where: the statement "
        "itself asks which those are.",
    ),
    Exempt(
        "chips/catalogue_api.py", "ChipSerializer.get_figures", "chip.claims.all",
        "Fetched with the chip: the catalogue is everybody's.",
    ),
    Exempt(
        "chips/catalogue_views.py", "_decisions", "chip.adoptions.all",
        "Fetched with the chip, within what the reader may see.",
    ),
    Exempt(
        "chips/catalogue_views.py", "_figures", "chip.adoptions.all",
        "Fetched with the chip, within what the reader may see.",
    ),
    Exempt(
        "chips/catalogue_views.py", "_figures", "chip.claims.all",
        "Fetched with the chip: the catalogue is everybody's.",
    ),
    Exempt(
        "chips/views.py", "show_submission", "Upload.objects.filter",
        "Who may read a submission is told how its file was read; the file's own page is the operator's alone.",
    ),
    Exempt(
        "compliance/rollup_sums.py", "_chosen",
        "found.filter(**{fields[key]: value for key, value in asked.chosen.items()})",
        "The fields are those of a table of the module: a key that is none of them is a KeyError.",
    ),
    Exempt(
        "compliance/rollup_sums.py", "_summed",
        "chosen.values('outcome', **_keys(asked, fields)).annotate(**sums)",
        "The names of the sums are made of constants of the module.",
    ),
    Exempt(
        "compliance/plan_page.py", "answer_to", "question.chips.values",
        "A dictionary of the catalogue's chips that happens to bear that name.",
    ),
    Exempt(
        "compliance/hand_decisions.py", "matching", "Q(**{f'{name}__isnull': True})",
        "The names are the two that `_nullable` gives.",
    ),
    Exempt(
        "compliance/provisions.py", "write", "Provision.objects.create(**_columns(mandate, document))",
        "The columns are the seven that `_written` names.",
    ),
    Exempt(
        "compliance/known.py", "_is_made_good", "Determination.objects.filter(**{wrong.column: wrong.known})",
        "The column is one of those that `compliance.known` compares.",
    ),
    Exempt(
        "reports/build.py", "_show_life", "held.update(**changes)",
        "A function of the module gives literal names; nothing of a request comes here.",
    ),
    Exempt(
        "config/health.py", "_database_answers", "connection.cursor()",
        "It asks the database for a one.",
    ),
    Exempt("templates/chips/chip.html", "", "aliases", "Fetched with the chip: the catalogue is everybody's."),
    Exempt("templates/chips/receipt.html", "", "lines", "A number on the receipt, and no relation."),
)  # fmt: skip


def belonging(sources: Iterable[str]) -> frozenset[str]:
    """The names by which objects lead to what belongs to them, as the models say them."""
    return frozenset(name for source in sources for name in RELATED_NAME.findall(source))


def breaches(module: str, source: str, related: frozenset[str]) -> Iterator[Breach]:
    """The places in `source` that reach a model otherwise than through what somebody may see."""
    tree = ast.parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    is_answering = any(ANSWERING.match(name) for name in _imported(tree))
    for node in ast.walk(tree):
        found = _expanded(node, parents)
        if found is None and (is_answering or _knows_who(node, parents)):
            found = _reached(node, parents, related)
        if found is not None:
            yield Breach(module, _within(node, parents), ast.unparse(found), getattr(node, "lineno", 0))


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
        if isinstance(above, ast.FunctionDef):
            told = (*above.args.posonlyargs, *above.args.args, *above.args.kwonlyargs)
            if any(one.arg in WHO or (one.annotation and ast.unparse(one.annotation) in REQUESTS) for one in told):
                return True
    return False


def _within(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> str:
    names = [above.name for above in _above(node, parents) if isinstance(above, ast.FunctionDef | ast.ClassDef)]
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
        return None
    if not isinstance(node, ast.Attribute):
        return None
    after = parents.get(node)
    asked = after.attr if isinstance(after, ast.Attribute) and after.value is node else ""
    if node.attr in MANAGERS:
        return None if asked in ("visible_to", "none") or _is_scoped_later(node, parents) else _whole(node, parents)
    if node.attr in related and asked in ASKED:
        return _whole(node, parents)
    return None


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


def _expanded(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> ast.AST | None:
    """A dictionary that is expanded into a query, where the names in it do not stand there."""
    if not isinstance(node, ast.Call):
        return None
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name not in EXPANDING:
        return None
    known = _named_here(node, parents)
    open_ended = [one.value for one in node.keywords if one.arg is None and not _is_written_out(one.value, known)]
    return ast.Call(node.func, [], [ast.keyword(None, open_ended[0])]) if open_ended else None


def _named_here(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> dict[str, list[ast.expr]]:
    """What the names of the function around `node` are set to."""
    function = next((above for above in _above(node, parents) if isinstance(above, ast.FunctionDef)), None)
    found: dict[str, list[ast.expr]] = {}
    for one in ast.walk(function) if function else ():
        targets = one.targets if isinstance(one, ast.Assign) else [getattr(one, "target", None)]
        value = getattr(one, "value", None)
        if isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign) and value is not None:
            for target in targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(value)
    return found


def _is_written_out(value: ast.expr, known: dict[str, list[ast.expr]]) -> bool:
    """Whether the names stand there: in a dictionary of literals, or in a constant of the module."""
    if isinstance(value, ast.Dict):
        return all(isinstance(key, ast.Constant) for key in value.keys)
    if isinstance(value, ast.Name) and value.id in known:
        return all(isinstance(one, ast.Dict) and _is_written_out(one, {}) for one in known[value.id])
    return isinstance(value, ast.Name) and value.id.isupper()


def shown(template: str, source: str, related: frozenset[str]) -> Iterator[Breach]:
    """The places in a template that ask an object for all that belongs to it, whoever reads the page."""
    for number, line in enumerate(source.splitlines(), start=1):
        for name in re.findall(r"\.(\w+)\.(?:all|count|exists|first|last)\b", line):
            if name in related or name.endswith("_set"):
                yield Breach(template, "", name, number)


def main() -> int:
    """Print every hole, and every exception that nothing needs; 1 where there is any."""
    root = Path(__file__).parents[1]
    files = {str(path.relative_to(root)): path.read_text() for room in ROOMS for path in (root / room).rglob("*.py")}
    related = belonging(source for name, source in files.items() if "models" in name)
    found = [one for name, source in files.items() if not BELOW.search(name) for one in breaches(name, source, related)]
    templates = {str(path.relative_to(root)): path.read_text() for path in (root / "templates").rglob("*.html")}
    found += [one for name, source in templates.items() for one in shown(name, source, related)]
    known, met = {one.key for one in EXCEPTIONS}, {one.key for one in found}
    holes = [one for one in found if one.key not in known]
    for hole in holes:
        print(f"{hole.module}:{hole.line}: {hole.within} reaches {hole.written} past visible_to(user).")
    unneeded = [one for one in EXCEPTIONS if one.key not in met]
    for one in unneeded:
        print(f"config/walls.py: nothing needs the exception for {one.written} in {one.module}, {one.within}.")
    if not holes and not unneeded:
        print(f"walls: {len(files)} modules reach models through what the asker may see; {len(known)} exceptions.")
    return bool(holes or unneeded)


if __name__ == "__main__":
    sys.exit(main())
