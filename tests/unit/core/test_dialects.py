"""The dialects as data: what a path chooses, and that the table of differences leaves nothing out."""

from dataclasses import fields
from string import Formatter

import pytest

from emulator.core.dialect_table import differences, error_differences
from emulator.core.dialects import AZURE, DIALECTS, OPENAI, Dialect, choose
from emulator.core.errors import ERRORS, ApiError
from emulator.core.readings import READINGS, configured
from emulator.settings import Settings


@pytest.mark.parametrize(
    ("path", "prefix", "dialect"),
    [
        ("/openai/v1", "/openai/v1", AZURE),
        ("/openai/v1/responses", "/openai/v1", AZURE),
        ("/openai/responses", "/openai", AZURE),
        ("/openai/v1x/responses", "/openai", AZURE),
        ("/v1/files", "/v1", OPENAI),
        ("/api/projects/a.b-c/openai/v1/responses", "/api/projects/a.b-c/openai/v1", AZURE),
    ],
)
def test_the_longest_prefix_chooses(path: str, prefix: str, dialect: Dialect) -> None:
    assert choose(path) == (prefix, dialect)


@pytest.mark.parametrize("path", ["", "/", "/v", "/v1x", "/openaix", "/x/v1", "/api/projects/openai/v1", "/v1\n"])
def test_other_paths_choose_nothing(path: str) -> None:
    assert choose(path) is None


def test_each_field_of_a_dialect_that_differs_is_told() -> None:
    every = configured(Settings(**{one.setting: one.value for one in READINGS}))
    own = {field.name for field in fields(Dialect)} - {"name", "errors"}
    told: set[str] = set()
    for dialects in (DIALECTS, tuple(every.values())):
        differ = {name for name in own if len({str(getattr(one, name)) for one in dialects}) > 1}
        assert {row.field for row in differences(dialects)} == differ
        told |= differ
    assert told == own, "what differs under no setting is no field of a dialect"


def test_each_error_that_a_dialect_words_itself_is_told() -> None:
    told = error_differences()
    assert set(told) == {name for one in DIALECTS for name in one.errors}, "what is the same is no row of a dialect"


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_row_has_one_of_three_bodies(dialect: Dialect, name: str) -> None:
    row = dialect.errors.get(name, ERRORS[name])
    texts = (row.message, ERRORS[name].message)
    words = {found: "x" for text in texts for _, found, *_ in Formatter().parse(text) if found and found != "param"}
    status, body = dialect.render(ApiError(name, "p", **words))
    assert status == row.status
    assert set(body) in ({"error"}, {"statusCode", "message"})
    if "error" in body:
        assert set(body["error"]) in ({"message", "type", "param", "code"}, {"code", "message"})
