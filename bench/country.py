"""A country of any number of centres with an accepted inventory each, put into the database in sets, from one seed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

if TYPE_CHECKING:
    from centres.models import Centre, ReportingPeriod

LINES = 20
PERIOD, ENDS_ON = "2025Q4", "2025-12-31"

_PERIOD = """
    INSERT INTO centres_reportingperiod (code, starts_on, ends_on, due_on)
    VALUES (%(period)s, '2025-10-01', '2025-12-31', '2026-01-31') ON CONFLICT DO NOTHING
"""
_CENTRES = """
    INSERT INTO centres_centre (code, name_en, name_zh, region_code, provenance, source, confidence, region_id)
    SELECT 'B-' || n, 'Centre ' || n, '中心' || n, province.code, 'reported', '', '', province.code
    FROM generate_series(1, %(centres)s) n
    JOIN (SELECT code, row_number() OVER (ORDER BY code) - 1 AS place, count(*) OVER () AS count
          FROM centres_region WHERE length(code) = 2) province ON province.place = n %% province.count
"""
_RECORDS = """
    INSERT INTO centres_centrerecord
        (centre_id, from_on, recorded_at, kind, ownership, state_funded, commissioned_on, progress, status,
         region_code, reason)
    SELECT id, '2023-01-01', '2023-01-01',
           (ARRAY['intelligent', 'intelligent', 'supercomputing', 'general'])[1 + (random() * 3)::int],
           (ARRAY['central_soe', 'local_soe', 'private', 'foreign'])[1 + (random() * 3)::int],
           random() < 0.5, '2024-01-01'::date + (random() * 700)::int, (random() * 100)::int, 'operating',
           region_code, ''
    FROM centres_centre WHERE code LIKE 'B-%%'
"""
# Of the centre's own number; its lines come before it, as the database asks.
_SUBMISSIONS = """
    INSERT INTO chips_submission
        (id, centre_id, period_id, version, status, nil, provenance, file_name, file_sha256, line_count, units,
         created_at, submitted_at, decided_at, decision_comment, warnings, chip_names, confirmed, amendment_reason,
         corrections, line_comments, lines_sha256, repudiation_reason)
    SELECT id, id, %(period)s, 1, 'accepted', false, 'reported', 'inventory.csv', repeat('0', 64), %(lines)s, %(lines)s,
           now(), now(), now(), '', '[]', '[]', '[]', '', '[]', '{}', repeat('0', 64), ''
    FROM centres_centre WHERE code LIKE 'B-%%'
"""
_LINES = """
    INSERT INTO chips_inventoryline
        (submission_id, "row", chip_model_id, quantity, workload, status, acquired_on, acquisition, unit_price_cny,
         serial_numbers, note)
    SELECT centre.id, line, model.id, 1 + (random() * 999)::int,
           (ARRAY['training', 'inference', 'mixed'])[1 + (random() * 2)::int],
           (ARRAY['in_service', 'in_service', 'in_service', 'spare'])[1 + (random() * 3)::int],
           CASE WHEN random() < 0.8 THEN '2020-01-01'::date + (random() * 2100)::int END, 'purchased',
           CASE WHEN random() < 0.6 THEN 500 + (random() * 2500)::int END * 100, '{}', ''
    FROM centres_centre centre
    CROSS JOIN generate_series(2, %(lines)s + 1) line
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS count FROM chips_chipmodel) model
      ON model.place = (centre.id * 7 + line * 13) %% model.count
    WHERE centre.code LIKE 'B-%%'
    ORDER BY centre.id, line
"""


_AMENDED_LINES = """
    INSERT INTO chips_inventoryline
        (submission_id, "row", chip_model_id, quantity, workload, status, acquired_on, acquisition, unit_price_cny,
         serial_numbers, note)
    SELECT %(key)s, "row", chip_model_id, quantity + 1, workload, status, acquired_on, acquisition, unit_price_cny,
           serial_numbers, note
    FROM chips_inventoryline WHERE submission_id = %(before)s
"""
_AMENDED = """
    INSERT INTO chips_submission
    SELECT (json_populate_record(submission, json_build_object('id', %(key)s, 'version', 2))).*
    FROM chips_submission submission WHERE id = %(before)s
"""


def fill(centres: int) -> None:
    """Put `centres` with `LINES` lines each beside nothing but the reference data, anew."""
    empty()
    values: dict[str, int | str] = {"centres": centres, "lines": LINES, "period": PERIOD}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        for statement in (_PERIOD, _CENTRES, _RECORDS, _LINES, _SUBMISSIONS):
            cursor.execute(statement, values)
    settle()


def empty() -> None:
    """Take every centre away with all that hangs on it."""
    forget()
    with _untold() as cursor:
        cursor.execute("TRUNCATE centres_centre CASCADE")


def forget() -> None:
    """Take away what was determined."""
    with _untold() as cursor:
        cursor.execute("TRUNCATE compliance_determination CASCADE")
        cursor.execute(
            "TRUNCATE compliance_currentdetermination, compliance_outcomechange, compliance_outcomerollup, "
            "compliance_inventoryrollup, compliance_summedstock, compliance_stockrollup"
        )


@contextmanager
def _untold() -> Iterator[Any]:
    """A cursor under which no trigger refuses that tables are emptied, or tells of it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor


def amended(count: int) -> Iterator[Centre]:
    """So many centres, each once another version of its inventory was accepted."""
    from centres.models import Centre
    from chips.models import Submission
    from chips.submissions import next_keys

    centres = Centre.objects.filter(code__startswith="B-").order_by("pk")[:count]
    for centre, key in zip(list(centres), next_keys(count), strict=True):
        before = Submission.objects.get(centre=centre, period=PERIOD)
        values = {"key": key + 1_000_000, "before": before.pk}
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_AMENDED_LINES, values)
            cursor.execute(_AMENDED, values)
        yield centre


def settle() -> None:
    """Let PostgreSQL know what lies in its tables, as it would a minute later."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def period() -> ReportingPeriod:
    from centres.models import ReportingPeriod

    return ReportingPeriod.objects.get(pk=PERIOD)


def now() -> datetime:
    from django.utils import timezone

    return timezone.now()
