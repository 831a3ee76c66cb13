"""Webhooks over the wire: what a receiver gets, how the official client checks it, when it is sent again."""

import asyncio
import io
import re
import zipfile

import openai
import pytest

from emulator.app import create_app
from emulator.core.clock import Clock
from emulator.core.webhooks import EVENTS, MOST_ATTEMPTS, PAUSES
from emulator.run import deliveries
from emulator.settings import Settings, SettingsError
from tests.receivers import Receiver

NOW = 1_763_000_000.0
CONTROL = "/_emulator/webhooks"
SECRET = "whsec_" + "c2VjcmV0" * 4
LOOPBACK = {"egress": ("loopback",)}


@pytest.fixture
def receiver():
    with Receiver() as running:
        yield running


@pytest.fixture
def server(start_server):
    """A server whose clock stands still and that may call this machine."""
    return start_server(Clock(NOW), **LOOPBACK)


@pytest.fixture
def http(server):
    return server.http("")


def register(http, receiver, **more):
    answer = http.post(CONTROL, json={"url": receiver.url, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def script(http, said, *steps, **more):
    fixture = {"when": {"input": said}, "then": list(steps), **more}
    answer = http.post("/_emulator/fixtures", json=fixture)
    assert answer.status_code == 200, answer.text


def begin(http, said="Hello", path="/v1", **more):
    body = {"model": "gpt-4o", "input": said, "background": True, **more}
    answer = http.post(f"{path}/responses", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def poll(http, response_id, path="/v1"):
    return http.get(f"{path}/responses/{response_id}").json()


def ended(http, **more):
    """The id of a background response that two polls have brought to its end."""
    response_id = begin(http, **more)
    poll(http, response_id)
    assert poll(http, response_id)["status"] == "completed"
    return response_id


def shown(http, **query):
    answer = http.get(f"{CONTROL}/deliveries", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def settled(http, **expected):
    """Wait until the last delivery is as expected; the receiver has it a moment before the server knows."""
    for _ in range(2_000):
        last = shown(http)[0]
        if all(last[name] == value for name, value in expected.items()):
            return last
    raise AssertionError(last)


def told(http, expected):
    """Wait until the deliveries are as expected: the attempts of each, and how the last was answered."""
    for _ in range(2_000):
        found = [(row["attempts"], row["answered"]) for row in shown(http)]
        if found == expected:
            return
    raise AssertionError(found)


def advance(http, seconds):
    http.post("/_emulator/clock", json={"advance": f"{seconds}s"})


@pytest.mark.parametrize("path", ["/v1", "/openai/v1", "/openai"])
def test_the_official_client_takes_what_a_receiver_gets(http, receiver, path):
    webhook = register(http, receiver)
    response_id = begin(http, path=path)
    poll(http, response_id, path)
    assert receiver.is_empty
    done = poll(http, response_id, path)
    got = receiver.next()
    assert got.path == "/hook?app=1"
    assert re.fullmatch("evt_[0-9a-f]{32}", got.event["id"])
    assert got.event == {
        "id": got.event["id"],
        "object": "event",
        "created_at": done["completed_at"],
        "type": "response.completed",
        "data": {"id": response_id},
    }
    assert list(got.event) == ["id", "object", "created_at", "type", "data"]
    assert re.fullmatch("wh_[0-9a-f]{32}", got.headers["webhook-id"])
    assert got.headers["content-type"] == "application/json"
    assert got.headers["user-agent"] == "OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)"
    with openai.OpenAI(api_key="k", webhook_secret=webhook["secret"]) as client:
        event = client.webhooks.unwrap(got.body, got.headers)
        assert (event.type, event.data.id, event.object) == ("response.completed", response_id, "event")
        with pytest.raises(openai.InvalidWebhookSignatureError):
            client.webhooks.unwrap(got.body, got.headers, secret=SECRET)
        with pytest.raises(openai.InvalidWebhookSignatureError):
            client.webhooks.unwrap(got.body.replace(b"completed", b"failed"), got.headers)

    async def unwrap():
        async with openai.AsyncOpenAI(api_key="k") as client:
            return client.webhooks.unwrap(got.body, got.headers, secret=webhook["secret"])

    assert asyncio.run(unwrap()) == event
    assert settled(http, status="delivered")["answered"] == 200


def test_every_way_to_end_is_told(http, receiver):
    register(http, receiver)
    script(http, "short", {"incomplete": "max_output_tokens"})
    script(http, "crash", {"fail": {"code": "server_error", "message": "Boom."}})
    by_hand, cancelled = begin(http), begin(http)
    http.post(f"/_emulator/responses/{by_hand}/fail", json={})
    http.post(f"/v1/responses/{cancelled}/cancel")
    cut, crashed = begin(http, "short"), begin(http, "crash")
    advance(http, 11)
    told = {got.event["data"]["id"]: got.event["type"] for got in receiver.take(4)}
    assert told == {
        by_hand: "response.failed",
        cancelled: "response.cancelled",
        cut: "response.incomplete",
        crashed: "response.failed",
    }


def test_a_response_that_nobody_asks_for_is_told_when_the_clock_says_so(http, receiver):
    register(http, receiver)
    response_id = begin(http)
    assert receiver.is_empty
    advance(http, 10)
    got = receiver.next()
    assert (got.event["data"]["id"], got.event["created_at"]) == (response_id, int(NOW) + 10)
    poll(http, response_id)
    poll(http, response_id)
    assert len(shown(http)) == 1


def test_a_streamed_background_response_is_told_too(http, receiver):
    register(http, receiver)
    body = {"model": "gpt-4o", "input": "Hello", "background": True, "stream": True}
    assert "response.completed" in http.post("/v1/responses", json=body).text
    assert receiver.next().event["type"] == "response.completed"


def test_a_response_that_takes_its_time_is_watched(start_server, receiver):
    """By the machine's own clock, and without a reader."""
    http = start_server(**LOOPBACK).http("")
    register(http, receiver)
    script(http, "slow", {"wait": "20ms"}, {"message": "Hi"}, background={"queued": "20ms"})
    response_id = begin(http, "slow")
    assert receiver.next().event["data"]["id"] == response_id


def test_a_response_that_was_under_way_is_told_to_who_registers_then(http, receiver):
    response_id = begin(http)
    register(http, receiver)
    advance(http, 10)
    assert receiver.next().event["data"]["id"] == response_id


def test_only_background_responses_and_asked_events_are_told(http, receiver):
    register(http, receiver, events=["response.cancelled", "response.failed"])
    http.post("/v1/responses", json={"model": "gpt-4o", "input": "Hello"})
    ended(http)
    cancelled = begin(http)
    http.post(f"/v1/responses/{cancelled}/cancel")
    assert receiver.next().event["data"]["id"] == cancelled
    assert [row["event"]["type"] for row in shown(http)] == ["response.cancelled"]


def test_each_webhook_has_a_secret_of_its_own_and_the_event_is_the_same(http, receiver):
    with Receiver() as other:
        first, second = register(http, receiver), register(http, other)
        ended(http)
        one, two = receiver.next(), other.next()
    assert one.event == two.event
    assert one.headers["webhook-id"] != two.headers["webhook-id"]
    with openai.OpenAI(api_key="k") as client:
        client.webhooks.unwrap(one.body, one.headers, secret=first["secret"])
        client.webhooks.unwrap(two.body, two.headers, secret=second["secret"])
        with pytest.raises(openai.InvalidWebhookSignatureError):
            client.webhooks.unwrap(one.body, one.headers, secret=second["secret"])


def test_what_failed_is_sent_again_after_growing_pauses_and_then_given_up(http, receiver):
    webhook = register(http, receiver)
    statuses = [500, 301, 404, 429, 503, 302]
    receiver.answer(*statuses)
    response_id = ended(http)
    got = [receiver.next()]
    now = NOW
    for attempts, (status, pause) in enumerate(zip(statuses, PAUSES, strict=False), start=1):
        row = settled(http, attempts=attempts, answered=status)
        now += pause
        assert (row["status"], row["next_attempt_at"], row["error"]) == ("pending", now, f"The answer was {status}.")
        advance(http, pause - 1)
        assert receiver.is_empty
        advance(http, 1)
        got.append(receiver.next())
    row = settled(http, status="failed")
    assert (row["attempts"], row["next_attempt_at"], row["answered"]) == (MOST_ATTEMPTS, None, 302)
    advance(http, 100_000)
    assert receiver.is_empty
    assert {one.path for one in got} == {"/hook?app=1"}  # no redirect was followed
    assert len({(one.headers["webhook-id"], one.body) for one in got}) == 1
    with openai.OpenAI(api_key="k") as client:
        for one in got:
            event = client.webhooks.unwrap(one.body, one.headers, secret=webhook["secret"])
            assert event.data.id == response_id


def test_a_receiver_that_comes_back_gets_what_it_missed(http):
    with Receiver() as gone:
        register(http, gone)
    response_id = ended(http)
    row = settled(http, attempts=1, error="The connection was refused.")
    assert (row["status"], row["answered"]) == ("pending", None)
    with Receiver(port=gone.port) as back:
        advance(http, PAUSES[0])
        assert back.next().event["data"]["id"] == response_id
        settled(http, status="delivered", attempts=2, error=None)


def test_a_receiver_that_hangs_holds_up_nobody(http, receiver):
    register(http, receiver)
    receiver.hold()
    first = [ended(http) for _ in range(deliveries.AT_ONCE + 4)]
    assert http.post("/v1/responses", json={"model": "gpt-4o", "input": "Hello"}).status_code == 200
    assert {row["status"] for row in shown(http)} == {"pending"}
    held = {got.event["data"]["id"] for got in receiver.take(deliveries.AT_ONCE)}
    assert receiver.is_empty  # no more at once
    receiver.release()
    assert held | {got.event["data"]["id"] for got in receiver.take(4)} == set(first)


def test_a_receiver_that_takes_too_long_is_tried_again(http, receiver, monkeypatch):
    monkeypatch.setattr(deliveries, "LONGEST", 0.05)
    register(http, receiver)
    receiver.hold()
    ended(http)
    settled(http, attempts=1, error="No answer within 0.05 seconds.", status="pending")
    receiver.release()


def test_a_name_that_cannot_be_one_is_a_failure(http):
    url = f"http://{'a' * 70}.localhost/"
    assert http.post(CONTROL, json={"url": url}).status_code == 200
    ended(http)
    settled(http, attempts=1, error=f"The name '{'a' * 70}.localhost' is not known.")


def test_what_is_no_http_is_a_failure(http):
    import socket
    import threading

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def babble():
            with listener.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(b"SSH-2.0-nothing\r\n\r\n")

        threading.Thread(target=babble, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert http.post(CONTROL, json={"url": url}).status_code == 200
        ended(http)
        settled(http, attempts=1, error="There was no answer in HTTP.")


def test_a_list_shows_no_secret(http, receiver):
    webhook = register(http, receiver)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", webhook.pop("secret"))
    assert re.fullmatch("webhook_[0-9A-Za-z]{22}", webhook["id"])
    assert webhook == {
        "id": webhook["id"],
        "url": receiver.url,
        "events": list(EVENTS),
        "source": "http",
        "created_at": NOW,
    }
    assert http.get(CONTROL).json() == {"data": [webhook]}
    assert http.get("/_emulator/info").json()["webhooks"] == 1
    assert http.delete(f"{CONTROL}/{webhook['id']}").json() == {"id": webhook["id"], "deleted": True}
    assert http.get(CONTROL).json() == {"data": []}
    gone = http.delete(f"{CONTROL}/{webhook['id']}")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "not_found")


def test_a_webhook_that_is_forgotten_gets_nothing_more(http, receiver):
    receiver.answer(500)
    webhook = register(http, receiver)
    ended(http)
    receiver.next()
    settled(http, attempts=1, answered=500)
    http.delete(f"{CONTROL}/{webhook['id']}")
    assert shown(http) == []
    ended(http)
    advance(http, 10_000)
    assert shown(http) == []
    assert receiver.is_empty


def test_all_are_forgotten_at_once(http, receiver):
    register(http, receiver)
    register(http, receiver)
    assert http.delete(CONTROL).json() == {"deleted": 2}
    assert http.get(CONTROL).json() == {"data": []}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "'url' is the URL"),
        ({"url": 1}, "'url' is the URL"),
        ({"url": ""}, "is no webhook"),
        ({"url": "ftp://127.0.0.1/"}, "is no webhook"),
        ({"url": "http:///hook"}, "is no webhook"),
        ({"url": "http://user:word@127.0.0.1/"}, "is no webhook"),
        ({"url": "http://127.0.0.1/a b"}, "is no webhook"),
        ({"url": "http://127.0.0.1/é"}, "is no webhook"),
        ({"url": "http://127.0.0.1:99999/"}, "is no webhook"),
        ({"url": "http://127.0.0.1/" + "a" * 2000}, "is no webhook"),
        ({"url": "https://example.com/hook"}, "the egress rule does not allow 'example.com:443': start the server"),
        ({"url": "http://127.0.0.1/", "events": []}, "'events' is a list of response.completed"),
        ({"url": "http://127.0.0.1/", "events": "response.failed"}, "'events' is a list"),
        ({"url": "http://127.0.0.1/", "events": ["batch.completed"]}, "'events' is a list"),
        ({"url": "http://127.0.0.1/", "events": [{}]}, "'events' is a list"),
        ({"url": "http://127.0.0.1/", "secret": SECRET}, "no key 'secret'"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused(http, body, told):
    answer = http.post(CONTROL, json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")
    assert told in answer.json()["error"]["message"]
    assert http.get(CONTROL).json() == {"data": []}


def test_without_egress_no_webhook_can_be_registered(start_server, receiver):
    http = start_server().http("")
    answer = http.post(CONTROL, json={"url": receiver.url})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == (
        f"'url': the egress rule does not allow '127.0.0.1:{receiver.port}': "
        f"start the server with --egress loopback, or 127.0.0.1:{receiver.port}"
    )


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "1001"}, {"limit": "x"}, {"after": "wh_1"}])
def test_a_query_of_deliveries_that_cannot_be_is_refused(http, query):
    assert http.get(f"{CONTROL}/deliveries", params=query).status_code == 400


def test_deliveries_are_listed_newest_first_and_by_response(http, receiver):
    register(http, receiver)
    made = []
    for _ in range(3):
        made.append(ended(http))
        advance(http, 1)
    assert [row["event"]["data"]["id"] for row in shown(http)] == made[::-1]
    assert [row["event"]["data"]["id"] for row in shown(http, limit=2)] == made[:0:-1]
    assert [row["event"]["data"]["id"] for row in shown(http, response_id=made[0])] == made[:1]


def test_a_namespace_has_webhooks_of_its_own(server, http, receiver):
    register(http, receiver)
    other = server.http("/ns/other")
    ended(other)
    assert other.get(CONTROL).json() == {"data": []}
    assert shown(other) == []
    response_id = ended(http)
    assert receiver.next().event["data"]["id"] == response_id


def test_a_reset_forgets_webhooks_and_deliveries(http, receiver):
    register(http, receiver)
    ended(http)
    receiver.next()
    http.post("/_emulator/reset", json={"scope": "state"})
    assert (len(http.get(CONTROL).json()["data"]), len(shown(http))) == (1, 1)
    http.post("/_emulator/reset", json={"scope": "webhooks"})
    assert (http.get(CONTROL).json()["data"], shown(http)) == ([], [])


def test_the_servers_own_webhook_is_told_of_every_namespace(start_server, receiver):
    server = start_server(Clock(NOW), **LOOPBACK, webhook=receiver.url, webhook_secret=SECRET)
    for name in ("default", "team-a"):
        http = server.http(f"/ns/{name}")
        assert [row["source"] for row in http.get(CONTROL).json()["data"]] == ["setting"]
        response_id = ended(http)
        got = receiver.next()
        with openai.OpenAI(api_key="k", webhook_secret=SECRET) as client:
            assert client.webhooks.unwrap(got.body, got.headers).data.id == response_id
    own = http.get(CONTROL).json()["data"][0]["id"]
    refused = http.delete(f"{CONTROL}/{own}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_request")
    assert http.delete(CONTROL).json() == {"deleted": 0}
    http.post("/_emulator/reset", json={"scope": "all"})
    assert len(http.get(CONTROL).json()["data"]) == 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"webhook": "http://127.0.0.1:1/", "webhook_secret": SECRET}, "--webhook: the egress rule does not allow"),
        ({"webhook": "http://127.0.0.1:1/", **LOOPBACK}, "--webhook: needs --webhook-secret"),
        ({"webhook": "https://example.com", "webhook_secret": SECRET, **LOOPBACK}, "example.com:443"),
    ],
)
def test_a_server_whose_own_webhook_cannot_be_does_not_start(settings, told):
    with pytest.raises(SettingsError, match=re.escape(told)):
        create_app(Settings(**settings))


def test_a_secret_is_in_no_answer_archive_journal_or_log(start_server, receiver, tmp_path, capfd, caplog):
    settings = {**LOOPBACK, "webhook": receiver.url, "webhook_secret": SECRET, "log_level": "debug"}
    running = start_server(Clock(NOW), db=str(tmp_path / "a.db"), **settings)
    http = running.http("")
    secrets = [register(http, receiver)["secret"], SECRET]
    receiver.answer(*[500] * 2 * MOST_ATTEMPTS)
    ended(http)
    for number, pause in enumerate((*PAUSES, 1), start=1):
        receiver.take(2)
        told(http, [(number, 500)] * 2)
        advance(http, pause)
    told(http, [(MOST_ATTEMPTS, 500)] * 2)
    for path in ("", "/info", "/requests", "/webhooks", "/webhooks/deliveries"):
        text = http.get(f"/_emulator{path}").text
        assert not any(secret in text for secret in secrets), path
    archive = http.get("/_emulator/export").content
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        texts = b"".join(packed.read(name) for name in packed.namelist())
        assert not any("webhook" in name for name in packed.namelist())
    assert not any(secret.encode() in texts for secret in secrets)
    http.post("/_emulator/import", content=archive)
    assert [row["source"] for row in http.get(CONTROL).json()["data"]] == ["setting"]
    running.__exit__()
    said = "".join(capfd.readouterr()) + caplog.text
    assert "given up" in said
    assert not any(secret in said for secret in secrets)
    assert SECRET not in repr(running.settings)
