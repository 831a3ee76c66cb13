"""Where the evidence for the wire has two readings, what a setting makes of the dialects; a reading is data alone."""

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from emulator.core.dialects import DIALECTS, Dialect
from emulator.core.errors import ERRORS
from emulator.core.records import dataclass
from emulator.settings import Settings


@dataclass(frozen=True, slots=True)
class Reading:
    """What the `value` of a `setting` means: `facts` of a dialect and parts of its `errors` that are otherwise.

    It holds in `dialect`, or in all where that is None. Why there are two stands in docs/coverage.md.
    """

    setting: str
    value: object
    dialect: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


READINGS = (
    Reading("azure_conversations", True, "azure", facts={"conversations": True}),
    Reading("azure_compact", True, "azure", facts={"compact": True}),
    Reading("content_type_status", "415", errors={"bad_content_type": {"status": 415}}),
    Reading("missing_item_status", "400", errors={"item_not_found": {"status": 400}}),
    Reading("id_prefix_code", "invalid_id_prefix", errors={"id_prefix": {"code": "invalid_id_prefix"}}),
    Reading("azure_upload_status", "201", "azure", facts={"upload_status": 201}),
    Reading("assistants_download", "refuse", "openai", facts={"kept_purposes": ("assistants",)}),
    Reading("azure_filter_body", "chat", "azure", facts={"filter_key": "innererror"}),
)


def configured(settings: Settings) -> Mapping[str, Dialect]:
    """The dialects by their names, as these settings read the wire."""
    chosen = [one for one in READINGS if getattr(settings, one.setting) == one.value]
    return {dialect.name: _read(dialect, chosen) for dialect in DIALECTS}


def _read(dialect: Dialect, chosen: list[Reading]) -> Dialect:
    for one in chosen:
        if one.dialect in (None, dialect.name):
            rows = {name: replace(dialect.errors.get(name, ERRORS[name]), **part) for name, part in one.errors.items()}
            dialect = replace(dialect, **one.facts, errors={**dialect.errors, **rows})
    return dialect
