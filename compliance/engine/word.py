"""A word that is said in a reader's language."""


class Word(str):
    """A word within a message: translated before it stands in the sentence."""

    __slots__ = ()
