"""Regular expressions that are compiled when they are first used; it knows none.

Seventy of them took a tenth of the time that our own modules take to import, and a test meets a few.
"""

import re
from typing import Any, AnyStr, cast


def lazy_pattern(source: AnyStr, flags: int = 0) -> "re.Pattern[AnyStr]":
    """What `re.compile` gives, for its methods and attributes; `re`'s own functions do not take it."""
    return cast("re.Pattern[AnyStr]", _Lazy(source, flags))


class _Lazy:
    def __init__(self, source: str | bytes, flags: int) -> None:
        self._given: Any = (source, flags)

    def __getattr__(self, name: str) -> Any:
        """What was asked for, from now on without a way round."""
        if name.startswith("__"):  # of copies, which ask before anything is given
            raise AttributeError(name)
        value = getattr(re.compile(*self._given), name)
        setattr(self, name, value)
        return value
