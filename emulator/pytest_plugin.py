"""The pytest plugin: a namespace for each test, and what a failed one asked for; it imports pytest alone until then."""

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.testing import Emulator

KEYS = ("fixtures", "unmatched", "clock")
MARKER = "emulator(fixtures=None, unmatched=None, clock=None): how the test's namespace is set up; it is made anyway"
_USED: pytest.StashKey["Emulator"] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --emulator-url and the ini options."""
    note = "URL of a running Responses emulator; else EMULATOR_URL; left out: one is started when a test needs it."
    parser.getgroup("responses-emulator").addoption("--emulator-url", metavar="URL", help=note)
    parser.addini("emulator_url", note, default="")
    parser.addini("emulator_fixtures", "File or folder of fixtures for every test, from the ini file's folder.")
    note = "Settings of the server that is started, one NAME = VALUE a line, as in entra = on."
    parser.addini("emulator_settings", note, type="linelist")
    parser.addini("emulator_unmatched", "Where no fixture matches: answer (the built-in model) or reject (404).")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and keep pytest from compiling our modules anew for its asserts: there are none."""
    config.addinivalue_line("markers", MARKER)
    marked = getattr(config.pluginmanager.rewrite_hook, "_must_rewrite", None)
    if isinstance(marked, set):  # it holds every package with a plugin, and ours would take a second more
        marked.discard("emulator")


def pytest_itemcollected(item: pytest.Item) -> None:
    """A test with the marker uses the fixture, also where it does not name it."""
    if isinstance(item, pytest.Function) and item.get_closest_marker("emulator"):
        item.fixturenames += ["emulator"] * ("emulator" not in item.fixturenames)


@pytest.fixture(scope="session")
def emulator_server(pytestconfig: pytest.Config) -> Iterator["Emulator"]:
    """One server for all tests of this process, or the one that runs elsewhere (--emulator-url)."""
    from emulator.testing import Emulator

    with _in_one_line():
        server = Emulator(
            _from(pytestconfig.rootpath, pytestconfig.getini("emulator_fixtures") or None),
            unmatched=pytestconfig.getini("emulator_unmatched") or None,
            url=_url(pytestconfig),
            **_settings(pytestconfig),
        ).start()
    yield server
    server.stop()


@pytest.fixture
def emulator(request: pytest.FixtureRequest, emulator_server: "Emulator") -> Iterator["Emulator"]:
    """A namespace that only this test has; the variables of the OpenAI clients point at it."""
    setup = _setup(request.node)
    with _in_one_line():
        namespace = emulator_server.namespace(_name(request.node.name))
        request.node.stash[_USED] = namespace
        namespace.set_up(**_inherited(request.config))
        namespace.set_up(**setup)
    with _patch(request) as patch:
        for variable, value in namespace.environ.items():
            patch.setenv(variable, value)
        yield namespace
        namespace.stop()


def _patch(request: pytest.FixtureRequest) -> AbstractContextManager[pytest.MonkeyPatch]:
    """What sets variables and sets them back: the test's own where it has one, so that all goes back in order.

    Elsewhere that fixture would cost each test as much as all the rest here.
    """
    if "monkeypatch" in request.fixturenames:
        return nullcontext(request.getfixturevalue("monkeypatch"))
    return pytest.MonkeyPatch.context()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Show what a failed test asked for, and why nothing matched."""
    report = yield
    namespace = item.stash.get(_USED, None)
    if namespace is not None and report.failed:
        told = namespace.report()
        if told:
            report.sections.append(("Responses emulator", told))
    return report


def _url(config: pytest.Config) -> str | None:
    """The server that runs elsewhere, if one was named."""
    named = config.getoption("--emulator-url") or config.getini("emulator_url") or os.environ.get("EMULATOR_URL")
    return str(named) if named else None


def _settings(config: pytest.Config) -> dict[str, str]:
    """The settings of the ini file, by name, as text."""
    pairs = [line.partition("=") for line in config.getini("emulator_settings")]
    return {name.strip(): value.strip() for name, _, value in pairs}


def _inherited(config: pytest.Config) -> dict[str, Any]:
    """What the ini file says for each test, where the server was not started with it."""
    if _url(config) is None:
        return {}
    fixtures = _from(config.rootpath, config.getini("emulator_fixtures") or None)
    return {"fixtures": fixtures, "unmatched": config.getini("emulator_unmatched") or None}


def _setup(node: pytest.Item) -> dict[str, Any]:
    """What the markers say, the closest last."""
    setup: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("emulator"))):
        unknown = [str(word) for word in (*marker.args, *marker.kwargs) if word not in KEYS]
        if unknown:
            pytest.fail(f"the marker emulator knows {', '.join(KEYS)}=..., not {', '.join(unknown)}", pytrace=False)
        setup |= marker.kwargs
    setup["fixtures"] = _from(node.path.parent, setup.get("fixtures"))
    return setup


def _from(folder: Path, fixtures: Any) -> Any:
    """A path from that folder; anything else as it is."""
    return folder / fixtures if isinstance(fixtures, str | Path) else fixtures


def _name(test: str) -> str:
    """A namespace's name that shows the test's, and that no other test has."""
    from emulator.testing.emulator import new_name

    return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', test)[:40]}-{new_name()}"


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Tell what cannot be set up without the plugin's own lines."""
    from emulator.testing import EmulatorError

    try:
        yield
    except EmulatorError as error:
        pytest.fail(f"Responses emulator: {error}", pytrace=False)
