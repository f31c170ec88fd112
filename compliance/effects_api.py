"""REST: whose outcome a change would flip, told before it takes effect."""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from compliance.effects import Effects, Flip, outcome_of
from compliance.models import Outcome


class FlipSerializer(serializers.Serializer[Flip]):
    """That the outcome of a centre would become another; null: it is not determined."""

    centre = serializers.CharField(source="centre.code")
    mandate = serializers.CharField(source="mandate.code")
    period = serializers.CharField(source="period.code")
    before = serializers.SerializerMethodField()
    after = serializers.SerializerMethodField()

    def get_before(self, flip: Flip) -> str | None:
        return outcome_of(flip.before) or None

    def get_after(self, flip: Flip) -> str | None:
        return outcome_of(flip.after) or None


class OutcomesChangedSerializer(serializers.Serializer[Any]):
    """How many outcomes would become which other."""

    before = serializers.ChoiceField(choices=Outcome.choices, allow_null=True)
    after = serializers.ChoiceField(choices=Outcome.choices, allow_null=True)
    count = serializers.IntegerField()


class EffectsSerializer(serializers.Serializer[Any]):
    judged = serializers.IntegerField(help_text="How many centres that file were judged.")
    periods = serializers.ListField(child=serializers.CharField(), help_text="Over which periods.")
    changes = OutcomesChangedSerializer(many=True)
    flips = FlipSerializer(many=True)
    illustrative = FlipSerializer(
        many=True, help_text="Those of centres that never filed, worked out from publications; in no count."
    )
    seen = serializers.CharField(
        help_text="Sent back with the decision, nothing is done where it would change something else by then."
    )


def told(effects: Effects, user: User, *, seen: str) -> dict[str, Any]:
    """`effects` as the API tells `user` of them; `seen` stands for them."""
    visible = effects.visible_to(user)
    shown = {
        "judged": len(visible.judged),
        "periods": [period.code for period in visible.periods],
        "changes": [
            {"before": before or None, "after": after or None, "count": count}
            for before, after, count in visible.by_change()
        ],
        "flips": visible.flips,
        "illustrative": visible.illustrative,
        "seen": seen,
    }
    return dict(EffectsSerializer(shown).data)
