"""What is asked of somebody who files, attests or reviews."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import lock_out
from accounts.models import User
from centres.models import ReportingPeriod
from chips.declaration import CURRENT
from chips.intake.cells import GREATEST_QUANTITY, GREATEST_TEXT, without_control_characters
from chips.intake.check import GREATEST_LINES
from chips.intake.columns import COLUMNS
from chips.intake.formats import GREATEST_FILE, MIB
from chips.mending import Mend, answers
from chips.models import Upload
from chips.submissions import LONGEST_COMMENT
from chips.uploads import LONGEST_CORRECTION, fingerprint

# Of a reason and of a comment on a line, as the tables hold them.
LONGEST_REASON = 500
_TEXT = {"class": "form-control"}


class PeriodChoice(forms.ModelChoiceField):
    def label_from_instance(self, period: Any) -> str:
        return str(period.code)


class DeclaredForm(forms.Form):
    """What the sender says that a file holds, before anybody reads it."""

    declared_lines = forms.IntegerField(
        label=_("Lines that you send"),
        required=False,
        min_value=0,
        max_value=GREATEST_LINES,
        widget=forms.NumberInput(attrs=_TEXT),
    )
    declared_units = forms.IntegerField(
        label=_("Cards that you send, the sum of all quantities"),
        required=False,
        min_value=0,
        max_value=GREATEST_LINES * GREATEST_QUANTITY,
        widget=forms.NumberInput(attrs=_TEXT),
    )


class FilingForm(DeclaredForm):
    """The period that is filed for, and the inventory as a file or as cells, or the word that there are no chips."""

    period = PeriodChoice(
        ReportingPeriod.objects.none(),
        label=_("Reporting period"),
        empty_label=None,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    file = forms.FileField(
        label=_("Chip inventory"),
        required=False,
        help_text=_("CSV, XLSX, XLS or ODS, 50 MiB at most. The file is read by its content, whatever its name."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,.xls,.ods", "class": "form-control"}),
        # The reader says what is wrong with a file of no bytes, in the same words everywhere.
        allow_empty_file=True,
    )
    cells = forms.CharField(
        label=_("Cells copied from a spreadsheet, with their header row"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={**_TEXT, "rows": 4, "spellcheck": "false", "wrap": "off"}),
    )
    nil = forms.BooleanField(
        label=_("Nil return: the centre has no chips on the period's last day"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        period = cast(PeriodChoice, self.fields["period"])
        period.queryset = ReportingPeriod.objects.visible_to(user).begun(today).order_by("-code")
        # What is filed is most often the quarter that has just ended.
        if not self.initial.get("period"):
            self.initial["period"] = period.queryset.filter(ends_on__lt=today).first()

    def clean_file(self) -> UploadedFile | None:
        file: UploadedFile | None = self.cleaned_data["file"]
        if file is not None and file.size is not None and file.size > GREATEST_FILE:
            raise forms.ValidationError(
                _("The file has %(size)s MiB; 50 MiB is the most."), params={"size": file.size // MIB}
            )
        return file

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "file" in self.errors:
            return cleaned
        ways = [cleaned.get("file") is not None, bool((cleaned.get("cells") or "").strip()), bool(cleaned.get("nil"))]
        if sum(ways) != 1:
            raise forms.ValidationError(_("Choose a file, paste cells, or declare a nil return: one of the three."))
        if not cleaned.get("nil"):
            for name in ("declared_lines", "declared_units"):
                if cleaned.get(name) is None and name not in self.errors:
                    self.add_error(name, _("Say how many you send: what is read is held against it."))
        return cleaned


class RedeclareForm(DeclaredForm):
    """What is said of a whole upload while its cells are mended, and one cell by its place."""

    # What the answers were given to.
    seen = forms.CharField(widget=forms.HiddenInput)
    field_order = ["seen", "row", "column", "text", "declared_lines", "declared_units"]
    row = forms.IntegerField(
        label=_("Row"), required=False, min_value=1, max_value=2**31 - 1, widget=forms.NumberInput(attrs=_TEXT)
    )
    column = forms.ChoiceField(
        label=_("Column"),
        required=False,
        choices=[(name, name) for name in COLUMNS],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    text = forms.CharField(
        label=_("What it should hold"),
        required=False,
        max_length=LONGEST_CORRECTION,
        widget=forms.TextInput(attrs=_TEXT),
    )

    def __init__(self, *args: Any, upload: Upload, **kwargs: Any) -> None:
        self.upload = upload
        initial = {
            "seen": fingerprint(upload),
            "declared_lines": upload.declared_lines,
            "declared_units": upload.declared_units,
        }
        super().__init__(*args, **{**kwargs, "initial": initial})

    def declared(self) -> dict[str, int | None]:
        """What is declared anew: only what was asked in the page."""
        return {n: self.cleaned_data[n] for n in ("declared_lines", "declared_units") if n in self.data}

    def is_redeclared(self) -> bool:
        return any(getattr(self.upload, name) != number for name, number in self.declared().items())

    def single_correction(self) -> list[tuple[int, str, str]]:
        """The one cell that was given by its place, if any."""
        row, column, text = (self.cleaned_data.get(name) for name in ("row", "column", "text"))
        return [(row, column, text)] if row and column and text else []


class MendForm(RedeclareForm):
    """The answers to what is offered in the page, beside what is said of the whole upload."""

    def __init__(self, *args: Any, offered: Sequence[Mend], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = offered

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["answers"] = answers(self.offered, texts_of(self.data, "mend-", GREATEST_TEXT))
        return cleaned


class SignedForm(forms.Form):
    """What is signed by a person who is asked for the password once more."""

    password = forms.CharField(
        label=_("Your password, once more"),
        strip=False,
        widget=forms.PasswordInput(attrs={**_TEXT, "autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not lock_out.is_password_of(self.user, password):
            raise forms.ValidationError(_("This is not your password."))
        # It has done its work, and goes nowhere else.
        return ""


def clean_name(name: str) -> str:
    """A person's name, of two letters at least; raises `ValidationError` for what only looks like nothing."""
    if sum(map(str.isalpha, name)) < 2 or without_control_characters(name) != name:
        raise forms.ValidationError(_("Give your full name, in letters."))
    return name


class AttestForm(SignedForm):
    """The declaration, signed."""

    # The text that was read is the text that is signed.
    declaration = forms.CharField(widget=forms.HiddenInput)
    amendment_reason = forms.CharField(
        label=_("Why the accepted inventory is amended"),
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea(attrs={**_TEXT, "rows": 2}),
    )
    full_name = forms.CharField(
        label=_("Your full name"),
        max_length=100,
        min_length=2,
        widget=forms.TextInput(attrs={**_TEXT, "autocomplete": "name"}),
    )

    field_order = ["amendment_reason", "full_name", "password"]

    def __init__(self, *args: Any, is_amendment: bool, **kwargs: Any) -> None:
        super().__init__(*args, initial={"declaration": CURRENT.version}, **kwargs)
        if not is_amendment:
            del self.fields["amendment_reason"]

    def clean_full_name(self) -> str:
        return clean_name(self.cleaned_data["full_name"])

    def clean_declaration(self) -> str:
        if self.cleaned_data["declaration"] != CURRENT.version:
            raise forms.ValidationError(_("The declaration has changed since: read it again."))
        return CURRENT.version


class RepudiateForm(SignedForm):
    """That a filing is not the operator's own."""

    reason = forms.CharField(
        label=_("What happened"), max_length=LONGEST_COMMENT, widget=forms.Textarea(attrs={**_TEXT, "rows": 2})
    )

    field_order = ["reason", "password"]


def texts_of(data: Mapping[str, Any], prefix: str, longest: int) -> dict[str, str]:
    """The texts of the fields whose names begin with `prefix`, by the rest of their names, without blank ones.

    Raises `ValidationError` for one that is too long or that no text may hold.
    """
    field = forms.CharField(required=False, max_length=longest)
    given = {name.removeprefix(prefix): field.clean(data[name]) for name in data if name.startswith(prefix)}
    return {name: text for name, text in given.items() if text}


class ReturnForm(forms.Form):
    """Why a submission goes back: of all of it, and of single lines, each in a field named for its row."""

    comment = forms.CharField(
        label=_("What is to be corrected"), max_length=LONGEST_COMMENT, widget=forms.Textarea(attrs={"rows": 2})
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        given = texts_of(self.data, "line-", LONGEST_REASON)
        rows = {name: int(name) for name in given if name.isascii() and name.isdigit() and len(name) < 8}
        cleaned["line_comments"] = {row: given[name] for name, row in rows.items()}
        return cleaned
