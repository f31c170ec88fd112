"""What may stand nowhere is found where it stands, and what is like it is left alone."""

import pytest

from config.forbidden import faults_of_code, faults_of_template, main, secrets_in

# Put together here, so that this file holds none.
SECRETS = [
    "-----BEGIN " + "PRIVATE KEY-----",
    "-----BEGIN OPENSSH " + "PRIVATE KEY-----",
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "ghp_" + "a" * 36,
    'api_key = "' + "q7Xv2LmZ0aTfR9" + 'kWc4BnYdE1"',
]


@pytest.mark.parametrize(
    "code",
    [
        "from django.utils.safestring import mark_safe",
        "x = django.utils.html.SafeString(name)",
        "eval(text)",
        "exec(text)",
        "format_html(text)",
        'format_html(f"<b>{name}</b>")',
        'format_html("<b>" + name)',
        "re.compile(text)",
        're.search(request.GET["q"], line)',
        "Centre.objects.filter(name_en__iregex=search)",
        're.fullmatch(f"{text}$", line)',
    ],
)
def test_code_that_trusts_a_text_is_found(code: str) -> None:
    assert [line for line, _ in faults_of_code(f"\n{code}\n")] == [2]


@pytest.mark.parametrize(
    "code",
    [
        'format_html("<b>{}</b>", name)',
        "re.compile(r'[0-9]+')",
        "re.fullmatch(rf'{_WHOLE}x', line)",
        "Centre.objects.filter(name_en__icontains=search)",
        "Q(code__regex=r'^[A-Z]+$')",
        "parser.compile(text)",
    ],
)
def test_code_that_writes_its_own_patterns_is_left_alone(code: str) -> None:
    assert list(faults_of_code(code)) == []


@pytest.mark.parametrize(
    "markup",
    [
        "{{ centre.name|safe }}",
        "{{ names|join:', '|safeseq }}",
        "{% autoescape off %}",
        '<a onclick="go()">',
        '<p style="color: red">',
        "<style>p { color: red }</style>",
        "<script>go()</script>",
    ],
)
def test_markup_that_is_not_escaped_is_found(markup: str) -> None:
    assert next(faults_of_template(f"<p>\n{markup}"))[0] == 2


def test_markup_as_it_should_be_is_left_alone() -> None:
    good = '<script src="{% static \'a.js\' %}" defer></script><p class="a">{{ name }}</p><p lang="en">safe</p>'
    assert list(faults_of_template(good)) == []


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_found(secret: str) -> None:
    assert [line for line, _ in secrets_in(f"\n{secret}\n")] == [2]


@pytest.mark.parametrize("text", ["0" * 64, "SECRET_KEY_FILE=/run/secrets/secret-key", 'password = "correct horse"'])
def test_what_is_none_is_left_alone(text: str) -> None:
    assert list(secrets_in(text)) == []


def test_nothing_of_it_stands_in_the_project() -> None:
    assert main() == 0
