"""What `portcheck.frozen` makes is what the standard library would have made, but for setting a field."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from portcheck import frozen

Maker = Callable[..., Any]


def shapes(dataclass: Maker) -> dict[str, Any]:
    """The same classes by either decorator."""

    @dataclass(frozen=True, slots=True)
    class Plain:
        name: str
        port: int = 53
        every: ClassVar[int] = 7

    @dataclass(frozen=True, slots=True)
    class Grown(Plain):
        more: tuple[str, ...] = ()

    @dataclass(frozen=True)
    class Told:
        name: str
        when: float = dataclasses.field(default=0.0, compare=False)
        secret: str = dataclasses.field(default="hidden", repr=False)
        rows: list[int] = dataclasses.field(default_factory=list, hash=False)

        def __post_init__(self) -> None:
            if self.name == "bad":
                raise ValueError("bad")

    @dataclass(frozen=True, slots=True)
    class Nothing:
        pass

    @dataclass(frozen=True, slots=True)
    class Quiet:
        secret: str

        def __repr__(self) -> str:
            return "Quiet()"

    @dataclass(frozen=True, slots=True)
    class Same:
        name: str

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Same) and self.name.lower() == other.name.lower()

        def __hash__(self) -> int:
            return hash(self.name.lower())

    @dataclass(frozen=True, slots=True)
    class Alike:
        name: str

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Alike)

    @dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        number: int

    @dataclass(slots=True)
    class Open:
        number: int = 1

    return {kind.__name__: kind for kind in (Plain, Grown, Told, Nothing, Quiet, Same, Alike, Ordered, Open)}


OBJECTS: list[Callable[[dict[str, Any]], Any]] = [
    lambda of: of["Plain"]("a"),
    lambda of: of["Plain"]("a", 53),
    lambda of: of["Plain"]("a", port=88),
    lambda of: of["Grown"]("a", 53),
    lambda of: of["Grown"]("a", 53, ("x",)),
    lambda of: of["Told"]("a"),
    lambda of: of["Told"]("a", 9.0, "hidden", []),
    lambda of: of["Told"]("a", rows=[1]),
    lambda of: of["Told"]("a", secret="other"),
    lambda of: of["Nothing"](),
    lambda of: of["Quiet"]("s"),
    lambda of: of["Same"]("A"),
    lambda of: of["Same"]("a"),
    lambda of: of["Alike"]("a"),
    lambda of: of["Alike"]("b"),
    lambda of: of["Ordered"](1),
    lambda of: of["Ordered"](2),
    lambda of: of["Open"](),
]
OURS, THEIRS = shapes(frozen.dataclass), shapes(dataclasses.dataclass)


def hashed(one: object) -> object:
    try:
        return hash(one) is not None
    except TypeError:
        return "unhashable"


@pytest.mark.parametrize("made", OBJECTS)
def test_it_is_shown_and_hashed_as_the_librarys(made: Callable[[dict[str, Any]], Any]) -> None:
    ours, theirs = made(OURS), made(THEIRS)
    assert repr(ours) == repr(theirs)
    assert hashed(ours) == hashed(theirs)
    assert type(ours).__match_args__ == type(theirs).__match_args__
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert copy.copy(ours) == ours
    assert hasattr(ours, "__dict__") is hasattr(theirs, "__dict__")


def test_they_are_equal_where_the_librarys_are() -> None:
    def table(of: dict[str, Any]) -> list[list[bool]]:
        every = [made(of) for made in OBJECTS]
        return [[one == other for other in every] for one in every]

    assert table(OURS) == table(THEIRS)


def test_what_is_equal_has_one_hash() -> None:
    every = [one for one in (made(OURS) for made in OBJECTS) if hashed(one) is True]
    every = [one for one in every if not isinstance(one, OURS["Alike"])]  # equal by its own word only
    assert all(hash(one) == hash(other) for one in every for other in every if one == other)
    assert len(set(every)) < len(every)


def test_it_can_be_replaced_and_pattern_matched() -> None:
    plain = OURS["Plain"]("a")
    assert dataclasses.replace(plain, port=1) == OURS["Plain"]("a", 1)
    with pytest.raises(ValueError, match="bad"):
        OURS["Told"]("bad")
    with pytest.raises(TypeError):
        OURS["Plain"]()


@frozen.dataclass(frozen=True, slots=True)
class Sent:
    """As what a worker process is given, and gives back."""

    name: str
    rows: tuple[int, ...] = ()


def test_it_goes_to_another_process_and_back() -> None:
    sent = Sent("a", (1, 2))
    assert pickle.loads(pickle.dumps(sent)) == sent
    assert copy.deepcopy(sent) == sent
