"""Why a step with a provision was not taken, in words."""

from collections.abc import Callable

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from compliance.provisions import ChangedSince, NotItsAuthor, OwnProvision, SameDay, StepRefused, WrongStage


def refused_in_words(refusal: StepRefused) -> str:
    """Why a step was not taken."""
    day = date_format(refusal.provision.from_on, "DATE_FORMAT")
    return _REFUSALS[type(refusal)]() % {"day": day, "stage": refusal.provision.stage.label}


_REFUSALS: dict[type[StepRefused], Callable[[], str]] = {
    WrongStage: lambda: _("Nothing was done: by now the provision is %(stage)s."),
    OwnProvision: lambda: _("Nothing was done: whoever wrote a provision does not approve it or send it back."),
    NotItsAuthor: lambda: _("Nothing was done: only whoever wrote a provision changes it."),
    ChangedSince: lambda: _("Nothing was done: it was written anew since you read it. Read it again."),
    SameDay: lambda: _(
        "Nothing was done: a provision of this mandate is issued from %(day)s already. "
        "Its author can choose another day."
    ),
}
