"""Forms of decisions that are shown with what they would change before they are taken."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

# What the button says that takes the decision; the other shows what it would change.
TAKE = "take"


def sealed(*parts: object) -> str:
    """What only a page of the register that showed `parts` can have said, in hex: whoever sends it looked at them."""
    text = json.dumps([str(part) for part in parts], ensure_ascii=False)
    return salted_hmac("compliance.looked_at", text, algorithm="sha256").hexdigest()


class LookedAtForm(forms.Form):
    """A form that is sent to be looked at, then to be taken: and what is taken is what was looked at.

    Whoever changes a field of `judged_by` after looking is shown what that would change, and nothing is taken: nor
    where the same fields come to something else by what was recorded since.
    """

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    # The fields on which depends what is shown; a reason can still be put into better words.
    judged_by: tuple[str, ...] = ()

    @property
    def seal(self) -> str:
        """What the form must say that was seen; the form is valid."""
        return self.seal_of(self.cleaned_data)

    def seal_of(self, given: Mapping[str, Any]) -> str:
        """What the form must say that was seen where these values, by its fields, were looked at."""
        values = [given.get(name) for name in self.judged_by]
        return sealed(type(self).__name__, *(getattr(value, "pk", value) for value in values), *self.comes_to(given))

    def comes_to(self, given: Mapping[str, Any]) -> list[object]:
        """What would be written, where the fields say it only together with the records that stand."""
        return []

    def is_taken(self, request: HttpRequest) -> bool:
        """Whether what the form says was looked at, and is to be done; the form is valid."""
        return request.POST.get("step") == TAKE and self.cleaned_data["seen"] == self.seal

    @property
    def was_changed(self) -> bool:
        """Whether it was to be taken, but not as it was looked at."""
        return (
            self.is_bound
            and self.data.get("step") == TAKE
            and self.is_valid()
            and self.cleaned_data["seen"] != self.seal
        )

    def add_wrong(self, wrong: dict[str, str]) -> None:
        """Put what is wrong beside its field; what is of no field of this form stands above them all."""
        for name, message in wrong.items():
            self.add_error(name if name in self.fields else None, message)


def looked_at_status(request: HttpRequest, form: forms.Form | None) -> int:
    """The status of a page that shows `form` again: 422 where what was sent is wrong."""
    return 422 if request.method == "POST" and not (form is not None and form.is_valid()) else 200
