"""The official client's containers: everything that `client.containers` can do, in both dialects."""

import asyncio

import openai
import pytest
from openai import AsyncOpenAI, AzureOpenAI

from tests.conftest import KEY

PATHS = pytest.mark.parametrize("path", ["/openai/v1", "/v1"])


@PATHS
def test_the_client_makes_lists_reads_and_deletes_containers(server, path):
    client = server.client(f"/ns/sdk-containers-{path.count('/')}{path}")
    made = [client.containers.create(name=f"box {number}") for number in range(5)]
    newer = {"memory_limit": "4g"}  # no argument of openai 2.8.1
    asked = client.containers.create(
        name="small", expires_after={"anchor": "last_active_at", "minutes": 10}, extra_body=newer
    )
    assert asked.expires_after.minutes == 10
    assert asked.memory_limit == "4g"
    assert (asked.object, asked.status) == ("container", "running")
    assert asked.last_active_at == asked.created_at
    assert client.containers.retrieve(asked.id).model_dump() == asked.model_dump()
    listed = client.containers.list(limit=2, order="asc")
    assert [one.id for one in listed] == [one.id for one in (*made, asked)]
    client.containers.delete(asked.id)
    with pytest.raises(openai.NotFoundError, match=asked.id):
        client.containers.retrieve(asked.id)
    with pytest.raises(openai.NotFoundError):
        client.containers.delete(asked.id)


@PATHS
def test_the_client_sends_lists_reads_and_deletes_files(server, path):
    client = server.client(path)
    content = bytes(range(256))
    uploaded = client.files.create(file=("data.csv", content), purpose="assistants")
    container = client.containers.create(name="box", file_ids=[uploaded.id])
    sent = client.containers.files.create(container.id, file=("plot.png", content))
    copied = client.containers.files.create(container.id, file_id=uploaded.id)
    for file in client.containers.files.list(container.id, limit=1, order="asc"):
        assert (file.container_id, file.object, file.source, file.bytes) == (
            container.id, "container.file", "user", 256,
        )  # fmt: skip
        assert client.containers.files.retrieve(file.id, container_id=container.id).path == file.path
        read = client.containers.files.content.retrieve(file.id, container_id=container.id)
        assert read.read() == content
    ids = [file.id for file in client.containers.files.list(container.id)]
    assert ids[:2] == [copied.id, sent.id]
    assert len(ids) == 3
    assert sent.path.startswith("/mnt/data/")
    assert sent.path.endswith("-plot.png")
    client.containers.files.delete(sent.id, container_id=container.id)
    with pytest.raises(openai.NotFoundError, match=sent.id):
        client.containers.files.retrieve(sent.id, container_id=container.id)


def test_an_expired_container_is_a_bad_request(server):
    client = server.client("/ns/sdk-expired/openai/v1")
    control = server.http("/ns/sdk-expired")
    container = client.containers.create(name="box")
    control.post("/_emulator/clock", json={"advance": "20m"})
    assert client.containers.retrieve(container.id).status == "expired"
    with pytest.raises(openai.BadRequestError) as caught:
        client.containers.files.list(container.id)
    assert caught.value.body["message"] == "Container is expired."


def test_azures_own_class_and_the_async_client_do_the_same(server):
    with AzureOpenAI(azure_endpoint=server.url, api_version="preview", api_key=KEY, max_retries=0) as client:
        container = client.containers.create(name="box")
        file = client.containers.files.create(container.id, file=("a.txt", b"hello"))
        assert client.containers.files.content.retrieve(file.id, container_id=container.id).read() == b"hello"

    async def read() -> bytes:
        async with AsyncOpenAI(base_url=f"{server.url}/openai/v1/", api_key=KEY, max_retries=0) as other:
            content = await other.containers.files.content.retrieve(file.id, container_id=container.id)
            return content.read()

    assert asyncio.run(read()) == b"hello"
