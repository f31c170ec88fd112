"""How long a country takes to be determined, against one GROUP BY over the same lines and against zen-engine.

Everything that is compared is measured in the same run, turn by turn, and the best of each counts.
"""

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING

from django.db import connection, transaction

from bench import country
from bench.figure import Figure
from bench.walls import within

if TYPE_CHECKING:
    from compliance.facts import Facts

CENTRES, MORE = 10_000, 40_000
REPEATS, SINGLE, IN_A_ROW = 8, 20, 12
# Five milliseconds for one centre.
ONE_CENTRE = 0.005

# The share by units of every centre: what a spreadsheet's pivot table would tell, and no verdict.
_GROUP_BY = """
    SELECT submission.centre_id,
           sum(line.quantity) FILTER (WHERE revision.designer_country = 'CN'), sum(line.quantity)
    FROM chips_inventoryline line
    JOIN chips_submission submission ON submission.id = line.submission_id
    JOIN chips_chiprevision revision ON revision.chip_model_id = line.chip_model_id
    WHERE line.status = 'in_service'
    GROUP BY submission.centre_id
"""


def run() -> list[Figure]:
    """Needs a database that `database.provide` has set up."""
    country.fill(CENTRES)
    grouped = stored = tried = float("inf")
    for _ in range(REPEATS):
        grouped = min(grouped, _grouped())
        stored = min(stored, _stored())
    zen = _zen()
    single, whole = _single()
    for _ in range(REPEATS):
        tried = min(tried, _tried())
    country.fill(MORE)
    four_times = min(_stored() for _ in range(REPEATS))
    size = f"{CENTRES} centres of {country.LINES} lines, 3 rules"
    one = f"1 of {CENTRES} centres, 3 rules"
    return [
        _figure("determined and stored", stored, "GROUP BY", grouped, "<= 15", size),
        _figure("zen-engine judges in memory", zen, "determined and stored", stored, ">= 4", size),
        _figure("four times the centres", four_times, "determined and stored", stored, "<= 4.4", f"{MORE} centres"),
        _figure("a rule simulated", tried, "determined and stored", stored, "<= 0.5", f"{CENTRES} centres"),
        _figure("one centre, stored", single, "five milliseconds", ONE_CENTRE, "<= 1", one),
        _figure("one centre, with rollups", whole, "five milliseconds", ONE_CENTRE, "", one),
    ]


def _figure(name: str, value: float, against: str, against_value: float, goal: str, size: str) -> Figure:
    ratio = value / against_value
    sign, limit = goal.split() if goal else (">=", "0")
    return Figure(
        name=name, value=value, unit="s", against=against, against_value=against_value, ratio=ratio, goal=goal,
        met=ratio <= float(limit) if sign == "<=" else ratio >= float(limit), size=size,
    )  # fmt: skip


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def _grouped() -> float:
    """One GROUP BY of so many in a row that they take as long as what they are held against: noise spares neither."""

    def work() -> None:
        with connection.cursor() as cursor:
            for _ in range(IN_A_ROW):
                cursor.execute(_GROUP_BY)
                assert cursor.fetchall()

    return _seconds(work) / IN_A_ROW


def _facts() -> "Facts":
    from bench import rules
    from compliance.facts import facts_of_period

    return facts_of_period(country.period())._replace(provisions=rules.provisions())


def _stored() -> float:
    """Facts out of PostgreSQL, judged, and stored with their digests, until they are committed."""
    from compliance.determine import store
    from compliance.judging import many_judged

    country.forget()

    def work() -> None:
        with transaction.atomic(), many_judged():
            store(_facts(), cause="benchmark")

    seconds = _seconds(work)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) = count(DISTINCT digest), count(*) FROM compliance_determination")
        is_distinct, made = cursor.fetchone()
    assert is_distinct, "two determinations have one digest"
    assert made % 3 == 0, f"{made} were made"
    return seconds


def _tried() -> float:
    """A rule's threshold raised to 60%, over the country as it stands determined, by units and by compute."""
    from compliance.models import Mandate, Provision, Simulation
    from compliance.simulate import with_threshold
    from compliance.trial import tried

    rule = Provision.objects.issued().get(mandate__code="CN-2025").rule
    simulation = Simulation(
        mandate=Mandate.objects.get(code="CN-2025"),
        rule=with_threshold(rule, day=country.period().ends_on, comparator="at_least", threshold="0.6"),
        period=country.period(),
    )

    def work() -> None:
        with transaction.atomic():
            tried(simulation, known_at=country.now())

    return _seconds(work)


def _zen() -> float:
    """zen-engine judges by the same three rules what lies in memory; it gives no digest and stores nothing."""
    from bench import rules

    facts = _facts()
    decisions = rules.decisions([provision.rule for provision in facts.provisions])
    documents = [facts.document(record, facts.provisions[0]) for record in facts.records]

    def work() -> None:
        for document in documents:
            for decision in decisions:
                assert decision.evaluate(document)["result"]["outcome"]

    return _seconds(work)


def _single() -> tuple[float, float]:
    """One centre after an acceptance, in the database and the engine: determined and stored; and with what pages read.

    The middle one of several, within the walls; the time that Django takes to put statements together is in neither.
    """
    from accounts.asking import asked_by_register
    from bench.cursor import TimedCursor
    from compliance import rollups
    from compliance.determine import determine, lock_period, store
    from compliance.facts import facts_of_period

    country.forget()
    period = country.period()
    determine(period=period, cause="benchmark")
    country.settle()
    taken = []
    for centre in country.amended(SINGLE):
        with within(), asked_by_register(), TimedCursor.used() as timed, transaction.atomic():
            lock_period(period)
            facts = facts_of_period(period, [centre])
            made = store(facts, cause="benchmark")
            stored = timed.seconds
            rollups.follow(facts)
            taken.append((stored, timed.seconds))
        assert any(one.is_new for one in made), "nothing was made"
    return sorted(stored for stored, _ in taken)[SINGLE // 2], sorted(whole for _, whole in taken)[SINGLE // 2]
