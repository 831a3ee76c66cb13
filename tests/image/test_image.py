"""The image as a user runs it: hardened, published on loopback, stopped with SIGTERM."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from openai import OpenAI

from emulator import __version__
from emulator.core.clock import monotonic
from tests.image.containers import Container, docker, figure, image_fact

PUBLISHED = ("--publish", "127.0.0.1:0:9110")
ROOT = Path(__file__).parents[2]
Start = Callable[..., Container]


def client_of(container: Container) -> OpenAI:
    return OpenAI(base_url=container.url(), api_key="any-key", max_retries=0)


def test_a_hardened_container_gets_healthy_answers_the_sdk_and_stops_cleanly(start: Start) -> None:
    before = monotonic()
    container = start(*PUBLISHED)
    figure(f"healthy {monotonic() - before:.1f} s after docker run")
    with client_of(container) as client:
        response = client.responses.create(model="gpt-4o", input="Hello from outside.")
        assert response.status == "completed"
        assert client.responses.retrieve(response.id).output_text == response.output_text
    assert container.execute("id", "-u") == "10001"
    before = monotonic()
    assert container.stop() == 0
    seconds = monotonic() - before
    figure(f"stopped in {seconds:.2f} s (figure: 3 s)")
    assert seconds < 30
    assert container.inspect("{{.State.OOMKilled}}") == "false"


def test_an_open_stream_does_not_hold_up_the_stop(start: Start) -> None:
    container = start(*PUBLISHED, "--env", "EMULATOR_STREAM_EVERY=1h")
    with client_of(container) as client:
        stream = client.responses.create(model="gpt-4o", input="A long story.", stream=True)
        assert next(iter(stream)).type == "response.created"
        before = monotonic()
        assert container.stop() == 0
        seconds = monotonic() - before
        stream.close()
    figure(f"stopped with an open stream in {seconds:.2f} s (figure: 3 s)")
    assert seconds < 30


CREATE_INSIDE = """
import json, urllib.request
body = json.dumps({"model": "gpt-4o", "input": "Hello."}).encode()
headers = {"api-key": "any-key", "content-type": "application/json"}
request = urllib.request.Request("http://127.0.0.1:9110/openai/v1/responses", body, headers)
print(json.load(urllib.request.urlopen(request))["status"])
"""


LIST_INSIDE = """
import os, sys
print(*os.listdir("/opt"), *os.listdir(next(path for path in sys.path if path.startswith("/opt"))))
"""


def test_it_needs_no_network_at_all(start: Start) -> None:
    container = start("--network", "none")
    container.execute("responses-emulator", "readyz")
    assert container.execute("python3", "-c", CREATE_INSIDE) == "completed"


def test_the_health_check_follows_the_port_that_is_set(start: Start) -> None:
    start("--network", "none", "--env", "EMULATOR_PORT=8080")


def test_a_service_of_kubernetes_named_emulator_does_no_harm(start: Start) -> None:
    container = start("--network", "none", "--env", "EMULATOR_PORT=tcp://10.0.0.1:9110")
    assert "Kubernetes" in container.logs()


def test_a_database_in_a_volume_outlives_its_container(start: Start, volume: str) -> None:
    kept = (*PUBLISHED, "--env", "EMULATOR_DB=/data/emulator.db", "--volume", f"{volume}:/data")
    container = start(*kept)
    with client_of(container) as client:
        made = client.responses.create(model="gpt-4o", input="Remember this.")
    assert container.stop() == 0
    docker("rm", container.id)
    with client_of(start(*kept)) as client:
        assert client.responses.retrieve(made.id).output_text == made.output_text


def test_any_user_of_group_0_can_run_it(start: Start, volume: str) -> None:
    stored = ("--env", "EMULATOR_DB=/data/emulator.db", "--volume", f"{volume}:/data")
    container = start("--network", "none", "--user", "123456:0", *stored)
    assert container.execute("python3", "-c", CREATE_INSIDE) == "completed"


def test_mounted_fixtures_are_what_the_model_says(start: Start, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    script = "- when: {input: weather}\n  then:\n    - message: It rains.\n"
    (tmp_path / "weather.yaml").write_text(script, encoding="utf-8")
    container = start(*PUBLISHED, "--volume", f"{tmp_path}:/fixtures:ro")
    with client_of(container) as client:
        assert client.responses.create(model="gpt-4o", input="The weather?").output_text == "It rains."


def labels_of(image: str) -> dict[str, str]:
    labels: dict[str, str] = json.loads(image_fact(image, "{{json .Config.Labels}}"))
    return {name.removeprefix("org.opencontainers.image."): value for name, value in labels.items()}


def test_the_labels_tell_what_it_is(image: str) -> None:
    labels = labels_of(image)
    assert labels["title"] == "responses-emulator"
    assert labels["licenses"] == "Apache-2.0"
    assert labels["version"] == __version__
    assert __version__ in docker("run", "--rm", "--network", "none", image, "--version")


def test_it_carries_no_build_tools_of_its_own(image: str) -> None:
    size, base = (int(image_fact(name, "{{.Size}}")) for name in (image, labels_of(image)["base.name"]))
    figure(f"image {size / 1e6:.0f} MB, of it the emulator {(size - base) / 1e6:.0f} MB")
    inside = ("--entrypoint", "python3", image, "-c", LIST_INSIDE)
    names = docker("run", "--rm", "--network", "none", *inside).split()
    assert "emulator" in names
    assert not {"pip", "setuptools", "hatchling", "pytest", "tests"} & set(names)


def test_the_compose_file_starts_it_healthy(image: str, tmp_path: Path) -> None:
    compose = compose_command()
    tmp_path.chmod(0o755)
    shutil.copy(ROOT / "docker" / "compose.yaml", tmp_path)
    (tmp_path / "fixtures").mkdir()
    name = f"emulator-{os.getpid()}"
    environ = os.environ | {"IMAGE": image, "HOST_PORT": "0", "COMPOSE_PROJECT_NAME": name}

    def run(*args: str) -> str:
        return subprocess.run(
            [*compose, *args], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        run("up", "--detach", "--no-build")
        container = Container(run("ps", "--quiet"))
        container.wait_until_healthy()
        with client_of(container) as client:
            assert client.responses.create(model="gpt-4o", input="Hello.").status == "completed"
        assert container.stop() == 0
    finally:
        run("down", "--volumes")


def compose_command() -> list[str]:
    """The plugin of newer engines, or the program of older ones."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0:
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    pytest.skip("docker compose is not installed")
