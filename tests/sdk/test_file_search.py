"""The official client's vector stores and file search: its helpers end, its types hold, streamed and not."""

import asyncio

import openai
import pytest
from openai import AsyncOpenAI

from tests.conftest import KEY
from tests.sdk import events

PATHS = pytest.mark.parametrize("path", ["/openai/v1", "/v1"])
POLICY = ("policy.md", b"Returns are accepted within 30 days. Shipping is free.")
CATS = ("cats.md", b"Cats sleep all day.")
RESULTS = "file_search_call.results"


def tool(store, **options):
    return {"type": "file_search", "vector_store_ids": [store.id], **options}


@pytest.fixture(params=["/openai/v1", "/v1"])
def client(server, request):
    return server.client(f"/ns/sdk-search-{len(request.param)}{request.param}")


@pytest.fixture
def store(client):
    store = client.vector_stores.create(name="docs", metadata={"team": "shop"})
    file = client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=POLICY, attributes={"year": 2024})
    assert (file.status, file.attributes) == ("completed", {"year": 2024})
    batch = client.vector_stores.file_batches.upload_and_poll(store.id, files=[CATS, ("x.png", b"\xff")])
    assert (batch.status, batch.file_counts.completed, batch.file_counts.failed) == ("completed", 1, 1)
    return client.vector_stores.retrieve(store.id)


def test_the_client_makes_lists_changes_and_deletes_vector_stores(client, store):
    assert (store.name, store.metadata, store.status) == ("docs", {"team": "shop"}, "completed")
    assert (store.file_counts.total, store.usage_bytes) == (3, len(POLICY[1]) + len(CATS[1]))
    changed = client.vector_stores.update(store.id, name="other", expires_after={"anchor": "last_active_at", "days": 2})
    assert (changed.name, changed.expires_after.days) == ("other", 2)
    others = [client.vector_stores.create(name=str(number)).id for number in range(3)]
    listed = [one.id for one in client.vector_stores.list(limit=1)]
    assert listed[:4] == [*others[::-1], store.id]
    assert client.vector_stores.delete(store.id).deleted
    with pytest.raises(openai.NotFoundError, match=store.id):
        client.vector_stores.retrieve(store.id)


def test_the_client_reads_changes_and_removes_files(client, store):
    files = list(client.vector_stores.files.list(store.id, limit=1, order="asc"))
    assert [file.status for file in files].count("failed") == 1
    policy = files[0]
    assert client.vector_stores.files.retrieve(policy.id, vector_store_id=store.id).id == policy.id
    (content,) = client.vector_stores.files.content(policy.id, vector_store_id=store.id)
    assert content.text.encode() == POLICY[1]
    changed = client.vector_stores.files.update(policy.id, vector_store_id=store.id, attributes={"year": 2025})
    assert changed.attributes == {"year": 2025}
    chunking = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50}}
    again = client.vector_stores.files.create_and_poll(policy.id, vector_store_id=store.id, chunking_strategy=chunking)
    assert again.chunking_strategy.static.max_chunk_size_tokens == 100
    assert client.vector_stores.files.delete(policy.id, vector_store_id=store.id).deleted
    assert client.files.retrieve(policy.id).filename == "policy.md"
    batch = client.vector_stores.file_batches.create(store.id, file_ids=[policy.id])
    assert client.vector_stores.file_batches.poll(batch.id, vector_store_id=store.id).status == "completed"
    assert client.vector_stores.file_batches.cancel(batch.id, vector_store_id=store.id).file_counts.completed == 1
    listed = client.vector_stores.file_batches.list_files(batch.id, vector_store_id=store.id)
    assert [file.id for file in listed] == [policy.id]


def test_the_client_searches(client, store):
    (found,) = client.vector_stores.search(store.id, query="How long are returns accepted?")
    assert (found.filename, found.content[0].text.encode()) == POLICY
    assert found.attributes == {"year": 2024}
    old = {"type": "lt", "key": "year", "value": 2024}
    assert list(client.vector_stores.search(store.id, query=["returns", "cats"], filters=old)) == []
    with pytest.raises(openai.BadRequestError, match="Supported values are: 'eq'"):
        client.vector_stores.search(store.id, query="x", filters={"type": "x", "key": "year", "value": 1})


def test_a_response_searches_and_cites(client, store):
    made = client.responses.create(model="gpt-4o", input="Do cats sleep?", tools=[tool(store)], include=[RESULTS])
    call, message = made.output
    assert (call.type, call.status, call.results[0].filename) == ("file_search_call", "completed", "cats.md")
    (note,) = message.content[0].annotations
    assert (note.type, note.file_id) == ("file_citation", call.results[0].file_id)
    assert made.output_text == "cats.md says: Cats sleep all day."
    echoed = made.tools[0]
    assert (echoed.max_num_results, echoed.ranking_options.score_threshold) == (20, 0)
    chained = client.responses.create(
        model="gpt-4o", input="And returns?", tools=[tool(store)], previous_response_id=made.id
    )
    assert chained.output_text.startswith("policy.md")


def test_a_stream_accumulates_to_the_same(client, store):
    asked = {"model": "gpt-4o", "input": "Do cats sleep?", "tools": [tool(store)], "include": [RESULTS]}
    with client.responses.stream(**asked) as stream:
        types = [event.type for event in stream]
        final = stream.get_final_response()
    assert [name for name in types if "file_search" in name] == [
        f"response.file_search_call.{phase}" for phase in ("in_progress", "searching", "completed")
    ]
    plain = client.responses.create(**asked)
    assert final.output_text == plain.output_text
    assert final.output[0].results == plain.output[0].results


def test_its_events_are_those_of_the_client(server):
    client = server.client("/v1")
    store = client.vector_stores.create(file_ids=[client.files.create(file=CATS, purpose="assistants").id])
    asked = {"model": "gpt-4o", "input": "Do cats sleep?", "tools": [tool(store)], "include": [RESULTS], "stream": True}
    sent = events.read(server.http("/v1").post("/responses", json=asked).text.removesuffix("data: [DONE]\n\n"))
    assert events.check(sent)["output"][0]["results"][0]["filename"] == "cats.md"


def test_a_background_response_searches_too(client, store):
    made = client.responses.create(model="gpt-4o", input="Do cats sleep?", tools=[tool(store)], background=True)
    while made.status in ("queued", "in_progress"):
        made = client.responses.retrieve(made.id, include=[RESULTS])
    assert made.output[0].results[0].filename == "cats.md"


@PATHS
def test_a_vector_store_that_is_not_there_is_an_error(server, path):
    client = server.client(path)
    kind = openai.BadRequestError if path.startswith("/openai") else openai.NotFoundError
    with pytest.raises(kind) as caught:
        client.responses.create(
            model="gpt-4o", input="x", tools=[{"type": "file_search", "vector_store_ids": ["vs_none"]}]
        )
    assert caught.value.param == "tools[0].vector_store_ids"


def test_the_async_client_does_the_same(server):
    async def run():
        async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0) as client:
            store = await client.vector_stores.create()
            await client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=CATS)
            return [found.filename async for found in client.vector_stores.search(store.id, query="cats")]

    assert asyncio.run(run()) == ["cats.md"]
