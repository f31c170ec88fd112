"""The page of a determination: why it says what it says, and whether it can be made again."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest
from accounts.rest import streamed
from centres.models import Provenance
from compliance import exemption_states, reading, telling, wording
from compliance.arithmetic import bound_in_words, sum_in_words
from compliance.doubt import unknown_in_words
from compliance.engine import COUNTED
from compliance.explain import Explanation, NotExplained, explain
from compliance.inputs import NAMED
from compliance.models import CurrentDetermination, Determination, Outcome
from compliance.provisional import reasons_of
from compliance.reproduce import reproduce

PAGE = 100


@require_GET
def show_determination(request: SignedInRequest, determination_id: int) -> HttpResponse:
    """A determination line by line: what counted, as what, what it was made of, and what could change it."""
    determination = _determination(request, determination_id)
    context = {
        "determination": determination,
        "provisional": reasons_of([determination], now=timezone.now())[determination.pk],
        "superseded_by": _superseded_by(request, determination),
        "cause": wording.CAUSES.get(determination.cause, determination.cause),
        "is_nothing_published": determination.centre.provenance == Provenance.ILLUSTRATIVE
        and determination.outcome == Outcome.NOT_REPORTED,
        "is_counted": determination.outcome in COUNTED,
        "sentence": wording.sentence_of(determination),
        "gap": wording.gap_in_words(determination.answer),
        "made_at": timezone.now(),
    }
    try:
        explanation = explain(determination)
    except NotExplained as error:
        return render(request, "compliance/determination.html", context | {"reproduction": error.reproduction})
    page = Paginator(explanation.lines, PAGE).get_page(request.GET.get("page"))
    return render(
        request, "compliance/determination.html", context | _explained(determination, explanation) | {"page": page}
    )


def _explained(determination: Determination, explanation: Explanation) -> dict[str, Any]:
    """What the page tells of an explanation, besides its lines."""
    rule, reckoned, unknown = explanation.document["provision"], explanation.arithmetic, explanation.doubt.unknown
    left_out = explanation.left_out
    return {
        "explanation": explanation,
        "reproduction": explanation.reproduction,
        "inputs": explanation.reproduction.inputs,
        "rule": reading.rule_in_words(rule, determination.as_of),
        "metric": rule["metric"],
        "sum": sum_in_words(reckoned) if reckoned else "",
        "low": bound_in_words(reckoned.low, reckoned) if reckoned else "",
        "high": bound_in_words(reckoned.high, reckoned) if reckoned else "",
        "unknown": unknown_in_words(unknown, rule["metric"]) if unknown else "",
        "counted_lines": len(explanation.lines) - sum(one.lines for one in left_out),
        "bearing": exemption_states.bearing_on([determination]).get(determination.pk, []),
    }


def _superseded_by(request: SignedInRequest, determination: Determination) -> CurrentDetermination | None:
    """What stands in the determination's place; None where it stands itself, or nothing does."""
    current = CurrentDetermination.objects.visible_to(request.user).filter(
        centre=determination.centre_id, mandate=determination.provision.mandate_id, period=determination.period_id
    )
    return current.exclude(determination=determination.pk).first()


@require_GET
def show_reproduction(request: SignedInRequest, determination_id: int) -> HttpResponse:
    """The determination made again of what it names, each part beside what is kept; nothing is changed."""
    determination = _determination(request, determination_id)
    context = {
        "determination": determination,
        "reproduction": reproduce(determination),
        "made_at": timezone.now(),
        "is_asked": True,
    }
    template = "compliance/_reproduction.html" if request.htmx else "compliance/reproduction.html"
    return render(request, template, context)


@require_GET
def download_explanation(request: SignedInRequest, determination_id: int) -> HttpResponseBase:
    """The explanation, whole, as the API answers it: to be kept, or read by a program; 409 where there is none."""
    determination = _determination(request, determination_id)
    try:
        explanation = explain(determination)
    except NotExplained as error:
        context = {"determination": determination, "reproduction": error.reproduction, "made_at": timezone.now()}
        return render(request, "compliance/reproduction.html", context, status=409)
    provisional = reasons_of([determination], now=timezone.now())[determination.pk]
    known = telling.told(explanation, determination, provisional)
    etag = telling.etag_of(known, with_lines=True)
    answer = streamed(request, telling.written(explanation, known, with_lines=True), etag=etag)
    name = f"{determination.centre.code}-{determination.period_id}-{determination.provision.mandate.code}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}-{determination.pk}.json"'
    return answer


def _determination(request: SignedInRequest, determination_id: int) -> Determination:
    visible = Determination.objects.visible_to(request.user).select_related("centre__region", *NAMED)
    return get_object_or_404(visible, pk=determination_id)
