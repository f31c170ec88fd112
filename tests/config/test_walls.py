"""The check that nothing answers anybody past `visible_to`: what it finds, what it lets through, what it says."""

import pytest

from config import walls
from config.wall_exceptions import Exempt

RELATED = walls.belonging(
    [
        'class Claim(models.Model):\n    centre = models.ForeignKey(Centre, related_name="submissions")',
        'related_name="+"',
    ]
)
VIEW = "from django.shortcuts import render\n"


def found(source: str, module: str = "chips/some_views.py") -> list[str]:
    return [one.written for one in walls.breaches(module, source, RELATED)]


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("def show(request):\n    return Submission.objects.filter(pk=1)", "Submission.objects.filter"),
        ("def show(request):\n    return Submission.objects", "Submission.objects"),
        ("def show(request):\n    return Submission._default_manager.all()", "Submission._default_manager.all"),
        ("def show(request):\n    return centre.submissions.count()", "centre.submissions.count"),
        ("def show(request):\n    get_object_or_404(Centre, code=c)", "get_object_or_404(Centre, code=c)"),
        ("def show(request):\n    connection.cursor()", "connection.cursor()"),
        ("def show(request):\n    found.raw('SELECT 1')", "found.raw('SELECT 1')"),
        ("class Form:\n    centre = ModelChoiceField(queryset=Centre.objects.all())", "Centre.objects.all"),
        ("def show(request):\n    return centre.centrerecord_set.all()", "centre.centrerecord_set.all"),
        ("def show(request):\n    return getattr(Centre, 'objects').all()", "getattr(Centre, 'objects')"),
        ("def show(request):\n    return getattr(Claim, name).all()", "getattr(Claim, name)"),
        ("def show(request):\n    return getattr(centre, 'submissions').all()", "getattr(centre, 'submissions')"),
        # A join asks the wall of the table that it comes from, and not of the one that it leads to.
        ("def show(request):\n    return centres.values('submissions__status')", "'submissions__status'"),
        ("def show(request):\n    return centres.values_list('submissions')", "'submissions'"),
        ("def show(request):\n    return centres.annotate(n=Count('submissions'))", "'submissions'"),
        ("def show(request):\n    return centres.annotate(n=F('submissions__pk'))", "'submissions__pk'"),
        ("def show(request):\n    return centres.filter(submissions__status='draft')", "submissions__status"),
        ("def show(request):\n    return centres.filter(**{'submissions__status': 'draft'})", "'submissions__status'"),
        ("def show(request):\n    return centres.prefetch_related('submissions')", "'submissions'"),
        ("def show(request):\n    return centres.prefetch_related(Prefetch('submissions'))", "'submissions'"),
    ],
)
def test_a_model_reached_past_the_wall_is_found(source: str, written: str) -> None:
    assert found(VIEW + source) == [written]


@pytest.mark.parametrize(
    "source",
    [
        "def show(request):\n    return Submission.objects.visible_to(request.user).filter(pk=1)",
        "def show(request):\n    return centre.submissions.visible_to(request.user)",
        "def show(request):\n    get_object_or_404(Centre.objects.visible_to(request.user), code=c)",
        "class Form:\n    centre = ModelChoiceField(Centre.objects.none())",
        # `accounts.rest` narrows both to what the asker may see.
        "class Centres(Resource):\n    queryset = Centre.objects.select_related('operator')",
        "class Body:\n    centre = CodeField(slug_field='code', queryset=Centre.objects.all())",
        "def show(request):\n    return getattr(record, name)",
        "def show(request):\n    return rows.prefetch_related(Prefetch('submissions', queryset=mine))",
        "def show(request):\n    return lines.values('submission__centre').annotate(n=Sum('submissions'))",
    ],
)
def test_what_begins_with_what_somebody_may_see_is_let_through(source: str) -> None:
    assert found(VIEW + source) == []


@pytest.mark.parametrize("method", ["order_by", "values", "values_list", "only", "defer", "distinct", "earliest"])
def test_columns_that_a_request_names_are_found(method: str) -> None:
    for name in ("request.GET['o']", "*request.GET.getlist('o')", "f'-{asked}'", "F(asked)", "COLUMNS[asked]"):
        assert found(f"{VIEW}def show(request, asked):\n    return rows.{method}({name})"), name
    assert found(f"{VIEW}def show(request):\n    o = 'a'\n    o = request.GET['o']\n    return rows.{method}(o)")
    assert found(f"{VIEW}def show(request):\n    o = 'a'\n    o = o + asked\n    return rows.{method}(o, *o)")
    for name in ("'pk'", "*COLUMNS", "F('pk').desc()", "'a' if is_first else 'b'", "heads.FIELDS", "f'sum_{what}'"):
        shown = f"{VIEW}def show(request):\n    for what in ('a', 'b'):\n        rows.{method}({name})"
        assert not found(shown), name


@pytest.mark.parametrize("pairs", ["(request.GET['f'], 1)", "*request.GET.items()"])
def test_a_pair_whose_name_a_request_gives_is_found(pairs: str) -> None:
    assert found(f"{VIEW}def show(request):\n    return Q({pairs})")
    assert found(f"{VIEW}def show(request):\n    return rows.filter({pairs})")
    assert not found(f"{VIEW}def show(request):\n    return rows.filter(('code', 1))")


@pytest.mark.parametrize(
    "eyes", ["User(role='analyst')", "User.objects.first()", "centre.user", "somebody", "user=User()", ""]
)
def test_what_is_seen_through_other_eyes_than_the_askers_is_found(eyes: str) -> None:
    assert f"Centre.objects.visible_to({eyes})" in found(f"def show(request):\n    Centre.objects.visible_to({eyes})")


def test_nor_is_the_asker_made_before() -> None:
    asked = "def show(request):\n    user{} = {}\n    return Centre.objects.visible_to(user)"
    assert found(asked.format("", "User(role='analyst')")) == ["Centre.objects.visible_to(user)"]
    assert found(asked.format(", day", "find(request)")) == ["Centre.objects.visible_to(user)"]
    assert not found(asked.format("", "request.user"))
    assert not found(asked.format(", day", "request.user, today()"))


def test_a_function_that_is_told_for_whom_it_works_keeps_within_it_in_any_module() -> None:
    gathered = "def gathered(user: User):\n    return Submission.objects.all()"
    for_the_register = "def gathered(known_at):\n    return Submission.objects.all()"
    assert found(gathered, "chips/review.py") == ["Submission.objects.all"]
    assert found(for_the_register, "chips/review.py") == []


@pytest.mark.parametrize("method", ["filter", "exclude", "annotate", "create", "update", "get", "aggregate"])
def test_no_dictionary_of_names_that_came_with_a_request_is_expanded_into_a_query(method: str) -> None:
    assert found(f"def listed(asked):\n    return rows.{method}(**asked)") == [f"rows.{method}(**asked)"]
    assert found(f"def listed(asked):\n    return rows.{method}(**{{f: v for f, v in asked.items()}})")
    assert found(f"def listed(asked):\n    terms = dict(asked)\n    return rows.{method}(**terms)")
    assert found(f"def listed(terms):\n    if not terms:\n        terms = {{}}\n    return rows.{method}(**terms)")


@pytest.mark.parametrize("method", ["filter", "values", "get_or_create", "Claim", "models.Claim"])
@pytest.mark.parametrize(
    "filled",
    [
        "terms.update(request.GET.dict())",
        "terms[request.GET['f']] = 1",
        "terms.setdefault(request.GET['f'], 1)",
        "terms |= request.GET.dict()",
        "terms = terms | request.GET.dict()",
        "fill(terms, request)",
        "for terms in request.GET['all']: pass",
    ],
)
def test_nor_is_one_that_was_filled_from_a_request(method: str, filled: str) -> None:
    of = method if "laim" in method else f"rows.{method}"
    asked = f"def listed(request):\n    terms = {{'code': 1}}\n    {filled}\n    return {of}(**terms)"
    assert found(asked) == [f"{of}(**terms)"]


def test_no_row_is_made_of_a_dictionary_of_a_request() -> None:
    assert found("def made(request):\n    Claim(**request.POST.dict())") == ["Claim(**request.POST.dict())"]
    assert found("def made(asked):\n    rows.bulk_create([Claim(**one) for one in asked])") == ["Claim(**one)"]
    assert not found("def made(asked):\n    Draft(**asked)")


def test_a_dictionary_whose_names_stand_there_is_let_through() -> None:
    assert not found("def listed(code):\n    terms = {'code': code}\n    return rows.filter(**terms)")
    assert not found("def listed(code):\n    return rows.annotate(**SUMS)")
    assert not found("def listed(code):\n    terms = {'a': 1}\n    terms['b'] = code\n    return rows.filter(**terms)")
    assert not found("def listed(code):\n    return rows.filter(**{name: code for name in NAMES}, **heads.MORE)")
    assert not found("def listed(code):\n    terms = {'a': 1} if code else {}\n    rows.filter(**{'b': 1, **terms})")


def test_a_template_that_asks_an_object_for_all_that_belongs_to_it_is_found() -> None:
    source = "{% for one in centre.submissions.all %}{{ one }}{% endfor %}"
    assert [one.written for one in walls.shown("x.html", source, RELATED)] == ["submissions"]


def test_the_house_has_no_hole_and_every_exception_is_needed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert walls.main() == 0
    unneeded = Exempt("chips/views.py", "show_submission", "Nothing.objects.all", "It was needed once.")
    monkeypatch.setattr(walls, "EXCEPTIONS", (*walls.EXCEPTIONS[1:], unneeded))
    assert walls.main() == 1
    said = capsys.readouterr().out
    assert "nothing needs the exception for Nothing.objects.all" in said
    assert "IdempotencyKey.objects.bulk_create past visible_to(user)" in said


def test_every_exception_says_why() -> None:
    assert all(len(one.reason) > 20 for one in walls.EXCEPTIONS)
