"""`dataclass` as the emulator uses it: what is frozen is held so by the type checker, not while it runs.

To set the fields of a frozen dataclass takes four times as long as to set those of any other, and a create makes some
twenty of them: that was an eighth of its instructions. And the library writes and compiles a method of each kind for
each class, a fifth of what our own modules take to import; here all classes share theirs but `__init__`. It knows no
class (docs/decisions/0014).
"""

import dataclasses
import reprlib
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool = False, **options: Any) -> Any:
        """The library's own `dataclass`; with `frozen` equal ones hash alike, and mypy refuses to change one."""
        made = dataclasses.dataclass(repr=False, eq=False, **options)

        def decorate(cls: type) -> type:
            own = vars(cls)
            says_hash = own.get("__hash__") is not None
            if "__eq__" not in own:
                cls.__eq__ = _eq
            if not says_hash:
                cls.__hash__ = _hash if frozen else None
            if "__repr__" not in own:
                cls.__repr__ = _repr
            return made(cls)

        return decorate


def _compared(one: Any) -> tuple[Any, ...]:
    return tuple([getattr(one, each.name) for each in dataclasses.fields(one) if each.compare])


def _eq(self: Any, other: object) -> Any:
    if other is self:
        return True
    if other.__class__ is not self.__class__:
        return NotImplemented
    return _compared(self) == _compared(other)


def _hash(self: Any) -> int:
    hashed = (each for each in dataclasses.fields(self) if (each.compare if each.hash is None else each.hash))
    return hash(tuple([getattr(self, each.name) for each in hashed]))


@reprlib.recursive_repr()
def _repr(self: Any) -> str:
    shown = [f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr]
    return f"{type(self).__qualname__}({', '.join(shown)})"
