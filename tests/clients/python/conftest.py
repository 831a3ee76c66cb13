"""What the tests of all Python clients share: the server's address and a key for it."""

import os

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def key() -> str:
    return os.environ["EMULATOR_KEY"]


@pytest.fixture(scope="session")
def url() -> str:
    """The server's address with a namespace: `{url}/openai/v1`, `{url}/v1`."""
    return f"{os.environ['EMULATOR_URL']}/ns/clients"
