"""The check that nothing answers anybody past `visible_to`: what it finds, what it lets through, what it says."""

import pytest

from config import walls

RELATED = walls.belonging(['centre = models.ForeignKey(Centre, related_name="submissions")', 'related_name="+"'])
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
    ],
)
def test_what_begins_with_what_somebody_may_see_is_let_through(source: str) -> None:
    assert found(VIEW + source) == []


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


def test_a_dictionary_whose_names_stand_there_is_let_through() -> None:
    assert not found("def listed(code):\n    terms = {'code': code}\n    return rows.filter(**terms)")
    assert not found("def listed(code):\n    return rows.annotate(**SUMS)")


def test_a_template_that_asks_an_object_for_all_that_belongs_to_it_is_found() -> None:
    source = "{% for one in centre.submissions.all %}{{ one }}{% endfor %}"
    assert [one.written for one in walls.shown("x.html", source, RELATED)] == ["submissions"]


def test_the_house_has_no_hole_and_every_exception_is_needed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert walls.main() == 0
    unneeded = walls.Exempt("chips/views.py", "show_submission", "Nothing.objects.all", "It was needed once.")
    monkeypatch.setattr(walls, "EXCEPTIONS", (*walls.EXCEPTIONS[1:], unneeded))
    assert walls.main() == 1
    said = capsys.readouterr().out
    assert "nothing needs the exception for Nothing.objects.all" in said
    assert "IdempotencyKey.objects.bulk_create past visible_to(user)" in said


def test_every_exception_says_why() -> None:
    assert all(len(one.reason) > 20 for one in walls.EXCEPTIONS)
