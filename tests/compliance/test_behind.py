"""What is handed over is stored in its order while more is made; whatever goes wrong, nobody waits for ever."""

import threading
from collections.abc import Iterable, Iterator
from contextvars import ContextVar

import pytest

from compliance.behind import stored_behind

# More than may wait.
_MANY = [str(number) for number in range(1, 500)]
_asking = ContextVar("_asking", default="nobody")


@pytest.fixture(autouse=True)
def _leaves_no_thread() -> Iterator[None]:
    yield
    assert "behind" not in {thread.name for thread in threading.enumerate()}


class _Kept:
    """Stands where PostgreSQL takes texts: refuses the `wrong` one, and what comes cut short."""

    def __init__(self, wrong: str = "") -> None:
        self.pieces: list[list[str]] = []
        self._wrong = wrong

    @property
    def all(self) -> list[str]:
        return [text for piece in self.pieces for text in piece]

    def write(self, texts: Iterator[str]) -> None:
        piece = []
        for text in texts:
            if text == self._wrong:
                raise ValueError(text)
            piece.append(text)
        self.pieces.append(piece)


def _store(kept: _Kept, texts: Iterable[str]) -> None:
    with stored_behind(kept.write, 200) as behind:
        for text in texts:
            behind.take(text)


def test_all_is_stored_in_its_order_so_many_at_once() -> None:
    kept = _Kept()
    _store(kept, _MANY)
    assert [len(piece) for piece in kept.pieces] == [200, 200, 99]
    assert kept.all == _MANY


def test_nothing_handed_over_is_nothing_stored() -> None:
    kept = _Kept()
    _store(kept, [])
    assert not kept.pieces


@pytest.mark.parametrize("wrong", [_MANY[0], _MANY[250], _MANY[-1]])
def test_what_goes_wrong_in_storing_is_raised_where_texts_are_made(wrong: str) -> None:
    kept = _Kept(wrong)
    with pytest.raises(ValueError, match=f"^{wrong}$"):
        _store(kept, _MANY)
    assert kept.all == _MANY[: _MANY.index(wrong) // 200 * 200]


@pytest.mark.parametrize("made", [0, 1, 100, 250])
def test_what_was_being_stored_when_making_went_wrong_is_cut_short(made: int) -> None:
    kept = _Kept()
    with pytest.raises(ZeroDivisionError):
        _store(kept, (text for text in _MANY if text != _MANY[made] or 1 / 0))
    assert kept.all == _MANY[: made // 200 * 200]


def test_it_is_stored_in_the_name_of_who_asks() -> None:
    names: list[str] = []
    known = _asking.set("regulator")
    with stored_behind(lambda texts: names.extend(_asking.get() for _ in texts), 200) as behind:
        behind.take("text")
    _asking.reset(known)
    assert names == ["regulator"]
