"""Codes in addresses and their parameters."""

import re


class CodeConverter:
    """The code of a centre, mandate or period: anything else is no address at all."""

    regex = "[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: object) -> str:
        return str(value)


def as_code(asked: str | None) -> str:
    """A parameter as a code to look for; what is no code names nothing, and need not reach the database."""
    return asked if asked and re.fullmatch(CodeConverter.regex, asked, re.ASCII) else ""
