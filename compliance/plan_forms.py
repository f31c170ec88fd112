"""What a plan has to keep to, as it stands in an address: which rule, which chips, and what limits there are."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

from django import forms
from django.forms.boundfield import BoundField, BoundWidget
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from chips.models import ChipClass
from compliance.plan.cheapest import Limits, Way
from compliance.plan.offers import Offer, Typed
from compliance.plan.targets import Target
from compliance.plan_wording import target_in_words

_KEPT, _FREE = "kept", "free"
_WATTS = 1000


class PlanForm(forms.Form):
    """The question that a plan answers; `offers` are the chips of which a price and a number can be typed in."""

    target = forms.ChoiceField(label=_("Rule to meet"), widget=forms.Select(attrs={"class": "form-select"}))
    way = forms.ChoiceField(
        label=_("Cards that are not domestic"),
        choices=[
            (Way.EITHER, _("may be taken out or stay")),
            (Way.REPLACE, _("are replaced, and nothing else is bought")),
            (Way.ADD, _("all stay")),
        ],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    computing_power = forms.ChoiceField(
        label=_("Computing power"),
        choices=[(_KEPT, _("of the accelerators must not fall")), (_FREE, _("of the accelerators may fall"))],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    classes = forms.MultipleChoiceField(
        label=_("Chips to buy"),
        choices=ChipClass.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )

    def __init__(
        self, data: QueryDict, *, targets: Sequence[Target], target: Target, offers: Sequence[Offer], **kwargs: Any
    ) -> None:
        super().__init__(_with_defaults(data, target), **kwargs)
        target_field = cast(forms.ChoiceField, self.fields["target"])
        target_field.choices = [(one.key, target_in_words(one)) for one in targets]
        self.fields["budget"] = _decimal(_("Budget, CNY"), digits=20, places=2)
        self.fields["power"] = _decimal(_("Power that can be added, kW"), digits=12, places=3)
        for offer in offers:
            key, name = offer.chip.model.pk, offer.chip.model.name
            self.fields[f"price-{key}"] = _decimal(_("Price"), digits=18, places=2, of=name, least=Decimal("0.01"))
            self.fields[f"available-{key}"] = _count(_("Number that can be delivered"), of=name)
        self.offers = offers

    def rows(self) -> list[tuple[Offer, BoundField, BoundField]]:
        """Each chip on offer with its two fields."""
        return [
            (offer, self[f"price-{offer.chip.model.pk}"], self[f"available-{offer.chip.model.pk}"])
            for offer in self.offers
        ]

    def class_boxes(self) -> list[BoundWidget]:
        """The boxes of those classes of which anything is on offer."""
        classes = {offer.line["class"] for offer in self.offers}
        return [box for box in self["classes"] if box.data["value"] in classes]

    @property
    def has_typed(self) -> bool:
        """Whether anything was typed in, well or not, of single chips."""
        return any(field.value() or field.errors for _offer, *fields in self.rows() for field in fields)

    def typed(self) -> Typed:
        """Of a valid form: what stands in place of the catalogue's prices, and how many can be delivered."""
        return Typed(self._of_models("price"), self._of_models("available"))

    def _of_models(self, name: str) -> dict[int, Any]:
        keys = [offer.chip.model.pk for offer in self.offers]
        return {key: value for key in keys if (value := self.cleaned_data[f"{name}-{key}"]) is not None}

    def limits(self) -> Limits:
        """Of a valid form: what a mix must keep to."""
        cleaned: Mapping[str, Any] = self.cleaned_data
        budget, power = cleaned["budget"], cleaned["power"]
        return Limits(
            way=Way(cleaned["way"]),
            keeps_compute=cleaned["computing_power"] == _KEPT,
            budget=None if budget is None else Fraction(budget),
            power=None if power is None else Fraction(power) * _WATTS,
        )

    def is_wanted(self, offer: Offer) -> bool:
        """Of a valid form: whether chips of this class are to be bought; where none is named, all are."""
        return not self.cleaned_data["classes"] or offer.line["class"] in self.cleaned_data["classes"]


def _with_defaults(data: QueryDict, target: Target) -> QueryDict:
    """What was asked, and for what was not, what is asked most often."""
    whole = data.copy()
    for name, value in (("target", target.key), ("way", Way.EITHER), ("computing_power", _KEPT)):
        whole.setdefault(name, value)
    return whole


def _attributes(mode: str, of: str | None) -> dict[str, str]:
    known = {"class": "form-control", "inputmode": mode, "autocomplete": "off"}
    return known if of is None else known | {"class": "form-control form-control-sm"}


def _decimal(
    label: Any, *, digits: int, places: int, of: str | None = None, least: Decimal = Decimal(0)
) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=least,
        max_digits=digits,
        decimal_places=places,
        widget=forms.TextInput(attrs=_attributes("decimal", of)),
    )


def _count(label: Any, *, of: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=0,
        max_value=10**12,
        widget=forms.TextInput(attrs=_attributes("numeric", of)),
    )
