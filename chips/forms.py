"""What is asked of somebody who files."""

from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from centres.models import ReportingPeriod
from chips.intake.formats import GREATEST_FILE, MIB
from chips.submissions import LONGEST_COMMENT


class PeriodChoice(forms.ModelChoiceField):
    def label_from_instance(self, period: Any) -> str:
        return str(period.code)


class FilingForm(forms.Form):
    """The period that is filed for, and the inventory as a file, or the word that there are no chips."""

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
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx,.xls,.ods", "class": "form-control"}),
        # The reader says what is wrong with a file of no bytes, in the same words everywhere.
        allow_empty_file=True,
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
        if bool(cleaned.get("file")) == bool(cleaned.get("nil")):
            raise forms.ValidationError(_("Choose a file, or declare a nil return: one of the two."))
        return cleaned


class ReturnForm(forms.Form):
    comment = forms.CharField(
        label=_("What is to be corrected"), max_length=LONGEST_COMMENT, widget=forms.Textarea(attrs={"rows": 2})
    )
