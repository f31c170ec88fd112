"""Forms of decisions that are shown with what they would change before they are taken."""

import hashlib

from django import forms
from django.http import HttpRequest

# What the button says that takes the decision; the other shows what it would change.
TAKE = "take"


class LookedAtForm(forms.Form):
    """A form that is sent to be looked at, then to be taken: and what is taken is what was looked at.

    Whoever changes a field of `judged_by` after looking is shown what that would change, and nothing is taken.
    """

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    # The fields on which depends what is shown; a reason can still be put into better words.
    judged_by: tuple[str, ...] = ()

    @property
    def seal(self) -> str:
        """What the form must say that was seen; the form is valid."""
        values = [self.cleaned_data.get(name) for name in self.judged_by]
        parts = [str(getattr(value, "pk", value)) for value in values]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

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
