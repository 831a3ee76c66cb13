"""Starts containers of the image under test; it names no image itself and leaves no container behind."""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.image.containers import Container, docker

HARDENED = (
    *("--read-only", "--tmpfs", "/tmp"),  # noqa: S108 (the path is the container's)
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
)


@pytest.fixture(scope="session")
def image() -> str:
    name = os.environ.get("IMAGE_UNDER_TEST")
    if not name:
        pytest.skip("needs a docker engine: run by `make image-test`")
    return name


@pytest.fixture
def start(image: str, volume: str) -> Iterator[Callable[..., Container]]:  # a volume goes after its containers
    """Start a hardened container with these flags and wait until it is healthy; removed at the end."""
    started: list[str] = []

    def run(*flags: str) -> Container:
        container = Container(docker("run", "--detach", *HARDENED, *flags, image))
        started.append(container.id)
        container.wait_until_healthy()
        return container

    yield run
    for container in started:
        docker("rm", "--force", "--volumes", container)


@pytest.fixture
def volume() -> Iterator[str]:
    name = docker("volume", "create")
    yield name
    docker("volume", "rm", name)
