"""A provision as it is typed in: every part of it a field, and the one document that they come to.

Nothing is checked here: what is typed goes into the document as it is, and what is wrong with that is told by
`compliance.provision_faults`, with the same sentence as everywhere, and shown at its field.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from unicodedata import normalize

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from centres.models import CentreKind, Ownership, Region
from centres.templatetags.names import named
from chips.models import ChipClass, LineStatus, Workload
from compliance.engine import DocumentFault
from compliance.models import Mandate, Provision
from compliance.provisions import LONGEST_COMMENT
from compliance.reading import fault_in_words, percent_text

_SEPARATORS = re.compile(r"[\s,;、，；]+")
# What is a percentage, and can be made a share by moving its point.
_PERCENT = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?) ?%", re.ASCII)
_TEXTS = ("from_on", "legal_text", "legal_text_zh", "citation", "link")
_TRUTHS = {"": None, "true": True, "false": False}
_FIRST: dict[str, Any] = {
    "from_on": "",
    "rule": {
        "metric": "units",
        "origin_rule": "designer",
        "domestic": ["CN"],
        "population": {
            "classes": ["accelerator"],
            "workloads": None,
            "statuses": ["in_service"],
            "acquired_from": None,
        },
        "scope": dict.fromkeys(
            ("kinds", "regions", "ownership", "state_funded", "commissioned_from", "commissioned_to", "progress_under")
        ),
        "steps": [{"from": "", "comparator": "at_least", "threshold": ""}],
    },
    "case_by_case": None,
    "legal_text": "",
    "legal_text_zh": "",
    "citation": "",
    "link": "",
}


def _text(label: Any, **facts: Any) -> forms.Field:
    widget = forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"})
    return forms.Field(label=label, required=False, widget=widget, **facts)


def _long_text(label: Any, lang: str = "", **facts: Any) -> forms.Field:
    attributes = {"class": "form-control", "rows": 3} | ({"lang": lang} if lang else {})
    return forms.Field(label=label, required=False, widget=forms.Textarea(attrs=attributes), **facts)


def _day(label: Any, **facts: Any) -> forms.Field:
    widget = forms.DateInput(attrs={"type": "date", "class": "form-control"})
    return forms.Field(label=label, required=False, widget=widget, **facts)


def _choice(label: Any, choices: Sequence[tuple[str, Any]], **facts: Any) -> forms.Field:
    widget = forms.Select(attrs={"class": "form-select"}, choices=choices)
    return forms.Field(label=label, required=False, widget=widget, **facts)


def _several(label: Any, choices: Sequence[tuple[str, Any]], **facts: Any) -> forms.Field:
    widget = forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}, choices=choices)
    return forms.Field(label=label, required=False, widget=widget, **facts)


class PartForm(forms.Form):
    """A part of a provision, with the errors that are found of it elsewhere."""

    def typed(self, name: str) -> Any:
        """What was typed into a field (else, what it begins with): texts without space around, lists as they are."""
        value = self[name].value()
        return value.strip() if isinstance(value, str) else value

    def text(self, name: str) -> str:
        """What was typed into a text; "" where the field was not sent at all."""
        return self.typed(name) or ""

    def text_or_none(self, name: str) -> str | None:
        return self.typed(name) or None

    def items(self, name: str) -> list[str]:
        """The ticked choices of a field, or the words of a text."""
        value = self.typed(name)
        return [part for part in _SEPARATORS.split(value) if part] if isinstance(value, str) else list(value or ())

    def show(self, name: str, fault: DocumentFault) -> None:
        self.add_error(name, fault_in_words(fault))


class TextsForm(PartForm):
    """From when a provision holds, and what it says in law."""

    from_on = _day(
        _("Holds from"),
        help_text=_("From this day on it takes the place of what the mandate asked for until then."),
    )
    legal_text = _long_text(_("Legal text, in English"), lang="en")
    legal_text_zh = _long_text(_("Legal text, in Chinese"), lang="zh-Hans")
    citation = _long_text(_("Citation"), help_text=_("Issuer, document number, article."))
    link = _text(_("Link"), help_text=_("Where the text was published."))


class RuleForm(PartForm):
    """What is counted, as what it counts, and what is domestic; whether some are decided by hand."""

    is_by_hand = forms.Field(
        label=_("Some centres that the scope above leaves out are decided by hand"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )
    metric = _choice(_("Counted by"), [("units", _("units")), ("compute", _("computing power")), ("value", _("value"))])
    origin_rule = _choice(
        _("Origin is told by"),
        [
            ("designer", _("the designer's country")),
            ("fabricator", _("the fabricator's country")),
            ("designer_and_fabricator", _("the designer's and the fabricator's country")),
        ],
    )
    domestic = _text(_("Countries that count as domestic"), help_text=_("Codes of two letters, such as CN."))
    classes = _several(_("Classes of chip"), ChipClass.choices, help_text=_("None ticked: every class."))
    workloads = _several(_("Workloads"), Workload.choices, help_text=_("None ticked: every workload."))
    statuses = _several(_("Statuses"), LineStatus.choices, help_text=_("None ticked: any status."))
    acquired_from = _day(_("Acquired from"), help_text=_("Empty: whenever it was acquired."))


class ScopeForm(PartForm):
    """Which centres a rule is for, or which are decided by hand."""

    kinds = _several(_("Kinds of centre"), CentreKind.choices, help_text=_("None ticked: every kind."))
    ownership = _several(
        _("Ownership"),
        [choice for choice in Ownership.choices if choice[0] != Ownership.UNKNOWN],
        help_text=_("None ticked: whoever owns it."),
    )
    provinces = _several(_("Provinces"), (), help_text=_("None ticked and no code below: the whole country."))
    prefixes = _text(
        _("Parts of provinces"),
        help_text=_("The first digits of region codes (GB/T 2260), such as 3101 for the districts of Shanghai."),
    )
    state_funded = _choice(
        _("State funds"), [("", _("with or without")), ("true", _("state-funded")), ("false", _("not state-funded"))]
    )
    commissioned_from = _day(_("Commissioned from"))
    commissioned_to = _day(_("Commissioned to"), help_text=_("The days count whole. Empty: whenever it was."))
    progress_under = _text(_("Built less than, in percent"), help_text=_("Empty: however far it is built."))

    def __init__(self, *args: Any, provinces: Sequence[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(region.code, named(region)) for region in provinces]
        self.fields["provinces"].widget = forms.CheckboxSelectMultiple(
            attrs={"class": "form-check-input"}, choices=choices
        )

    @staticmethod
    def initial_of(scope: Mapping[str, Any], provinces: Sequence[Region]) -> dict[str, Any]:
        """How a scope of the contract stands in the fields."""
        regions, known = scope["regions"] or [], {region.code for region in provinces}
        funded = scope["state_funded"]
        return {**scope} | {
            "provinces": [prefix for prefix in regions if prefix in known],
            "prefixes": ", ".join(prefix for prefix in regions if prefix not in known),
            "state_funded": "" if funded is None else str(funded).lower(),
        }

    def scope(self) -> dict[str, Any]:
        """The scope of the contract that was typed in."""
        funded = self.text("state_funded")
        return {
            "kinds": self.items("kinds") or None,
            "regions": [*self.items("provinces"), *self.items("prefixes")] or None,
            "ownership": self.items("ownership") or None,
            "state_funded": _TRUTHS.get(funded, funded),
            "commissioned_from": self.text_or_none("commissioned_from"),
            "commissioned_to": self.text_or_none("commissioned_to"),
            "progress_under": _number(self.text("progress_under")) or None,
        }

    def name_at(self, path: Sequence[str]) -> str:
        """The field of what stands at `path` within the scope."""
        name, *rest = path
        if name != "regions":
            return name
        return "provinces" if rest and int(rest[0]) < len(self.items("provinces")) else "prefixes"


class StepForm(PartForm):
    """What is asked for from a day on."""

    day = _day(_("From"))
    comparator = _choice(_("Compared"), [("at_least", _("at least")), ("over", _("over"))])
    threshold = _text(_("Share"))

    @staticmethod
    def initial_of(step: Mapping[str, Any]) -> dict[str, Any]:
        share = step["threshold"]
        return {"day": step["from"], "comparator": step["comparator"], "threshold": share and f"{percent_text(share)}%"}

    def step(self) -> dict[str, Any]:
        """The step of the contract that was typed in; what is a percentage is made a share, exactly."""
        return {
            "from": self.text("day"),
            "comparator": self.text("comparator"),
            "threshold": share_of(self.text("threshold")),
        }

    @property
    def number(self) -> str:
        """What tells its row from the others."""
        return str(self.prefix).removeprefix("step-")

    @property
    def is_blank(self) -> bool:
        return not self.text("day") and not self.text("threshold")


class Entry:
    """All the fields of a provision: what was sent of them, or what they begin with.

    Rows of steps come and go, and what is typed is read, without being written: `is_written` says whether it is to be,
    `is_shortened` whether a row was taken away.
    """

    def __init__(self, user: User, sent: QueryDict | None, begins_with: Mapping[str, Any] | None = None) -> None:
        document = begins_with or _FIRST
        rule, scope = document["rule"], document["rule"]["scope"]
        self._sent, self.provinces = sent, list(Region.objects.visible_to(user))
        self.texts = TextsForm(sent, initial=dict(document))
        begun = {**rule, **rule["population"], "domestic": ", ".join(rule["domestic"])}
        self.rule = RuleForm(sent, initial=begun | {"is_by_hand": document["case_by_case"] is not None})
        self.scope = self._scope_form("scope", scope)
        self.by_hand = self._scope_form("by_hand", document["case_by_case"] or scope)
        self.steps = self._step_forms(rule["steps"])
        self.is_shortened = sent is not None and "remove_step" in sent
        self.is_written = sent is not None and not {"add_step", "remove_step", "read"} & sent.keys()

    def document(self) -> dict[str, Any]:
        """What `compliance.provisions.write` takes."""
        return {name: self.texts.text(name) for name in _TEXTS} | {
            "rule": self._rule(),
            "case_by_case": self.by_hand.scope() if self.rule.typed("is_by_hand") else None,
        }

    def show(self, faults: Sequence[DocumentFault]) -> None:
        """Put each fault at its field."""
        for fault in faults:
            form, name = self.field_of(fault)
            form.show(name, fault)

    def named(self, faults: Sequence[DocumentFault]) -> list[tuple[BoundField, str]]:
        """Each fault in words, with the field that it is of; without words where nothing was typed into it yet."""
        found = ((self.field_of(fault), fault) for fault in faults)
        return [(form[name], fault_in_words(fault) if form.typed(name) else "") for (form, name), fault in found]

    @property
    def forms(self) -> list[PartForm]:
        return [self.texts, self.rule, self.scope, self.by_hand, *self.steps]

    @property
    def faults(self) -> int:
        """How many fields are wrong."""
        return sum(len(form.errors) for form in self.forms)

    def _rule(self) -> dict[str, Any]:
        form = self.rule
        return {
            "metric": form.text("metric"),
            "origin_rule": form.text("origin_rule"),
            "domestic": form.items("domestic"),
            "population": {
                "classes": form.items("classes") or None,
                "workloads": form.items("workloads") or None,
                "statuses": form.items("statuses") or None,
                "acquired_from": form.text_or_none("acquired_from"),
            },
            "scope": self.scope.scope(),
            "steps": [form.step() for form in self._filled()],
        }

    def field_of(self, fault: DocumentFault) -> tuple[PartForm, str]:
        """The form and the name of the field that a fault of this entry's document is of."""
        match fault.path.split("/")[1:]:
            case ["rule", "scope", *rest]:
                return self.scope, self.scope.name_at(rest)
            case ["case_by_case", *rest]:
                return self.by_hand, self.by_hand.name_at(rest)
            case ["rule", "steps", index, *rest]:
                return self._filled()[int(index)], "day" if rest in ([], ["from"]) else rest[0]
            case ["rule", "population", name, *_] | ["rule", name, *_]:
                return self.rule, name
            case [name, *_]:
                return self.texts, name
        raise ValueError(f"{fault.path} is no place of an entry.")

    def _filled(self) -> list[StepForm]:
        """The rows that are steps: those into which something was typed.

        Where rows stand and nothing was typed into any, the first is a step that is still to be typed: who wants no
        step, which repeals the mandate, takes the rows away.
        """
        return [form for form in self.steps if not form.is_blank] or self.steps[:1]

    def _scope_form(self, prefix: str, scope: Mapping[str, Any]) -> ScopeForm:
        initial = ScopeForm.initial_of(scope, self.provinces)
        return ScopeForm(self._sent, prefix=prefix, initial=initial, provinces=self.provinces)

    def _step_forms(self, steps: Sequence[Mapping[str, Any]]) -> list[StepForm]:
        """A row for each step; one that is empty where none is, or another is asked for."""
        if self._sent is None:
            return [
                StepForm(prefix=f"step-{number}", initial=StepForm.initial_of(step))
                for number, step in enumerate(steps)
            ]
        numbers = sorted(
            int(match[1]) for name in self._sent if (match := re.fullmatch(r"step-([0-9]{1,4})-day", name, re.ASCII))
        )
        kept = [number for number in numbers if str(number) != self._sent.get("remove_step")]
        if "add_step" in self._sent:
            kept.append(numbers[-1] + 1 if numbers else 0)
        forms = [StepForm(self._sent if number in numbers else None, prefix=f"step-{number}") for number in kept]
        if "add_step" in self._sent:
            # The new row has been sent nothing yet: it begins as an unbound one does, and is typed into next.
            forms[-1].fields["day"].widget.attrs["autofocus"] = True
        return forms


class RepealForm(TextsForm):
    """From when nothing is asked for any more, and what that says in law."""

    def document(self, repealed: Provision) -> dict[str, Any]:
        """What `compliance.provisions.write` takes: the rule of `repealed` without a step."""
        return {name: self.text(name) for name in _TEXTS} | {
            "rule": {**repealed.rule, "steps": []},
            "case_by_case": None,
        }

    def show_all(self, faults: Sequence[DocumentFault]) -> None:
        """Put each fault at its field; the rule is that of a provision that was issued."""
        for fault in faults:
            self.show(fault.path.split("/")[1], fault)


class MandateForm(forms.ModelForm):
    """A mandate as it was published."""

    link = forms.URLField(
        label=_("Link"),
        required=False,
        max_length=500,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"class": "form-control"}),
    )

    class Meta:
        model = Mandate
        fields = ("code", "title_en", "title_zh", "issuer", "issued_on", "source", "link", "confidence")
        labels = {
            "code": _("Code"),
            "title_en": _("Title, in English"),
            "title_zh": _("Title, in Chinese"),
            "issuer": _("Issuer"),
            "issued_on": _("Issued on"),
            "source": _("Source"),
            "confidence": _("How far to trust what is known of it"),
        }
        help_texts = {
            "code": _("Capital letters and digits with hyphens between, such as CN-2025. It stays."),
            "issued_on": _("A year, a month or a day, as precisely as it was published: 2025, 2025-11 or 2025-11-05."),
        }
        widgets = {
            name: forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"})
            for name in ("code", "title_en", "title_zh", "issuer", "issued_on")
        } | {
            "source": forms.Textarea(attrs={"class": "form-control", "rows": 2}),
            "confidence": forms.Select(attrs={"class": "form-select"}),
        }


class CommentForm(forms.Form):
    comment = forms.CharField(
        label=_("What is to be changed, which its author reads"),
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
    )


def share_of(typed: str) -> str:
    """The decimal string of a share: of ``"50%"`` ``"0.5"``, exact; what is no percentage stays as it is typed."""
    text = normalize("NFKC", typed)
    percent = _PERCENT.fullmatch(text)
    return f"{Decimal(percent[1]).scaleb(-2).normalize():f}" if percent else text


def _number(typed: str) -> str:
    """A percentage that stays one, without its sign."""
    return normalize("NFKC", typed).removesuffix("%").rstrip()
