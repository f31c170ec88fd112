"""The third receipt of a filing: what was determined of it, made anew of the determination, which never changes."""

from typing import Any

from accounts.trail import heads
from centres.models import Provenance
from chips.receipts import REGISTER, sealed, written
from compliance.models import Determination

KIND = "determined"


def determination_receipt(determination: Determination) -> dict[str, Any] | None:
    """The receipt of `determination`, the same whenever it is asked for; None for a centre that files nothing here."""
    centre, submission = determination.centre, determination.submission
    if centre.provenance == Provenance.ILLUSTRATIVE:
        return None
    answer, mandate = determination.answer, determination.provision.mandate
    head = heads.newest_before(determination.known_at)
    return sealed(
        {
            "kind": KIND,
            "register": REGISTER,
            # Codes and no names: a name may be put right, and the receipt must stay the same.
            "centre": {"code": centre.code},
            "provenance": centre.provenance,
            "period": determination.period_id,
            "determination": {
                "id": determination.pk,
                "mandate": mandate.code,
                "outcome": determination.outcome,
                "share_low": answer.get("low"),
                "share_high": answer.get("high"),
                "threshold": answer.get("threshold"),
                "digest": determination.digest,
                "determined_at": written(determination.known_at),
                "submission_accession_number": submission and submission.accession_number,
                "lines_sha256": submission and submission.lines_sha256,
            },
            # What was determined before there was a trail has the receipt that it always had.
            **({"trail": head} if head else {}),
        }
    )
