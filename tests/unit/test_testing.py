"""The Python API: builders, addresses, moments, and an Emulator of its own and at a URL."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta

import openai
import pytest

import emulator as package
from emulator.testing import (
    Emulator,
    EmulatorError,
    apply_patch_call,
    code_interpreter_call,
    compaction,
    custom_tool_call,
    error,
    events,
    fail,
    function_call,
    incomplete,
    item,
    local_shell_call,
    message,
    reasoning,
    refusal,
    shell_call,
    wait,
    web_search_call,
)
from emulator.testing.clock import seconds_of
from emulator.testing.wire import plain_url
from tests import pictures
from tests.receivers import Receiver

NOON = 1_735_732_800.0  # 2025-01-01 12:00 UTC


@pytest.fixture(scope="module")
def host():
    with Emulator() as running:
        yield running


@pytest.fixture
def emu(host):
    fresh = host.namespace()
    yield fresh
    fresh.stop()


@pytest.mark.parametrize(
    ("built", "plain"),
    [
        (message("Hello"), {"message": "Hello"}),
        (
            message("Hello", annotations=[{"type": "url_citation"}]),
            {"message": {"text": "Hello", "annotations": [{"type": "url_citation"}]}},
        ),
        (refusal("No."), {"refusal": "No."}),
        (reasoning(), {"reasoning": ""}),
        (reasoning("one"), {"reasoning": "one"}),
        (reasoning("one", "two"), {"reasoning": ["one", "two"]}),
        (function_call("f"), {"function_call": {"name": "f", "arguments": {}}}),
        (function_call("f", name="x"), {"function_call": {"name": "f", "arguments": {"name": "x"}}}),
        (function_call("f", {"a": 1}, b=2), {"function_call": {"name": "f", "arguments": {"a": 1, "b": 2}}}),
        (function_call("f", "{no json"), {"function_call": {"name": "f", "arguments": "{no json"}}),
        (custom_tool_call("t", "text"), {"custom_tool_call": {"name": "t", "input": "text"}}),
        (code_interpreter_call("print(1)"), {"code_interpreter_call": "print(1)"}),
        (code_interpreter_call("x", logs="1"), {"code_interpreter_call": {"code": "x", "logs": "1"}}),
        (local_shell_call("ls", "-l", user="me"), {"local_shell_call": {"command": ["ls", "-l"], "user": "me"}}),
        (shell_call("ls", timeout_ms=5), {"shell_call": {"commands": ["ls"], "timeout_ms": 5}}),
        (apply_patch_call("delete_file", "a"), {"apply_patch_call": {"delete_file": "a"}}),
        (apply_patch_call("create_file", "a", "+b"), {"apply_patch_call": {"create_file": "a", "diff": "+b"}}),
        (web_search_call("cats"), {"web_search_call": "cats"}),
        (web_search_call("cats", sources=["u"]), {"web_search_call": {"query": "cats", "sources": ["u"]}}),
        (compaction(), {"compaction": None}),
        (wait("2s"), {"wait": "2s"}),
        (incomplete("content_filter"), {"incomplete": "content_filter"}),
        (fail("server_error", "Down."), {"fail": {"code": "server_error", "message": "Down."}}),
        (
            fail("a", "b", error_event="flat"),
            {"fail": {"code": "a", "message": "b", "error_event": "flat"}},
        ),
        (error(429, retry_after=2), {"error": {"status": 429, "retry_after": 2}}),
    ],
)
def test_a_builder_gives_the_plain_data_of_a_fixture(built, plain):
    assert built == plain


def test_items_and_events_are_given_as_on_the_wire():
    assert item({"type": "reasoning"}, summary=[]) != item({"type": "reasoning"})
    assert events({"type": "response.created"}) != events()


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("http://127.0.0.1:9110", "http://127.0.0.1:9110"),
        ("http://127.0.0.1:9110/openai/v1/", "http://127.0.0.1:9110"),
        ("https://host/below/v1", "https://host/below"),
        ("http://host/below/ns/mine/openai/v1", "http://host/below"),
        ("http://host/ns/mine", "http://host"),
        ("http://[::1]:80/openai", "http://[::1]:80"),
    ],
)
def test_the_server_is_found_from_any_of_its_base_urls(given, plain):
    assert plain_url(given) == plain


@pytest.mark.parametrize("given", ["", "127.0.0.1:9110", "ftp://host", "http://", "http://host:port"])
def test_what_is_no_address_is_refused_in_one_line(given):
    with pytest.raises(EmulatorError, match="give http://HOST:PORT"):
        plain_url(given)


@pytest.mark.parametrize(
    "moment",
    [NOON, "2025-01-01T12:00:00Z", "2025-01-01 13:00+01:00", "2025-01-01T12:00", datetime(2025, 1, 1, 12, tzinfo=UTC)],
)
def test_a_moment_is_seconds_a_datetime_or_text(moment):
    assert seconds_of(moment) == NOON


class TestOptions:
    def test_an_unknown_setting_is_refused_with_the_nearest(self):
        with pytest.raises(EmulatorError, match="no setting 'retension': did you mean retention"):
            Emulator(retension="1d")

    def test_a_value_that_cannot_be_used_is_refused(self):
        with pytest.raises(EmulatorError, match="retention: 'soon' is no duration"):
            Emulator(retention="soon")

    def test_a_server_elsewhere_takes_no_settings(self):
        with pytest.raises(EmulatorError, match=r"retention: .* where the server at http://x was started"):
            Emulator(url="http://x", retention="1d")

    def test_before_the_start_it_says_how_to_start(self):
        with pytest.raises(EmulatorError, match="with Emulator"):
            _ = Emulator().base_url

    def test_a_tokenizer_that_is_not_installed_is_one_line(self, monkeypatch):
        monkeypatch.setattr("emulator.run.tokenizer.find_spec", lambda _: None)
        with pytest.raises(EmulatorError, match=r"^--tokens exact: the tokenizer is missing"), Emulator(tokens="exact"):
            pass

    def test_nobody_at_the_url_is_one_line(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
            with pytest.raises(EmulatorError, match=f"{url}.*: no answer: "), Emulator(url=url, clock="frozen"):
                pass

    def test_fixtures_that_cannot_be_used_are_one_line(self, tmp_path):
        (tmp_path / "x.yaml").write_text("- whn: {}\n  then: [{message: x}]\n")
        with pytest.raises(EmulatorError, match=r"x\.yaml:1: unknown key 'whn'"), Emulator(tmp_path):
            pass

    def test_settings_reach_the_server(self):
        with Emulator(api_keys=["first"], deployments="gpt-4o") as emu:
            assert emu.client().responses.create(model="gpt-4o", input="x").status == "completed"
            with pytest.raises(openai.AuthenticationError):
                emu.client(api_key="second").responses.create(model="gpt-4o", input="x")


class TestNamespaces:
    def test_each_has_a_name_of_its_own(self, host):
        one, other = host.namespace(), host.namespace()
        made = one.client().responses.create(model="gpt-4o", input="x")
        assert one.client().responses.retrieve(made.id).id == made.id
        with pytest.raises(openai.NotFoundError):
            other.client().responses.retrieve(made.id)
        one.stop()
        other.stop()

    def test_a_second_emulator_reaches_the_first_ones_namespace(self, emu):
        made = emu.client().responses.create(model="gpt-4o", input="x")
        with Emulator(url=emu.base_url, namespace=emu.name) as other:
            assert other.client().responses.retrieve(made.id).id == made.id

    def test_reset_empties_it(self, emu):
        made = emu.client().responses.create(model="gpt-4o", input="x")
        emu.clock.freeze(NOON)
        emu.reset()
        assert emu.clock.mode == "real"
        with pytest.raises(openai.NotFoundError):
            emu.client().responses.retrieve(made.id)

    def test_what_the_server_refuses_is_one_line(self, emu):
        with pytest.raises(EmulatorError, match=r"^Invalid value: 'everything'"):
            emu.reset("everything")

    def test_it_is_exported_and_imported(self, emu, host, tmp_path):
        made = emu.client().responses.create(model="gpt-4o", input="x")
        copy = host.namespace()
        copy.import_(emu.export(tmp_path / "all.zip"))
        assert copy.client().responses.retrieve(made.id) == emu.client().responses.retrieve(made.id)
        copy.stop()

    def test_a_seed_makes_the_same_ids(self, emu):
        emu.clock.freeze(NOON)
        ids = []
        for _ in range(2):
            emu.reset("state")
            emu.seed("one")
            ids.append(emu.client().responses.create(model="gpt-4o", input="x").id)
        assert ids[0] == ids[1]

    def test_unmatched_is_a_choice_of_each_namespace(self, host, emu):
        strict = host.namespace(unmatched="reject")
        with pytest.raises(openai.NotFoundError, match="No fixture matched"):
            strict.client().responses.create(model="gpt-4o", input="x")
        assert emu.client().responses.create(model="gpt-4o", input="x").status == "completed"
        strict.unmatched("answer")
        assert strict.client().responses.create(model="gpt-4o", input="x").status == "completed"
        with pytest.raises(EmulatorError, match="one of answer, reject"):
            strict.unmatched("perhaps")
        strict.stop()


class TestClock:
    def test_it_is_frozen_moved_and_let_go(self, emu):
        assert emu.clock.freeze(NOON) == emu.clock.now == NOON
        assert emu.clock.advance("31d") == NOON + 31 * 86_400
        assert emu.clock.advance(timedelta(hours=1)) == emu.clock.now
        assert emu.clock.set(NOON) == NOON
        assert emu.clock.mode == "frozen"
        assert emu.clock.real() > NOON
        assert emu.clock.mode == "real"

    def test_a_month_passes_in_one_call(self, emu):
        client = emu.client()
        made = client.responses.create(model="gpt-4o", input="x")
        emu.clock.advance("31d")
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(made.id)

    def test_it_can_be_frozen_from_the_start(self, host):
        still = host.namespace(clock="2025-01-01T12:00:00Z")
        assert still.client().responses.create(model="gpt-4o", input="x").created_at == NOON
        still.stop()


class TestBackground:
    def test_one_is_moved_by_hand(self, emu):
        client = emu.client()
        made = client.responses.create(model="o3", input="x", background=True)
        assert emu.responses[made.id].advance()["status"] == "in_progress"
        assert emu.responses[made.id].complete()["status"] == "completed"
        with pytest.raises(EmulatorError, match="takes no more steps"):
            emu.responses[made.id].advance()

    def test_one_is_failed(self, emu):
        client = emu.client()
        made = client.responses.create(model="o3", input="x", background=True)
        assert emu.responses[made.id].fail("rate_limit_exceeded", "Too many.")["status"] == "failed"
        failed = client.responses.retrieve(made.id).error
        assert (failed.code, failed.message) == ("rate_limit_exceeded", "Too many.")


class TestClients:
    def test_all_four_are_pointed_at_the_namespace(self, emu):
        async def ask():
            async with emu.async_client() as one, emu.async_azure_client() as other:
                return [await client.responses.create(model="gpt-4o", input="x") for client in (one, other)]

        made = [client.responses.create(model="gpt-4o", input="x") for client in (emu.client(), emu.azure_client())]
        made += asyncio.run(ask())
        found = [emu.client().responses.retrieve(each.id).id for each in made]
        assert found == [each.id for each in made]

    def test_the_other_dialect_has_its_own_base_url(self, emu):
        assert emu.client(base_url=emu.openai_base_url).responses.create(model="gpt-4o", input="x").id

    def test_clients_from_the_environment_are_too(self, emu, monkeypatch):
        for variable, value in emu.environ.items():
            monkeypatch.setenv(variable, value)
        with openai.OpenAI() as client, openai.AzureOpenAI() as azure:
            made = azure.responses.create(model="gpt-4o", input="x")
            assert client.responses.retrieve(made.id).id == made.id


class TestLife:
    def test_it_stops_at_once_with_a_stream_open(self):
        with Emulator(stream_every="1h") as emu:
            stream = emu.client().responses.create(model="gpt-4o", input="x", stream=True)
            assert next(stream).type == "response.created"
        with pytest.raises(EmulatorError, match="not started"):
            _ = emu.url

    def test_it_works_with_async_with(self):
        async def ask():
            async with Emulator() as emu, emu.async_client() as client:
                return await client.responses.create(model="gpt-4o", input="x")

        assert asyncio.run(ask()).status == "completed"

    def test_a_connection_that_the_server_closed_is_made_anew(self, emu):
        assert emu.clock.mode == "real"
        emu._wire._connection.sock.shutdown(socket.SHUT_RDWR)
        assert emu.clock.mode == "real"

    def test_the_package_names_it(self):
        assert package.Emulator is Emulator


class TestScripts:
    def test_a_scripted_answer_is_counted_and_removed(self, emu):
        client = emu.client()
        story = emu.when(input="story").then(reasoning("Hm."), message("Once."), name="the story")
        assert (story.name, story.hits) == ("the story", 0)
        assert client.responses.create(model="o3", input="a story").output_text == "Once."
        assert story.hits == 1
        assert [each.name for each in emu.fixtures] == ["the story"]
        story.remove()
        with pytest.raises(EmulatorError, match="not there any more"):
            _ = story.hits
        assert client.responses.create(model="o3", input="a story").output_text != "Once."

    def test_a_sequence_takes_steps_and_lists_of_steps(self, emu):
        emu.when(input="again").sequence(message("one"), [reasoning("Hm."), message("two")], at_end="cycle")
        client = emu.client()
        said = [client.responses.create(model="gpt-4o", input="again").output_text for _ in range(3)]
        assert said == ["one", "two", "one"]

    def test_every_builder_is_accepted_by_the_server(self, emu):
        cited = {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 1}
        for step in (
            message("Hello", annotations=[cited]),
            refusal("No."),
            reasoning("one", "two"),
            function_call("f", a=1),
            custom_tool_call("t", "text"),
            item(type="reasoning", summary=[]),
            wait("1ms"),
            incomplete(),
            fail(),
            error(429, retry_after_ms=1),
        ):
            emu.when(input="x").then(step)

    def test_a_wrong_one_is_refused_in_one_line(self, emu):
        with pytest.raises(EmulatorError, match=r"'inptu' in when; did you mean 'input'\?"):
            emu.when(inptu="x").then(message("x"))

    def test_not_is_written_with_a_line_below(self, emu):
        emu.when(not_={"input": "x"}).then(message("No x."))
        assert emu.client().responses.create(model="gpt-4o", input="hello").output_text == "No x."

    def test_a_folder_is_added_and_its_mistakes_have_a_place(self, emu, tmp_path):
        (tmp_path / "a.yaml").write_text("- name: first\n  then: [{message: a}]\n")
        (tmp_path / "b.json").write_text('{"name": "second", "then": [{"message": "b"}]}')
        assert [each.name for each in emu.add_fixtures(tmp_path)] == ["first", "second"]
        (tmp_path / "b.json").write_text('{"nam": "second"}')
        with pytest.raises(EmulatorError, match=r"b\.json:1: .*nam"):
            emu.add_fixtures(str(tmp_path))
        emu.clear_fixtures()
        assert emu.fixtures == []

    def test_those_that_answered_nothing_are_named(self, emu):
        emu.when(input="one").then(message("1"), name="one")
        emu.when(input="two").then(message("2"), name="two")
        emu.client().responses.create(model="gpt-4o", input="one")
        with pytest.raises(AssertionError, match="1 of 2 fixtures answered nothing: 'two'"):
            emu.assert_all_fixtures_used()


class TestJournal:
    def test_it_has_the_requests_newest_first(self, emu):
        assert emu.last_request is None
        client = emu.client()
        made = client.responses.create(model="gpt-4o", input="hello")
        client.responses.retrieve(made.id)
        assert [(seen.method, seen.status) for seen in emu.requests] == [("GET", 200), ("POST", 200)]
        assert emu.requests[1].body == {"input": "hello", "model": "gpt-4o"}
        assert emu.last_request.response_id == made.id
        with pytest.raises(AttributeError, match="no 'colour', only"):
            _ = emu.last_request.colour

    def test_what_was_asked_is_verified(self, emu):
        emu.client().responses.create(model="gpt-4o", input="hello")
        assert emu.verify({"input": "hello"}, exactly=1)
        found = emu.verify({"input": "bye"}, at_least=2, within=timedelta(milliseconds=1))
        assert (found.passed, found.count, len(found.nearest)) == (False, 0, 1)
        emu.assert_called({"model": "gpt-*"})
        with pytest.raises(AssertionError, match=r"exactly 2 of the requests .* found 0\n.*input wanted 'bye', got 'h"):
            emu.assert_called({"input": "bye"}, exactly=2)
        with pytest.raises(EmulatorError, match="did you mean 'input'"):
            emu.verify({"inptu": "x"})

    def test_it_waits_for_what_is_still_to_come(self, emu):
        async def ask():
            async with emu.async_client() as client:
                waits = asyncio.create_task(asyncio.to_thread(emu.assert_called, {"input": "late"}, within="20s"))
                await client.responses.create(model="gpt-4o", input="late")
                await waits

        asyncio.run(ask())


class TestFaults:
    def test_one_strikes_and_is_cleared(self, emu):
        client = emu.client(max_retries=0)
        added = emu.faults.add("status", status=503, times=1)
        with pytest.raises(openai.InternalServerError):
            client.responses.create(model="gpt-4o", input="x")
        assert client.responses.create(model="gpt-4o", input="x").status == "completed"
        assert [fault["id"] for fault in emu.faults.list()] == [added["id"]]
        assert emu.requests[1].fault
        emu.faults.clear()
        assert emu.faults.list() == []

    def test_a_webhook_is_told_and_forgotten(self):
        with Emulator(egress="loopback") as emu, Receiver() as receiver, emu.client() as client:
            webhook = emu.webhooks.add(receiver.url, events=["response.cancelled"])
            assert [row["id"] for row in emu.webhooks.list()] == [webhook["id"]]
            made = client.responses.create(model="gpt-4o", input="Hello", background=True)
            client.responses.cancel(made.id)
            got = receiver.next()
            event = client.webhooks.unwrap(got.body, got.headers, secret=webhook["secret"])
            assert (event.type, event.data.id) == ("response.cancelled", made.id)
            assert [row["event"]["id"] for row in emu.webhooks.deliveries(made.id)] == [event.id]
            assert emu.webhooks.deliveries("resp_none") == []
            emu.webhooks.clear()
            assert emu.webhooks.list() == []

    def test_a_deployment_is_limited(self, emu):
        emu.clock.freeze()
        emu.limits("gpt-4o", requests_per_minute=6)
        client = emu.client(max_retries=0)
        client.responses.create(model="gpt-4o", input="x")
        with pytest.raises(openai.RateLimitError):
            client.responses.create(model="gpt-4o", input="x")
        emu.clock.advance("1m")
        assert client.responses.create(model="gpt-4o", input="x").status == "completed"


def test_a_url_is_given_its_bytes_or_fails(emu, tmp_path):
    url = "https://example.com/cat.png"
    (tmp_path / "cat.png").write_bytes(pictures.png(512, 512))
    part = {"type": "input_image", "image_url": url}

    def ask():
        return emu.client().responses.create(model="gpt-4o", input=[{"role": "user", "content": [part]}])

    served = emu.serve_url(url, pictures.png(2048, 4096))
    assert (ask().usage.input_tokens, served.hits) == (4 + 1105, 1)
    emu.serve_url(url, tmp_path / "cat.png")
    assert ask().usage.input_tokens == 4 + 255
    emu.serve_url(url, fail="invalid_image_url")
    with pytest.raises(openai.BadRequestError, match="does not lead to an image"):
        ask()
    with pytest.raises(EmulatorError, match="fail must be one of"):
        emu.serve_url(url, fail="nope")
