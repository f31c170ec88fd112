"""Parts of addresses."""


class CodeConverter:
    """The code of a centre, mandate or period: anything else is no address at all."""

    regex = "[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: object) -> str:
        return str(value)
