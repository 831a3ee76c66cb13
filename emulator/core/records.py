"""`dataclass` as the emulator uses it: what is frozen is held so by the type checker, not while it runs.

To set the fields of a frozen dataclass takes four times as long as to set those of any other, and a create makes some
twenty of them: that is a twentieth of its time. It knows no class.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool = False, **options: Any) -> Any:
        """The library's own `dataclass`; with `frozen` equal ones hash alike, and mypy refuses to change one."""
        return dataclasses.dataclass(unsafe_hash=frozen, **options)
