"""The table of endpoints: each row leads to the right function, and no endpoint is left out."""

import asyncio
import inspect
import pkgutil
import re
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse

import emulator.api
from emulator.api.routes import ROUTES, endpoint
from emulator.app import create_app
from emulator.settings import Settings

NAMES = sorted({name for _, _, name in ROUTES})
LATE = ("api.vector_stores", "api.containers", "api.uploads", "run.file_search", "run.code", "store.vector_stores")


@pytest.mark.parametrize(("method", "path", "name"), ROUTES)
def test_each_row_leads_to_an_endpoint_that_says_the_same(method, path, name):
    found = endpoint(name)
    assert inspect.iscoroutinefunction(found)
    assert found.__module__ == f"emulator.api.{name.partition('.')[0]}"
    told = (found.__doc__ or "").splitlines()[0]
    assert method in told
    fixed = [part for part in path.removeprefix("/_emulator").split("/") if part and "{" not in part]
    assert re.search(rf"\b{re.escape(fixed[-1])}\b", told)


def test_no_path_has_two_endpoints():
    assert len({(method, path) for method, path, _ in ROUTES}) == len(ROUTES)


def test_no_endpoint_is_left_out():
    public = set()
    for found in pkgutil.iter_modules(emulator.api.__path__):
        module = import_module(f"emulator.api.{found.name}")
        public |= {
            f"{found.name}.{name}"
            for name, member in vars(module).items()
            if not name.startswith("_") and inspect.iscoroutinefunction(member)
            if member.__module__ == module.__name__ and _takes_a_request_alone(member)
        }
    assert public == set(NAMES)


def _takes_a_request_alone(function):
    signature = inspect.signature(function)
    kinds = [getattr(one.annotation, "__name__", "") for one in signature.parameters.values()]
    return kinds == ["Request"] and signature.return_annotation.__name__ == "Response"


def test_what_few_tests_ask_is_not_loaded_before_it_is_asked():
    program = "import sys; from emulator.app import create_app; create_app(); print(*sys.modules)"
    root = Path(emulator.api.__path__[0]).parents[1]
    command = [sys.executable, "-c", program]
    told = set(subprocess.run(command, capture_output=True, text=True, check=True, cwd=root).stdout.split())
    assert "emulator.api.responses" in told
    assert all(find_spec(f"emulator.{name}") for name in LATE)
    assert not {f"emulator.{name}" for name in LATE} & told
    assert not {"sse_starlette", "tomllib", "yaml"} & told


def first_answer(method, path, prepare=lambda _: None):
    """What a server says whose very first request this is."""

    async def ask():
        app = create_app(Settings())
        prepare(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.request(method, f"http://localhost{path}", headers={"api-key": "any"})

    return asyncio.run(ask())


def test_the_first_request_finds_paths_that_have_parameters():
    assert first_answer("GET", "/openai/v1/responses/resp_1").json()["error"]["message"].startswith("Response with id")
    assert first_answer("GET", "/openai/v1/models/gpt-4o").status_code == 200


def test_the_first_request_may_be_wrong():
    wrong = first_answer("GET", "/openai/v1/responses")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert first_answer("GET", "/openai/v1/nothing/here").status_code == 404


def test_a_route_of_ones_own_hides_none():
    def prepare(app):
        app.add_route("/own", lambda _: PlainTextResponse("mine"))

    assert first_answer("GET", "/openai/v1/models/gpt-4o", prepare).status_code == 200
