"""How a provision reads: every part of its rule in plain sentences of the reader's language."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import override

from centres.models import Region
from centres.templatetags.names import named
from compliance.engine import DocumentFault, Word
from compliance.models import Provision
from compliance.shares import decimal_of, parts_of

LANGUAGES = ("en", "zh-hans")


class Step(NamedTuple):
    """What is asked for from a day on."""

    from_on: date
    comparator: str
    # The decimal string of the contract, from "0" to "1".
    threshold: str

    def __str__(self) -> str:
        return _share_in_words(percent_text(self.threshold), self.comparator)


class Reading(NamedTuple):
    """A provision in the sentences of one language."""

    language: str
    sentences: list[str]


def readings(rule: Mapping[str, Any], *, from_on: date, case_by_case: Mapping[str, Any] | None = None) -> list[Reading]:
    """What a provision that holds from `from_on` says, whole, in each of `LANGUAGES`; `rule` is sound."""
    regions = regions_by_code()
    found = []
    for language in LANGUAGES:
        with override(language):
            found.append(Reading(language, provision_in_sentences(rule, from_on, case_by_case, regions=regions)))
    return found


def readings_of(provision: Provision) -> list[Reading]:
    """What `provision` says, whole, in each of `LANGUAGES`."""
    return readings(provision.rule, from_on=provision.from_on, case_by_case=provision.case_by_case)


def provision_in_sentences(
    rule: Mapping[str, Any],
    from_on: date,
    case_by_case: Mapping[str, Any] | None = None,
    *,
    regions: Mapping[str, Region] | None = None,
) -> list[str]:
    """What a provision that holds from `from_on` says, whole: its steps, and who is decided by hand."""
    if not rule["steps"]:
        day = date_format(from_on, "DATE_FORMAT")
        return [_("From %(day)s on nothing is asked for: the mandate is repealed.") % {"day": day}]
    regions = regions_by_code() if regions is None else regions
    without_effect, steps = steps_from(rule, from_on)
    sentences = _sentences(rule, steps, regions)
    if without_effect:
        names = {"day": date_format(from_on, "DATE_FORMAT"), "steps": _(", ").join(map(_dated, without_effect))}
        sentences.append(_("Without effect, since the provision holds only from %(day)s: %(steps)s.") % names)
    if case_by_case is not None:
        names = {"centres": centres_in_words(case_by_case, regions)}
        sentences.append(_("Decided case by case, where that leaves them out: %(centres)s.") % names)
    return sentences


def rule_in_words(rule: Mapping[str, Any], day: date, *, regions: Mapping[str, Region] | None = None) -> str:
    """What a rule asks for by its step in force on `day` (where none is yet, the first to come), and from then on."""
    if not rule["steps"]:
        return _("Nothing is asked for: the mandate is repealed.")
    steps = steps_of(rule)
    begun = sum(step.from_on <= day for step in steps)
    return _one_text(_sentences(rule, steps[max(begun - 1, 0) :], regions_by_code() if regions is None else regions))


def steps_of(rule: Mapping[str, Any]) -> list[Step]:
    """The steps of a sound rule, in the order of their days."""
    steps = (Step(date.fromisoformat(s["from"]), s["comparator"], s["threshold"]) for s in rule["steps"])
    return sorted(steps)


def steps_from(rule: Mapping[str, Any], from_on: date) -> tuple[list[Step], list[Step]]:
    """The steps that never take effect in a provision that holds from `from_on`, and those that do.

    What began before holds from `from_on`.
    """
    steps = steps_of(rule)
    begun = sum(step.from_on <= from_on for step in steps)
    effective = [step._replace(from_on=max(step.from_on, from_on)) for step in steps[max(begun - 1, 0) :]]
    return steps[: max(begun - 1, 0)], effective


def threshold_in_words(threshold: str, comparator: str) -> str:
    """``at least 50%``, for the engine's ``"1/2"`` and ``at_least``."""
    numerator, denominator = parts_of(threshold)
    return _share_in_words(decimal_of(f"{100 * numerator}/{denominator}"), comparator)


def percent_text(share: str) -> str:
    """``"12.5"`` for the decimal string ``"0.125"`` from 0 to 1: exact."""
    return f"{Decimal(share).scaleb(2).normalize():f}"


def centres_in_words(scope: Mapping[str, Any], regions: Mapping[str, Region]) -> str:
    """Which centres a scope names, as one phrase such as ``intelligent computing centres in Shanghai``."""
    centres = _listed(scope["kinds"], _KINDS, _("computing centres of every kind"))
    if scope["regions"] is not None:
        places = _any_of(_place(prefix, regions) for prefix in scope["regions"])
        centres = _("%(centres)s in %(regions)s") % {"centres": centres, "regions": places}
    if scope["ownership"] is not None:
        owners = _any_of(str(_OWNERS.get(value, value)) for value in scope["ownership"])
        centres = _("%(centres)s of %(owners)s") % {"centres": centres, "owners": owners}
    if scope["state_funded"] is not None:
        template = _("%(centres)s with state funds") if scope["state_funded"] else _("%(centres)s without state funds")
        centres = template % {"centres": centres}
    centres = _commissioned(centres, scope["commissioned_from"], scope["commissioned_to"])
    if scope["progress_under"] is not None:
        names = {"centres": centres, "percent": scope["progress_under"]}
        centres = _("%(centres)s, less than %(percent)s%% built") % names
    return centres


def fault_in_words(fault: DocumentFault) -> str:
    """What is wrong with a part of a rule: the engine's own sentence, in the reader's language."""
    told = {name: _(value) if isinstance(value, Word) else value for name, value in fault.parameters.items()}
    return _(fault.template) % told


def regions_by_code() -> dict[str, Region]:
    """The provinces, for sentences of several rules: one query."""
    return {region.code: region for region in Region.objects.all()}


def _sentences(rule: Mapping[str, Any], steps: list[Step], regions: Mapping[str, Region]) -> list[str]:
    """The whole rule from the first of `steps`, and a sentence for each step behind it."""
    first, *later = steps
    names = {
        "centres": capfirst(centres_in_words(rule["scope"], regions)),
        "share": str(first),
        "chips": _chips(rule["population"]),
        "metric": str(_METRICS[rule["metric"]]),
        "origin": _origin(rule),
        "day": date_format(first.from_on, "DATE_FORMAT"),
    }
    whole = _("%(centres)s: %(share)s of %(chips)s, by %(metric)s, %(origin)s; from %(day)s.") % names
    return [
        whole,
        *(
            _("From %(day)s: %(share)s.") % {"day": date_format(step.from_on, "DATE_FORMAT"), "share": step}
            for step in later
        ),
    ]


def _one_text(sentences: list[str]) -> str:
    text, *rest = sentences
    for sentence in rest:
        text = _("%(text)s %(sentence)s") % {"text": text, "sentence": sentence}
    return text


def _dated(step: Step) -> str:
    return _("%(share)s from %(day)s") % {"share": step, "day": date_format(step.from_on, "DATE_FORMAT")}


def _share_in_words(percent: str, comparator: str) -> str:
    template = _("over %(percent)s%%") if comparator == "over" else _("at least %(percent)s%%")
    return template % {"percent": percent}


def _chips(population: Mapping[str, Any]) -> str:
    """Which lines count, as one phrase such as ``accelerator cards in service``."""
    chips = _listed(population["classes"], _CLASSES, _("chips of every class"))
    statuses = population["statuses"]
    status = _("in any status") if statuses is None else _any_of(str(_STATUSES.get(s, s)) for s in statuses)
    chips = _("%(chips)s %(status)s") % {"chips": chips, "status": status}
    if population["workloads"] is not None:
        work = _any_of(str(_WORKLOADS.get(value, value)) for value in population["workloads"])
        chips = _("%(chips)s for %(workloads)s") % {"chips": chips, "workloads": work}
    if population["acquired_from"] is not None:
        names = {"chips": chips, "day": _day(population["acquired_from"])}
        chips = _("%(chips)s acquired on %(day)s or later") % names
    return chips


def _origin(rule: Mapping[str, Any]) -> str:
    countries = _any_of(str(_COUNTRIES.get(code, code)) for code in rule["domestic"])
    return _ORIGINS[rule["origin_rule"]]() % {"countries": countries}


def _commissioned(centres: str, from_on: str | None, to_on: str | None) -> str:
    """The phrase `centres` with the days within which they were commissioned, where the rule names any."""
    names = {"centres": centres, "first": from_on and _day(from_on), "last": to_on and _day(to_on)}
    if from_on and to_on:
        return _("%(centres)s commissioned from %(first)s to %(last)s") % names
    if from_on:
        return _("%(centres)s commissioned on %(first)s or later") % names
    return _("%(centres)s commissioned on %(last)s or earlier") % names if to_on else centres


def _place(prefix: str, regions: Mapping[str, Region]) -> str:
    """A province by its name; a prefix of more or fewer digits as such."""
    region = regions.get(prefix[:2])
    if region is None:
        return _("regions whose code begins with %(prefix)s") % {"prefix": prefix}
    if len(prefix) == 2:
        return named(region)
    return _("%(region)s (code %(prefix)s)") % {"region": named(region), "prefix": prefix}


def _day(text: str) -> str:
    return date_format(date.fromisoformat(text), "DATE_FORMAT")


def _listed(values: Iterable[str] | None, words: Mapping[str, Any], every: str) -> str:
    """``a, b and c``; `every` where the rule names none in particular."""
    return every if values is None else _joined([str(words.get(value, value)) for value in values], _(" and "))


def _any_of(words: Iterable[str]) -> str:
    return _joined(list(words), _(" or "))


def _joined(words: list[str], last: str) -> str:
    if not words:
        return _("none")
    *before, final = words
    return _(", ").join(before) + last + final if before else final


_KINDS = {
    "intelligent": _lazy("intelligent computing centres"),
    "supercomputing": _lazy("supercomputing centres"),
    "general": _lazy("general data centres"),
}
_OWNERS = {
    "central_soe": _lazy("central state-owned enterprises"),
    "local_soe": _lazy("local state-owned enterprises"),
    "private": _lazy("private enterprises"),
    "foreign": _lazy("foreign-owned enterprises"),
}
_CLASSES = {
    "accelerator": _lazy("accelerator cards"),
    "cpu": _lazy("CPUs"),
    "storage": _lazy("memory and storage chips"),
}
_STATUSES = {
    "in_service": _lazy("in service"),
    "installing": _lazy("being installed"),
    "spare": _lazy("held as spares"),
    "planned": _lazy("planned"),
    "retired": _lazy("retired"),
}
_WORKLOADS = {
    "training": _lazy("training"),
    "inference": _lazy("inference"),
    "mixed": _lazy("mixed work"),
    "unspecified": _lazy("unspecified work"),
}
_METRICS = {
    "units": _lazy("units"),
    "compute": _lazy("computing power"),
    "value": _lazy("value"),
}
_ORIGINS = {
    "designer": lambda: _("designed in %(countries)s"),
    "fabricator": lambda: _("fabricated in %(countries)s"),
    "designer_and_fabricator": lambda: _("designed and fabricated in %(countries)s"),
}
# Those that the catalogue knows; any other stands as its code.
_COUNTRIES = {
    "CN": _lazy("China"),
    "JP": _lazy("Japan"),
    "KR": _lazy("South Korea"),
    "TW": _lazy("Taiwan"),
    "US": _lazy("the United States"),
}
