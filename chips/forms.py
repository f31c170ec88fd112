"""What is asked of somebody who files, attests or reviews."""

from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from centres.models import ReportingPeriod
from chips.intake.cells import GREATEST_QUANTITY
from chips.intake.check import GREATEST_LINES
from chips.intake.columns import COLUMNS
from chips.intake.formats import GREATEST_FILE, MIB
from chips.models import Upload
from chips.submissions import LONGEST_COMMENT
from chips.uploads import LONGEST_CORRECTION

_TEXT = {"class": "form-control"}


class PeriodChoice(forms.ModelChoiceField):
    def label_from_instance(self, period: Any) -> str:
        return str(period.code)


class FilingForm(forms.Form):
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
    nil = forms.BooleanField(
        label=_("Nil return: the centre has no chips on the period's last day"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        period = cast(PeriodChoice, self.fields["period"])
        period.queryset = ReportingPeriod.objects.begun(today).order_by("-code")
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


class RedeclareForm(forms.Form):
    """What is said of a whole upload while its cells are mended, and one cell by its place."""

    mended_before = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    declared_lines = forms.IntegerField(
        label=_("Lines that you send"), required=False, min_value=0, widget=forms.NumberInput(attrs=_TEXT)
    )
    declared_units = forms.IntegerField(
        label=_("Cards that you send, the sum of all quantities"),
        required=False,
        min_value=0,
        widget=forms.NumberInput(attrs=_TEXT),
    )
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
            "mended_before": len(upload.corrections),
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
        if not self.user.check_password(password):
            raise forms.ValidationError(_("This is not your password."))
        # It has done its work, and goes nowhere else.
        return ""


class AttestForm(SignedForm):
    """The declaration, signed."""

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
        super().__init__(*args, **kwargs)
        if not is_amendment:
            del self.fields["amendment_reason"]


class RepudiateForm(SignedForm):
    """That a filing is not the operator's own."""

    reason = forms.CharField(
        label=_("What happened"), max_length=LONGEST_COMMENT, widget=forms.Textarea(attrs={**_TEXT, "rows": 2})
    )

    field_order = ["reason", "password"]


class ReturnForm(forms.Form):
    """Why a submission goes back: of all of it, and of single lines, each in a field named for its row."""

    comment = forms.CharField(
        label=_("What is to be corrected"), max_length=LONGEST_COMMENT, widget=forms.Textarea(attrs={"rows": 2})
    )

    def line_comments(self) -> dict[int, str]:
        """What was said of lines, by their rows."""
        given = {name.removeprefix("line-"): text for name, text in self.data.items() if name.startswith("line-")}
        return {int(row): text[:500] for row, text in given.items() if row.isascii() and row.isdigit() and len(row) < 8}
