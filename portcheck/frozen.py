"""`dataclass` as the standard library has it, made in a quarter of the time: each start makes hundreds of them.

The library writes and compiles six methods for each frozen class. Here only `__init__` is; comparing, hashing and
showing go by the names of the fields (which makes these three a little slower). That no field is set later is held by
the type checker, not at run time: so an object, too, is made in a fraction of the time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, **options):
        """The library's own, for what is not frozen and for every other option."""
        if not frozen or options:
            return dataclasses.dataclass(cls, frozen=frozen, slots=slots, **options)
        return _made(cls, slots=slots) if cls is not None else lambda cls: _made(cls, slots=slots)


__all__ = ["dataclass"]

_Values = Callable[[object], object]


def _made(cls: type, *, slots: bool) -> type:
    own = vars(cls)
    if cls.__doc__ is None:
        cls.__doc__ = cls.__name__  # else the library makes one of the whole signature
    made: type = dataclasses.dataclass(eq=False, repr=False, slots=slots)(cls)
    fields = dataclasses.fields(made)
    methods = {
        "__repr__": _shown([field.name for field in fields if field.repr]),
        "__eq__": _equal(_values([field.name for field in fields if field.compare])),
        "__hash__": _hashed(_values([f.name for f in fields if (f.compare if f.hash is None else f.hash)])),
    }
    for name, method in methods.items():
        if own.get(name) is None:  # Python itself says None where a class has only an `__eq__` of its own
            setattr(made, name, method)
    return made


def _values(names: Sequence[str]) -> _Values:
    return attrgetter(*names) if names else lambda _: ()


def _equal(values: _Values) -> Callable[[object, object], object]:
    return lambda one, other: values(one) == values(other) if other.__class__ is one.__class__ else NotImplemented


def _hashed(values: _Values) -> Callable[[object], int]:
    return lambda one: hash(values(one))


def _shown(names: Sequence[str]) -> Callable[[object], str]:
    return lambda one: f"{type(one).__qualname__}({', '.join(f'{name}={getattr(one, name)!r}' for name in names)})"
