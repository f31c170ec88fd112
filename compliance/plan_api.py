"""REST: the way of a centre to comply, by each rule that asks something of it."""

from datetime import date
from typing import Any, NamedTuple

from django.forms.utils import ErrorDict
from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.problems import Problem
from accounts.rest import Answer, invalid_parameter
from centres.models import Centre
from chips.models import ChipClass
from compliance.api import ExactDecimalField, ShareField
from compliance.plan.cheapest import Limit, Way
from compliance.plan.integers import Clock, Proof
from compliance.plan.offers import Chip, chips_of
from compliance.plan.planning import SECONDS, Bought, LeastOf, Plan, PlannedMix, TakenOut
from compliance.plan.targets import Inventory, Target, inventory_of
from compliance.plan_page import answer_to, question_of
from compliance.shares import decimal_of


class PlanChipSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    vendor = serializers.CharField()
    name = serializers.CharField()


class LeastSerializer(serializers.Serializer[Any]):
    """How many of one model alone would do."""

    chip = PlanChipSerializer()
    replace = serializers.IntegerField(allow_null=True, help_text="In place of foreign ones of its class; null: none.")
    add = serializers.IntegerField(allow_null=True, help_text="Null: no number that a line can hold would do.")


class BoughtSerializer(serializers.Serializer[Any]):
    chip = PlanChipSerializer()
    chip_class = serializers.ChoiceField(choices=ChipClass.choices)
    units = serializers.IntegerField()
    price = serializers.CharField(help_text="CNY a unit, exact.")
    is_typed = serializers.BooleanField(help_text="Whether the price was given with the question.")
    price_source = serializers.CharField(allow_blank=True)
    price_confidence = serializers.CharField(allow_blank=True)
    contested = serializers.ListField(
        child=serializers.CharField(), help_text="Figures of the model whose claims differ."
    )
    cost = serializers.CharField(help_text="CNY, exact.")
    power = serializers.CharField(allow_null=True, help_text="W of all units; null where it is not known.")


class TakenOutSerializer(serializers.Serializer[Any]):
    chip = PlanChipSerializer()
    chip_class = serializers.ChoiceField(choices=ChipClass.choices)
    units = serializers.IntegerField()
    of_units = serializers.IntegerField()
    power = serializers.CharField(allow_null=True, help_text="W that they free; null where it is not known.")


class MixSerializer(serializers.Serializer[Any]):
    """What to buy and to take out, which the engine judges as compliant."""

    cost = serializers.CharField(help_text="CNY, exact.")
    power = serializers.CharField(help_text="W drawn beyond what is freed, of the units whose power is known.")
    bought = BoughtSerializer(many=True)
    taken = TakenOutSerializer(many=True)
    low = ShareField(help_text="The least share after the plan.")
    high = ShareField()
    answer = serializers.DictField(help_text="The engine's, to the inventory as it would be.")


class ObstacleSerializer(serializers.Serializer[Any]):
    limit = serializers.ChoiceField(choices=[limit.value for limit in Limit])
    would_do = serializers.CharField(help_text="CNY without this limit, W for the limit of power; exact.")
    is_least = serializers.BooleanField(help_text="Whether it is proved that nothing less would do.")


class CheapestSerializer(serializers.Serializer[Any]):
    """`least`: proved; `gap`: nothing costs less than `bound`; `none`: proved that there is none; `unknown`."""

    proof = serializers.ChoiceField(choices=[proof.value for proof in Proof])
    bound = serializers.CharField(allow_null=True, help_text="CNY: no mix within the limits costs less.")
    mix = MixSerializer(allow_null=True)
    is_refused = serializers.BooleanField(help_text="Whether the engine did not call compliant what was found.")
    obstacles = ObstacleSerializer(many=True, help_text="The limits that stand in the way of every mix.")
    obstacles_together = serializers.BooleanField(help_text="Whether only all of them lifted let a mix comply.")
    undecided = serializers.ListField(
        child=serializers.CharField(),
        help_text="The limits of which the search ended before it was known whether they stand in the way.",
    )
    leaves_out = serializers.BooleanField(
        help_text="Whether power is limited and of some chips not known: what is proved is proved of the others."
    )


class WayToComplySerializer(serializers.Serializer[Any]):
    mandate = serializers.CharField()
    provision = serializers.IntegerField()
    day = serializers.DateField(help_text="The day that is asked about.")
    is_to_come = serializers.BooleanField(help_text="Whether that is after the inventory's period.")
    outcome = serializers.CharField()
    reason = serializers.CharField(allow_null=True)
    low = ShareField(help_text="The least share that what is known allows.")
    high = ShareField(help_text="The greatest share that what is known allows.")
    comparator = serializers.CharField(allow_null=True)
    threshold = ShareField()
    replace = serializers.IntegerField(allow_null=True, help_text="The least units to replace; by units alone.")
    add = serializers.IntegerField(allow_null=True, help_text="The least domestic units to add; by units alone.")
    shortfall = ExactDecimalField(allow_null=True)
    spare = serializers.IntegerField(allow_null=True, help_text="How many domestic units a compliant centre can lose.")
    least = LeastSerializer(many=True)
    cheapest = CheapestSerializer(allow_null=True, help_text="Null where there is nothing to solve, or no price.")


class CentrePlanSerializer(serializers.Serializer[Any]):
    centre = serializers.CharField()
    provenance = serializers.CharField(
        help_text="“illustrative”: worked out from publications; the centre never filed."
    )
    submission = serializers.IntegerField(allow_null=True, help_text="Null: no inventory was accepted yet.")
    period = serializers.CharField(allow_null=True)
    plans = WayToComplySerializer(many=True)


_PARAMETERS = [
    OpenApiParameter("mandate", description="Of this mandate alone."),
    OpenApiParameter("day", OpenApiTypes.DATE, description="As one of the plans says, of these days alone."),
    OpenApiParameter("way", enum=[way.value for way in Way], description="What becomes of the cards not domestic."),
    OpenApiParameter(
        "computing_power", enum=["kept", "free"], description="Whether that of the accelerators must not fall: “kept”."
    ),
    OpenApiParameter("classes", description="Chips to buy, as “accelerator,cpu”; all that the rule counts."),
    OpenApiParameter("budget", OpenApiTypes.DECIMAL, description="CNY."),
    OpenApiParameter("power", OpenApiTypes.DECIMAL, description="kW that can be added."),
    OpenApiParameter("prices", description="CNY a unit by the chips' numbers, as “12:98000,15:7000.50”."),
    OpenApiParameter("available", description="Units that can be delivered by the chips' numbers, as “12:400”."),
]
# The parameters that the form of the page has, too.
_OF_FORM = ("way", "computing_power", "budget", "power", "classes")
# What a parameter of the address is called in the form that checks it, for each chip.
_OF_CHIPS = {"prices": "price", "available": "available"}


class CentrePlan(Answer):
    """The least cards and the cheapest mix by which a centre comes to comply; nothing is stored."""

    parameters = {"get": tuple(parameter.name for parameter in _PARAMETERS)}

    @extend_schema(operation_id="centres_plan", parameters=_PARAMETERS, responses=CentrePlanSerializer)
    def get(self, request: Request, code: str) -> Response:
        """By each rule: as it stands for the last accepted inventory, and by each step that is to come."""
        centre = get_object_or_404(Centre.objects.visible_to(self.user), code=code)
        inventory = inventory_of(centre)
        told = {
            "centre": centre.code,
            "provenance": centre.provenance,
            "submission": inventory and inventory.submission.pk,
            "period": inventory and inventory.submission.period_id,
            "plans": [_told(made) for made in _plans(inventory, request)] if inventory else [],
        }
        return Response(CentrePlanSerializer(told).data)


def _plans(inventory: Inventory, request: Request) -> list[Plan]:
    """The plans that are asked for; together they take as long as one."""
    chips = chips_of(timezone.localdate(), timezone.now())
    asked = _Asked.of(request)
    targets = [target for target in inventory.targets if asked.is_about(target)]
    asked.require_known(chips)
    questions = [question_of(inventory, chips, asked.data_for(target)) for target in targets]
    for question in questions:
        if not question.form.is_valid():
            raise _refusal(question.form.errors)
    clock, left = Clock(SECONDS), len(questions)
    # What one does not need, those after it have.
    return [answer_to(one, seconds=clock.left() / (left - place)) for place, one in enumerate(questions)]


class _Asked(NamedTuple):
    """The parameters of a request; what is typed in of chips, by their numbers."""

    mandate: str | None
    day: date | None
    fields: dict[str, str]
    of_chips: dict[str, dict[int, str]]

    @classmethod
    def of(cls, request: Request) -> "_Asked":
        query = request.query_params
        named = {name: query[name] for name in _OF_FORM if name in query}
        typed = {name: _by_number(name, query[name]) for name in _OF_CHIPS if name in query}
        return cls(query.get("mandate"), _day(query.get("day")), named, typed)

    def is_about(self, target: Target) -> bool:
        is_of_mandate = self.mandate in (None, target.provision.mandate.code)
        return is_of_mandate and self.day in (None, target.day)

    def require_known(self, chips: dict[int, Chip]) -> None:
        for name, values in self.of_chips.items():
            for key in values:
                if key not in chips:
                    raise invalid_parameter(name, _("There is no chip model %(key)s.") % {"key": key})

    def data_for(self, target: Target) -> QueryDict:
        """The question about `target` as its form takes it."""
        data = QueryDict(mutable=True)
        data.update({name: value for name, value in self.fields.items() if name != "classes"})
        data["target"] = target.key
        if "classes" in self.fields:
            data.setlist("classes", self.fields["classes"].split(","))
        for name, values in self.of_chips.items():
            data.update({f"{_OF_CHIPS[name]}-{key}": value for key, value in values.items()})
        return data


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise invalid_parameter("day", _("A day is written like 2025-12-31.")) from error


def _by_number(name: str, text: str) -> dict[int, str]:
    """``{12: "98000"}`` for ``12:98000``."""
    found: dict[int, str] = {}
    for part in text.split(","):
        number, colon, value = part.partition(":")
        if not (colon and value and number.isascii() and number.isdigit() and len(number) < 19) or int(number) in found:
            raise invalid_parameter(name, _("It is written like 12:98000,15:7000, each number once."))
        found[int(number)] = value
    return found


def _refusal(errors: ErrorDict) -> Problem:
    field, messages = next(iter(errors.items()))
    kind, hyphen, number = field.partition("-")
    name = next((name for name, of in _OF_CHIPS.items() if hyphen and of == kind), field)
    return invalid_parameter(name, " ".join([f"{number}:" if hyphen else "", *messages]).strip())


def _told(made: Plan) -> dict[str, Any]:
    target, reply = made.target, made.target.answer
    return {
        "mandate": target.provision.mandate.code,
        "provision": target.provision.pk,
        "day": target.day,
        "is_to_come": target.is_to_come,
        **{key: reply[key] for key in ("outcome", "reason", "low", "high", "comparator", "threshold")},
        **{key: reply[key] for key in ("replace", "add", "shortfall")},
        "spare": made.spare,
        "least": [_least(one) for one in made.least],
        "cheapest": _cheapest(made),
    }


def _least(one: LeastOf) -> dict[str, Any]:
    return {"chip": _chip(one.offer.chip), "replace": one.replace, "add": one.add}


def _cheapest(made: Plan) -> dict[str, Any] | None:
    found = made.cheapest
    if found is None:
        return None
    obstacles = found.obstacles
    return {
        "proof": found.minimum.proof.value,
        "bound": _exact(found.minimum.bound),
        "mix": _mix(made.mix) if made.mix else None,
        "is_refused": made.refused is not None,
        "obstacles": [
            {"limit": limit.value, "would_do": _exact(minimum.cost), "is_least": minimum.proof == Proof.LEAST}
            for limit, minimum in (obstacles.would_do if obstacles else {}).items()
        ],
        "obstacles_together": obstacles is not None and obstacles.is_together,
        "undecided": sorted(obstacles.undecided) if obstacles else [],
        "leaves_out": found.leaves_out,
    }


def _mix(mix: PlannedMix) -> dict[str, Any]:
    return {
        "cost": _exact(mix.cost),
        "power": _exact(mix.power),
        "bought": [_bought(one) for one in mix.bought],
        "taken": [_taken(one) for one in mix.taken],
        "low": mix.answer["low"],
        "high": mix.answer["high"],
        "answer": mix.answer,
    }


def _bought(one: Bought) -> dict[str, Any]:
    offer, claim = one.offer, one.offer.price_claim
    return {
        "chip": _chip(offer.chip),
        "chip_class": offer.line["class"],
        "units": one.units,
        "price": offer.line["unit_price"],
        "is_typed": offer.is_typed,
        "price_source": claim.source if claim else "",
        "price_confidence": claim.confidence if claim else "",
        "contested": sorted(offer.chip.contested),
        "cost": _exact(one.cost),
        "power": _exact(one.power),
    }


def _taken(one: TakenOut) -> dict[str, Any]:
    return {
        "chip": _chip(one.chip) if one.chip else {"id": one.held.model, "vendor": "", "name": one.held.chip},
        "chip_class": one.held.chip_class,
        "units": one.units,
        "of_units": one.held.quantity,
        "power": _exact(one.power),
    }


def _chip(chip: Chip) -> dict[str, Any]:
    return {"id": chip.model.pk, "vendor": chip.model.vendor.name, "name": chip.model.name}


def _exact(value: Any) -> str | None:
    return None if value is None else decimal_of(f"{value.numerator}/{value.denominator}")
