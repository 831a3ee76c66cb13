"""Projects of users, each with its own pytest: the plugin comes by its entry point where the package is installed."""

import os
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALLED = any(point.value == "emulator.pytest_plugin" for point in entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "emulator.pytest_plugin")


@pytest.fixture
def project(pytester, monkeypatch):
    """A folder with nothing of ours in it or in the environment."""
    for variable in list(os.environ):
        if variable.startswith(("EMULATOR_", "OPENAI_", "AZURE_OPENAI_", "PYTEST_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return pytester


@pytest.fixture
def run(project):
    """Run pytest there, in this process and quick; `-p` takes the plugin in where it is not installed."""
    return lambda *args: project.runpytest_inprocess(*PLUGIN, "-p", "no:cacheprovider", *args)


@pytest.fixture
def run_process(project):
    """Run pytest there in a process of its own, which xdist needs."""
    return lambda *args: project.runpytest_subprocess(*PLUGIN, "-p", "no:cacheprovider", *args, timeout=120)
