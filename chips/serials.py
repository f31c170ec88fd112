"""One serial number in two centres at once: what a regulator is told of a submission, and nobody else."""

from dataclasses import dataclass, field

from django.db import connection

from accounts import asking
from accounts.models import Role, User
from chips.models import Submission, SubmissionStatus
from chips.plausibility import IN_STOCK

GREATEST_TOLD = 1_000


@dataclass(frozen=True, slots=True)
class OtherLine:
    """Where the number stands in another centre, as that centre typed it."""

    centre_code: str
    submission_id: int
    row: int
    chip_name: str
    serial_number: str


@dataclass(frozen=True, slots=True)
class SerialClaim:
    """A serial number of the submission that another centre claims too.

    `other` is None where that centre lies outside the reader's regions: that there is one is all that is told.
    """

    serial_number: str
    row: int
    chip_name: str
    other: OtherLine | None


@dataclass(frozen=True, slots=True)
class SerialClaims:
    """The first `GREATEST_TOLD` claims in the order of rows, and how many there are: a number in two other centres is
    two of them."""

    count: int = 0
    told: list[SerialClaim] = field(default_factory=list)


def claimed_elsewhere(submission: Submission, viewer: User) -> SerialClaims:
    """Serial numbers of `submission` that also stand in another centre's for the same period.

    Both lines are of chips in stock; the other submission was accepted and stands, or was submitted and waits. Numbers
    are compared by `comparable_serials`: after NFKC, without case, spaces, dashes and underscores. Raises
    `PermissionError` for whoever is no regulator of the centre: an operator could ask with numbers that it made up, and
    learn from the answer what its rival holds.
    """
    if viewer.role != Role.REGULATOR or not Submission.objects.visible_to(viewer).filter(pk=submission.pk).exists():
        raise PermissionError(f"{viewer.pk} is not told of the serial numbers of submission {submission.pk}.")
    # Of the centres of others it is told that there is one, and whose where the viewer may know of it.
    with asking.asked_by_register(), connection.cursor() as cursor:
        cursor.execute(
            _CLAIMS,
            {
                "submission": submission.pk,
                "centre": submission.centre_id,
                "period": submission.period_id,
                "in_stock": list(IN_STOCK),
                "accepted": SubmissionStatus.ACCEPTED,
                "submitted": SubmissionStatus.SUBMITTED,
                "all_regions": viewer.sees_whole_country,
                "regions": viewer.region_codes,
                "greatest": GREATEST_TOLD,
            },
        )
        found = cursor.fetchall()
    told = [
        SerialClaim(serial, row, chip, OtherLine(*other) if is_visible else None)
        for _, serial, row, chip, is_visible, *other in found
    ]
    return SerialClaims(found[0][0] if found else 0, told)


# By line and not all at once: a probe with many numbers looks through all of them again for each line that it meets.
# OFFSET 0 keeps the probes apart, so that each goes through the index.
_CLAIMS = """
WITH waiting_or_standing AS MATERIALIZED (
    SELECT submission.id, submission.centre_id, submission.status = %(accepted)s AS stands
    FROM chips_submission submission
    WHERE submission.period_id = %(period)s AND submission.centre_id <> %(centre)s
      AND submission.status IN (%(accepted)s, %(submitted)s)
      AND NOT EXISTS (
          SELECT 1 FROM chips_submission later
          WHERE later.centre_id = submission.centre_id AND later.period_id = submission.period_id
            AND later.version > submission.version AND later.status IN (%(accepted)s, submission.status)
      )
), mine AS MATERIALIZED (
    SELECT row, chip_model_id, serial_numbers, comparable_serials(serial_numbers) AS comparable
    FROM chips_inventoryline
    WHERE submission_id = %(submission)s AND serial_numbers <> '{}' AND status = ANY (%(in_stock)s)
), found AS MATERIALIZED (
    -- One claim for a number and a centre: where it is in what stands and in what waits, the former.
    SELECT DISTINCT ON (mine.row, own.nth, other.centre_id)
        own.serial, mine.row, own.nth, mine.chip_model_id, other.centre_id,
        theirs.submission_id AS their_submission, theirs.row AS their_row, theirs.chip_model_id AS their_model,
        their.serial AS their_serial
    FROM mine
    CROSS JOIN LATERAL (
        SELECT * FROM chips_inventoryline
        WHERE comparable_serials(serial_numbers) && mine.comparable AND serial_numbers <> '{}'
          AND status = ANY (%(in_stock)s)
        OFFSET 0
    ) theirs
    JOIN waiting_or_standing other ON other.id = theirs.submission_id
    CROSS JOIN LATERAL unnest(mine.serial_numbers, mine.comparable) WITH ORDINALITY AS own (serial, comparable, nth)
    JOIN LATERAL unnest(theirs.serial_numbers, comparable_serials(theirs.serial_numbers)) AS their (serial, comparable)
      ON their.comparable = own.comparable
    WHERE own.comparable <> ''
    ORDER BY mine.row, own.nth, other.centre_id, other.stands DESC, theirs.submission_id, theirs.row
)
SELECT count(*) OVER (), found.serial, found.row, vendor.name || ' ' || chip.name,
    %(all_regions)s OR centre.region_id = ANY (%(regions)s::varchar[]),
    centre.code, found.their_submission, found.their_row, their_vendor.name || ' ' || their_chip.name,
    found.their_serial
FROM found
JOIN centres_centre centre ON centre.id = found.centre_id
JOIN chips_chipmodel chip ON chip.id = found.chip_model_id
JOIN chips_vendor vendor ON vendor.id = chip.vendor_id
JOIN chips_chipmodel their_chip ON their_chip.id = found.their_model
JOIN chips_vendor their_vendor ON their_vendor.id = their_chip.vendor_id
ORDER BY found.row, found.nth, centre.code
LIMIT %(greatest)s
"""
