"""The table of endpoints: each row leads to a function, and no endpoint is left out."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import emulator.api
from emulator.api.routes import ROUTES, endpoint

NAMES = sorted({name for _, _, name in ROUTES})


@pytest.mark.parametrize("name", NAMES)
def test_each_row_leads_to_an_endpoint_that_says_what_it_is(name):
    found = endpoint(name)
    assert inspect.iscoroutinefunction(found)
    assert found.__module__ == f"emulator.api.{name.partition('.')[0]}"
    assert (found.__doc__ or "").split(maxsplit=1)[0] in {method for method, _, row in ROUTES if row == name} | {"Both"}


def test_no_path_has_two_endpoints():
    assert len({(method, path) for method, path, _ in ROUTES}) == len(ROUTES)


def test_no_endpoint_is_left_out():
    for module in sorted({name.partition(".")[0] for name in NAMES}):
        endpoint(next(name for name in NAMES if name.startswith(f"{module}.")))
        members = vars(sys.modules[f"emulator.api.{module}"])
        public = {
            f"{module}.{name}"
            for name, found in members.items()
            if inspect.iscoroutinefunction(found) and found.__module__.endswith(module) and not name.startswith("_")
            if "request" in str(inspect.signature(found)).lower()
            and inspect.signature(found).return_annotation.__name__ == "Response"
        }
        assert public <= set(NAMES)


def test_what_few_tests_ask_is_not_loaded_before_it_is_asked():
    program = "import sys; from emulator.app import create_app; create_app(); print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(emulator.api.__path__[0]).parents[1],
    ).stdout.split()
    assert "emulator.api.responses" in told
    late = ("api.vector_stores", "api.containers", "api.uploads", "run.file_search", "run.code", "store.vector_stores")
    assert not {f"emulator.{name}" for name in late} & set(told)
    assert not {"sse_starlette", "tomllib", "yaml"} & set(told)
