"""The one error of the API: raised anywhere, rendered once; its texts stand in `error_rows.py`."""

from collections.abc import Mapping
from typing import Any

from emulator.core.error_rows import ERRORS, IMAGE_CODES, ErrorRow

__all__ = ["ERRORS", "IMAGE_CODES", "ApiError", "ErrorRow", "quoted_list"]

NO_RETRY = {"x-should-retry": "false"}


class ApiError(Exception):
    """An answer that is an error: `name` is a row of `ERRORS`, `values` fill its message.

    Raised anywhere, rendered once (`core/dialects.py`), because a dialect may word the same error otherwise. `own` is
    a row that stands in no table. `fixture` is the name of the fixture that asked for the error, for the journal.
    """

    fixture: str | None = None

    def __init__(
        self,
        name: str,
        /,
        param: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        own: ErrorRow | None = None,
        **values: Any,
    ) -> None:
        self.name = name
        self.own = own
        self.param = param
        self.values = {"param": param, **values}
        self.headers = dict(headers or {})
        if name in ("not_implemented", "extra_missing", "fixture_not_found", "sequence_ended", "template_failed"):
            self.headers |= NO_RETRY
        super().__init__(self.message)

    @property
    def row(self) -> ErrorRow:
        """The row of the table, as the OpenAI dialect words it; or the error's own."""
        return self.own or ERRORS[self.name]

    @property
    def message(self) -> str:
        """The sentence that the client sees (OpenAI wording)."""
        return self.row.message.format(**self.values)


def quoted_list(values: list[str] | tuple[str, ...]) -> str:
    """Name choices as the service does: `'a', 'b', and 'c'` (two: `'a' and 'b'`)."""
    names = [f"'{value}'" for value in values]
    if len(names) < 3:
        return " and ".join(names)
    return f"{', '.join(names[:-1])}, and {names[-1]}"
