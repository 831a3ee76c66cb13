"""What a container may be called, take and be asked for; no body raises anything but an ApiError."""

import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core import file_types
from emulator.core.container_params import NewContainer, parse_container, parse_copy
from emulator.core.errors import ApiError
from emulator.core.ids import Ids, ItemIds, digest

# As the how-to page has it, without the second types of .py and .csv.
PAGE = [
    *("c", "cs", "cpp", "csv", "doc", "docx", "html", "java", "json", "md", "pdf", "php", "pptx", "py", "rb"),
    *("tex", "txt", "css", "js", "sh", "ts", "jpeg", "jpg", "gif", "pkl", "png", "tar", "xlsx", "xml", "zip"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(["name", "file_ids", "expires_after", "memory_limit", "file_id", "x"])


def test_the_file_types_are_those_of_the_page() -> None:
    assert [ending.removeprefix(".") for ending in file_types.FILE_TYPES] == PAGE


@pytest.mark.parametrize(
    ("name", "ending", "kind"),
    [
        ("a.csv", ".csv", "text/csv"),
        ("A.B.PNG", ".png", "image/png"),
        ("a.exe", ".exe", None),
        ("Makefile", "", None),
        (".csv", "", None),
        ("a.", "", None),
    ],
)
def test_the_type_of_a_file_goes_by_its_extension(name: str, ending: str, kind: str | None) -> None:
    assert (file_types.extension(name), file_types.media_type(name)) == (ending, kind)


@given(st.text(max_size=300))
def test_a_name_is_right_or_its_problem_is_told(name: str) -> None:
    bad = name in ("", ".", "..") or len(name) > 255 or re.search(r"[/\\\0-\x1f]", name)
    assert (file_types.name_problem(name) is not None) == bool(bad)


def test_a_body_has_defaults() -> None:
    assert parse_container(b'{"name": "x"}') == NewContainer("x", (), 20, "1g", ())


@given(body=st.dictionaries(FIELDS, JSON, max_size=4), strict=st.booleans())
def test_no_body_raises_anything_but_an_api_error(body: dict[str, Any], strict: bool) -> None:
    for parse in (parse_container, parse_copy):
        try:
            parse(orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS), strict=strict)
        except ApiError as error:
            assert error.row.status == 400  # noqa: PT017 (any of them will do)
        except orjson.JSONEncodeError:  # more than 64 bits: no JSON body of ours
            pass


def test_ids_have_the_shape_of_the_wire() -> None:
    ids = Ids()
    seconds = f"{1_752_174_469:08x}"
    assert re.fullmatch(f"cntr_{seconds}[0-9a-f]{{40}}", ids.container(1_752_174_469.9))
    assert re.fullmatch(f"cfile_{seconds}[0-9a-f]{{24}}", ids.container_file(1_752_174_469.9))
    own = ItemIds("cntr_1", "files")
    made = [own.container_file(1_752_174_469.9) for _ in range(9)]
    assert len(set(made)) == 9
    assert all(re.fullmatch(f"cfile_{seconds}[0-9a-f]{{24}}", one) for one in made)
    assert made[0] == ItemIds("cntr_1", "files").container_file(1_752_174_469.9)
    assert re.fullmatch("[0-9a-f]{32}", digest("x"))
