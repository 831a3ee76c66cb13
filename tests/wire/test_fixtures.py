"""Fixtures as a client meets them: every step, counting under load, the endpoints, reloading, and what is refused."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai
import orjson
import pytest
from click.testing import CliRunner

from emulator.cli import commands
from emulator.core.clock import Clock
from emulator.run import fixture_files

URL = "/_emulator/fixtures"
YAML = {"content-type": "application/yaml"}
SEARCH = {"type": "web_search_call", "action": {"type": "search", "query": "x"}, "status": "completed"}


@pytest.fixture
def control(server, request):
    """The control endpoints of a namespace of its own, and the API beside them."""
    name = f"f{abs(hash(request.node.nodeid))}"
    api = server.http(f"/ns/{name}/openai/v1")
    client = server.http(f"/ns/{name}")
    client.api, client.name = api, name
    return client


def add(control, *fixtures, method="POST"):
    answer = control.request(method, URL, json=list(fixtures))
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def says(text, **more):
    return {"then": [{"message": text}], **more}


def ask(control, text="hi", **fields):
    return control.api.post("/responses", json={"model": "gpt-4o", "input": text, **fields})


def text_of(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["output"][-1]["content"][0].get("text")


def events(answer):
    assert answer.status_code == 200, answer.text
    frames = answer.text.split("\n\n")
    return [orjson.loads(frame.split("data: ", 1)[1]) for frame in frames if frame.startswith("event: ")]


class TestSteps:
    def test_the_official_client_reads_what_a_script_says(self, server, control):
        note = {"type": "url_citation", "start_index": 0, "end_index": 2, "title": "t", "url": "https://example.com/"}
        add(
            control,
            {
                "then": [
                    {"reasoning": ["One.", "Two."]},
                    {"message": {"text": "Hi there", "annotations": [note]}},
                    {"item": SEARCH},
                    {"function_call": {"name": "f", "arguments": {"q": "{{ input }}"}}},
                ],
                "usage": {"input_tokens": 1, "output_tokens": 2, "reasoning_tokens": 3, "cached_tokens": 4},
            },
        )
        client = server.client(f"/ns/{control.name}/openai/v1")
        plain = client.responses.create(model="gpt-4o", input="hello")
        with client.responses.stream(model="gpt-4o", input="hello") as stream:
            streamed = stream.get_final_response()
        for response in (plain, streamed):
            thought, said, search, call = response.output
            assert [part.text for part in thought.summary] == ["One.", "Two."]
            assert said.content[0].annotations[0].title == "t"
            assert (search.type, search.status, search.id[:3]) == ("web_search_call", "completed", "ws_")
            assert call.arguments == '{"q":"hello"}'
            usage = response.usage
            assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (1, 2, 3)
            assert usage.output_tokens_details.reasoning_tokens == 3
            assert usage.input_tokens_details.cached_tokens == 4

    @pytest.mark.parametrize("path", ["openai/v1", "v1"])
    def test_an_error_comes_before_anything_starts_and_the_client_retries_it(self, server, control, path):
        add(
            control,
            {
                "sequence": [
                    [{"error": {"status": 429, "retry_after_ms": 1, "headers": {"X-More": "1"}}}],
                    [
                        {
                            "error": {
                                "status": 503,
                                "code": "c",
                                "type": "t",
                                "message": "{x}",
                                "param": "p",
                                "retry_after": 0,
                            }
                        }
                    ],
                    [{"message": "Here you are."}],
                ]
            },
        )
        http = server.http(f"/ns/{control.name}/{path}")
        first = http.post("/responses", json={"model": "gpt-4o", "input": "x"})
        assert (first.status_code, first.headers["retry-after-ms"], first.headers["x-more"]) == (429, "1", "1")
        assert first.json()["error"] == {
            "message": "Rate limit reached. Please try again later.",
            "type": "requests",
            "param": None,
            "code": "rate_limit_exceeded",
        }
        second = http.post("/responses", json={"model": "gpt-4o", "input": "x", "stream": True})
        assert (second.status_code, second.headers["retry-after"]) == (503, "0")
        assert second.json()["error"] == {"message": "{x}", "type": "t", "param": "p", "code": "c"}
        add(
            control,
            {"sequence": [[{"error": {"status": 429, "retry_after_ms": 1}}], [{"message": "ok"}]]},
            method="PUT",
        )
        client = server.client(f"/ns/{control.name}/{path}", max_retries=1)
        assert client.responses.create(model="gpt-4o", input="x").output_text == "ok"

    def test_the_two_other_endings(self, control):
        add(
            control,
            {
                "when": {"input": "fail"},
                "then": [{"message": "I was"}, {"fail": {"code": "server_error", "message": "Oh."}}],
            },
        )
        add(
            control,
            {
                "when": {"input": "cut"},
                "then": [{"item": SEARCH}, {"events": [{"type": "response.x"}]}, {"incomplete": "content_filter"}],
            },
        )
        failed = ask(control, "fail").json()
        assert (failed["status"], failed["error"]) == ("failed", {"code": "server_error", "message": "Oh."})
        cut = ask(control, "cut").json()
        assert (cut["status"], cut["incomplete_details"]) == ("incomplete", {"reason": "content_filter"})

    @pytest.mark.off_contract
    def test_raw_events_and_a_list_of_chunks_are_sent_as_they_are(self, control):
        add(
            control,
            {
                "then": [{"events": [{"type": "response.odd", "a": 1}]}, {"message": "abc"}],
                "stream": {"chunk": ["a", "bc"]},
            },
        )
        found = events(ask(control, stream=True, stream_options={"include_obfuscation": False}))
        assert [event["sequence_number"] for event in found] == list(range(len(found)))
        assert {"type": "response.odd", "a": 1, "sequence_number": 2} in found
        assert [event["delta"] for event in found if event["type"] == "response.output_text.delta"] == ["a", "bc"]

    def test_a_wait_holds_a_plain_answer_and_a_background_run_until_the_clock_has_moved(self, start_server):
        server = start_server(Clock(1_763_000_000.0))
        http, control = server.http(), server.http("")
        control.post(URL, json={"then": [{"wait": "30s"}, {"message": "done"}], "background": {"queued": "1s"}})
        made = http.post("/responses", json={"model": "gpt-4o", "input": "x", "background": True}).json()
        sleeping = len(server.clock._sleepers._events)
        with ThreadPoolExecutor(1) as pool:
            plain = pool.submit(http.post, "/responses", json={"model": "gpt-4o", "input": "x"})
            while len(server.clock._sleepers._events) == sleeping:
                control.get("/_emulator/livez")
            assert not plain.done()
            server.clock.advance(30)
            assert plain.result().json()["completed_at"] == 1_763_000_030
        assert http.get(f"/responses/{made['id']}").json()["status"] == "in_progress"
        server.clock.advance(1)
        assert http.get(f"/responses/{made['id']}").json()["completed_at"] == 1_763_000_031

    def test_a_manual_background_run_waits_for_its_steps(self, control):
        add(control, says("done", background="manual"))
        made = ask(control, background=True).json()
        get = lambda: control.api.get(f"/responses/{made['id']}").json()["status"]  # noqa: E731
        assert [get(), get(), get()] == ["queued"] * 3
        steps = f"/_emulator/responses/{made['id']}/advance"
        assert control.post(steps).json()["status"] == "in_progress"
        assert get() == "in_progress"
        assert control.post(steps).json()["status"] == "completed"
        other = ask(control, background=True).json()
        ended = control.post(f"/_emulator/responses/{other['id']}/complete").json()
        assert (ended["status"], ended["output"][0]["content"][0]["text"]) == ("completed", "done")

    def test_a_template_that_cannot_be_filled_in_is_no_server_error(self, control):
        add(control, says("{{ request.nothing }}", name="t"))
        answer = ask(control)
        assert (answer.status_code, answer.headers["x-should-retry"]) == (400, "false")
        assert answer.json()["error"]["code"] == "template_failed"
        assert answer.json()["error"]["message"] == (
            "A template of the fixture 't' (added at run time) cannot be filled in: "
            "then[0].message: there is no 'nothing' in it"
        )


class TestCounting:
    @pytest.mark.parametrize(
        ("at_end", "texts"),
        [("repeat_last", "a b b b"), ("cycle", "a b a b"), ("error", "a b 404 404")],
    )
    def test_a_sequence_goes_on_with_each_match(self, control, at_end, texts):
        add(control, {"sequence": [[{"message": "a"}], [{"message": "b"}]], "at_end": at_end, "name": "s"})
        found = [ask(control) for _ in range(4)]
        assert " ".join(text_of(one) if one.status_code == 200 else str(one.status_code) for one in found) == texts
        if at_end == "error":
            assert found[-1].json()["error"]["code"] == "sequence_ended"
            assert found[-1].headers["x-should-retry"] == "false"

    def test_a_fixture_matches_exactly_as_often_as_it_says_however_many_ask(self, control):
        add(control, says("limited", times=7, priority=1, name="limited"), says("other", name="other"))
        with ThreadPoolExecutor(8) as pool:
            texts = [text_of(answer) for answer in pool.map(lambda _: ask(control), range(40))]
        assert (texts.count("limited"), texts.count("other")) == (7, 33)
        hits = {one["name"]: one["hits"] for one in control.get(URL).json()["data"]}
        assert hits == {"limited": 7, "other": 33}

    def test_a_sequence_gives_each_of_its_answers_once_however_many_ask(self, control):
        add(control, {"sequence": [[{"message": str(number)}] for number in range(20)], "at_end": "error"})
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: ask(control), range(24)))
        told = sorted(int(text_of(answer)) for answer in answers if answer.status_code == 200)
        assert told == list(range(20))

    def test_chains_that_count_for_themselves_do_not_steal_from_one_another(self, control):
        sequence = [[{"message": text}] for text in ("one", "two", "three")]
        add(
            control,
            {"sequence": sequence, "per": "chain"},
            says("spent", times=1, per="chain", priority=1, when={"input": "once"}),
        )

        def talk(_):
            told, previous = [], None
            for text in ("a", "b", "once", "once", "c"):
                answer = ask(control, text, previous_response_id=previous)
                told.append(text_of(answer))
                previous = answer.json()["id"]
            return told

        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(talk, range(6))) == [["one", "two", "spent", "three", "three"]] * 6

    def test_counting_input_tokens_takes_no_match(self, control):
        add(control, says("once", times=1), method="PUT")
        assert control.api.post("/responses/input_tokens", json={"model": "gpt-4o", "input": "x"}).status_code == 200
        assert text_of(ask(control)) == "once"

    def test_a_refused_request_takes_no_match(self, control):
        add(control, says("once", times=1))
        assert ask(control, previous_response_id="resp_" + "0" * 50).status_code == 400
        assert text_of(ask(control)) == "once"

    def test_the_turn_and_the_fixture_before_it_are_known(self, control):
        add(
            control,
            says("first", name="first", when={"turn": 1}),
            says("after first", when={"previous": "first"}),
            says("third", when={"turn": 3}),
        )
        one = ask(control)
        two = ask(control, previous_response_id=one.json()["id"])
        three = ask(control, previous_response_id=two.json()["id"])
        assert [text_of(answer) for answer in (one, two, three)] == ["first", "after first", "third"]


class TestEndpoints:
    def test_fixtures_are_added_listed_replaced_and_removed(self, control):
        (one,) = add(control, says("a", name="a", when={"input": "x"}))
        (two,) = add(control, says("b", name="b"))
        assert set(one) == {"id", "name"}
        listed = control.get(URL).json()
        assert listed["error"] is None
        assert listed["data"][0] == {
            "name": "a",
            "when": {"input": "x"},
            "then": [{"message": "a"}],
            "id": one["id"],
            "source": "http",
            "where": "added at run time",
            "hits": 0,
        }
        assert text_of(ask(control, "x")) == "a"
        assert control.get(URL).json()["data"][0]["hits"] == 1
        assert control.delete(f"{URL}/{one['id']}").json() == {"id": one["id"], "deleted": True}
        assert text_of(ask(control, "x")) == "b"
        add(control, says("c", name="c"), method="PUT")
        assert [row["name"] for row in control.get(URL).json()["data"]] == ["c"]
        gone = control.delete(f"{URL}/{two['id']}")
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "not_found")
        assert control.delete(URL).json() == {"deleted": 1}
        assert control.get(URL).json()["data"] == []

    def test_one_of_the_same_name_takes_its_place_and_counts_anew(self, control):
        add(control, says("a", name="a", times=1))
        assert text_of(ask(control)) == "a"
        add(control, says("again", name="a", times=1))
        assert text_of(ask(control)) == "again"

    def test_yaml_is_read_as_well_and_a_single_fixture(self, control):
        answer = control.post(URL, content="# words\nname: on\nthen:\n  - message: 12:30\n", headers=YAML)
        assert (answer.status_code, answer.json()["data"][0]["name"]) == (200, "on")
        assert text_of(ask(control)) == "12:30"

    @pytest.mark.parametrize(
        ("content", "headers", "status", "says"),
        [
            (
                "- then: [message: a]\n- than: []",
                YAML,
                400,
                "request:2: unknown key 'than' in a fixture; did you mean 'then'?",
            ),
            ("[\n{", {}, 400, "request:2: not JSON: "),
            ("- {name: a, then: [message: a]}\n" * 2, YAML, 400, "request:2: the name 'a' is taken, see request:1"),
            ("x", {"content-type": "text/html"}, 400, "Unsupported content type: 'text/html'"),
            ("a: &x 1", YAML, 400, "request:1: anchors and aliases are not accepted"),
            ("# " + "a" * 1_000_000, YAML, 400, "request: larger than 1000000 bytes"),
        ],
    )
    def test_what_is_wrong_is_refused_and_nothing_is_added(self, control, content, headers, status, says):
        answer = control.post(URL, content=content, headers=headers)
        assert answer.status_code == status
        assert answer.json()["error"]["message"].startswith(says)
        assert control.get(URL).json()["data"] == []

    def test_namespaces_keep_their_fixtures_apart_and_a_reset_removes_them(self, server, control):
        add(control, says("mine"))
        other = server.http(f"/ns/{control.name}x/openai/v1").post(
            "/responses", json={"model": "gpt-4o", "input": "hi"}
        )
        assert text_of(other) != "mine"
        assert control.post("/_emulator/reset", json={"scope": "fixtures"}).status_code == 200
        assert text_of(ask(control)) != "mine"

    def test_another_server_on_the_same_database_knows_them_and_counts_with_them(self, start_server, tmp_path):
        one, two = (start_server(db=str(tmp_path / "x.db")) for _ in range(2))
        assert two.http().post("/responses", json={"model": "gpt-4o", "input": "x"}).status_code == 200
        one.http("").post(URL, json=[says("limited", times=3, priority=1), says("other")])
        texts = [text_of(at.http().post("/responses", json={"model": "gpt-4o", "input": "x"})) for at in (one, two) * 3]
        assert (texts.count("limited"), texts.count("other")) == (3, 3)
        two.http("").delete(URL)
        assert one.http("").get(URL).json()["data"] == []


class TestFiles:
    def test_a_changed_file_is_read_again_and_a_broken_one_keeps_the_last_good(
        self, start_server, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(fixture_files, "EVERY", 0.0)
        file = tmp_path / "a.yaml"
        file.write_text("- {name: a, then: [message: one]}")
        server = start_server(fixtures=tmp_path)
        http, control = server.http(), server.http("")
        asked = {"model": "gpt-4o", "input": "x"}
        assert text_of(http.post("/responses", json=asked)) == "one"
        file.write_text("- {name: a, then: [message: second]}")
        assert text_of(http.post("/responses", json=asked)) == "second"
        file.write_text("- {name: a, then: [mesage: third]}")
        assert text_of(http.post("/responses", json=asked)) == "second"
        assert control.get(URL).json()["error"] == f"{file}:1: unknown key 'mesage' in then[0]; did you mean 'message'?"
        (tmp_path / "b.yaml").write_text("- {name: b, priority: 1, then: [message: fourth]}")
        file.write_text("[]")
        os.utime(file)
        assert text_of(http.post("/responses", json=asked)) == "fourth"
        listed = control.get(URL).json()
        assert (listed["error"], [(row["source"], row["where"]) for row in listed["data"]]) == (
            None,
            [("file", f"{tmp_path}/b.yaml:1")],
        )
        answer = control.delete(f"{URL}/{listed['data'][0]['id']}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_fixture")

    def test_a_fixture_added_at_run_time_goes_before_the_files(self, start_server, tmp_path):
        (tmp_path / "a.yaml").write_text("- {when: {input: x, model: gpt-4o}, then: [message: file]}")
        server = start_server(fixtures=tmp_path)
        server.http("").post(URL, json=says("added"))
        assert text_of(server.http().post("/responses", json={"model": "gpt-4o", "input": "x"})) == "added"

    def test_push_sends_a_folder_and_keeps_the_places_of_its_fixtures(self, start_server, tmp_path):
        (tmp_path / "a.yaml").write_text(
            "- {name: a, then: [message: one]}\n- {when: {input: y}, then: [message: two]}"
        )
        server = start_server(unmatched="reject")
        push = lambda *more: CliRunner().invoke(  # noqa: E731
            commands, ["push", str(tmp_path), "--url", server.url, "--namespace", "ci", *more], standalone_mode=False
        )
        assert push().return_value == 0
        http, control = server.http("/ns/ci/openai/v1"), server.http("/ns/ci")
        assert text_of(http.post("/responses", json={"model": "gpt-4o", "input": "y"})) == "two"
        assert [row["where"] for row in control.get(URL).json()["data"]] == [
            f"{tmp_path}/a.yaml:2",
            f"{tmp_path}/a.yaml:1",
        ]
        (tmp_path / "a.yaml").write_text("- {name: b, when: {input: z}, then: [message: three]}")
        assert push("--add").return_value == 0
        assert len(control.get(URL).json()["data"]) == 3
        assert push().return_value == 0
        missed = http.post("/responses", json={"model": "gpt-4o", "input": "y"})
        assert f"Closest: 'b' ({tmp_path}/a.yaml:1)" in missed.json()["error"]["message"]


class TestUnmatched:
    def test_reject_names_the_closest_fixture_and_the_client_does_not_retry(self, start_server, tmp_path):
        (tmp_path / "weather.yaml").write_text(
            "- name: tell\n  when: {input: weather, model: gpt-4o*}\n  then: [message: Sunny.]\n"
            "- {name: far, when: {model: o3, input: x, stream: true}, then: [message: a]}\n"
        )
        server = start_server(fixtures=tmp_path, unmatched="reject")
        with pytest.raises(openai.NotFoundError) as raised:
            server.client(max_retries=2).responses.create(model="gpt-4o", input="the wether?")
        assert raised.value.response.headers["x-should-retry"] == "false"
        assert raised.value.response.json()["error"] == {
            "message": f"No fixture matched. Closest: 'tell' ({tmp_path}/weather.yaml:1), 1 of 2 conditions held: "
            "input wanted 'weather', got 'the wether?' (failed); model wanted 'gpt-4o*', got 'gpt-4o' (held). "
            "Hint: the request says 'wether?', which is near.",
            "type": "emulator_error",
            "param": None,
            "code": "fixture_not_found",
        }

    def test_a_namespace_may_reject_by_itself_and_a_spent_fixture_says_so(self, control):
        assert control.post("/_emulator/unmatched", json={"unmatched": "reject"}).status_code == 200
        assert "There is no fixture here" in ask(control).json()["error"]["message"]
        add(control, says("once", times=1))
        assert text_of(ask(control)) == "once"
        assert "as often as its 'times' allows" in ask(control).json()["error"]["message"]


def test_the_shipped_scripts_of_agents_answer(start_server):
    http = start_server(
        Clock(1_763_000_000.0), fixtures=Path(__file__).parents[2] / "fixtures", unmatched="reject"
    ).http()
    post = lambda text, **more: http.post("/responses", json={"model": "gpt-4o", "input": text, **more})  # noqa: E731
    assert [post("try again").status_code for _ in range(2)] == [429, 200]
    booking = post("Book a table for 4, please").json()
    call = booking["output"][0]
    assert orjson.loads(call["arguments"]) == {"guests": 4, "request": "Book a table for 4, please"}
    for told, text in (('{"status": "ok"}', "by the window"), ('{"status": "full"}', "no table")):
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": told}
        assert text in text_of(post([output], previous_response_id=booking["id"]))
    first = post("count with me").json()
    assert text_of(post("count with me", previous_response_id=first["id"])) == "Two."
    searched = post("search the web").json()
    assert [item["type"] for item in searched["output"]] == ["web_search_call", "message"]
    assert searched["usage"]["total_tokens"] == 360


def test_the_examples_of_the_design_answer(start_server, tmp_path):
    (tmp_path / "weather.yaml").write_text(DESIGN)
    http = start_server(fixtures=tmp_path, unmatched="reject").http()
    tool = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}
    asked = http.post("/responses", json={"model": "gpt-4o", "input": "The weather?", "tools": [tool]}).json()
    call = asked["output"][-1]
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": '{"temperature": 18}'}
    told = http.post("/responses", json={"model": "gpt-4o", "input": [output], "previous_response_id": asked["id"]})
    assert text_of(told) == "It is 18 in San Francisco."
    flaky = [http.post("/responses", json={"model": "gpt-4o", "input": "try again"}) for _ in range(3)]
    assert [answer.status_code for answer in flaky] == [429, 200, 200]
    assert flaky[0].headers["retry-after"] == "2"
    assert http.post("/responses", json={"model": "gpt-4o", "input": "fail"}).json()["status"] == "failed"


DESIGN = """\
- name: ask for the weather
  when:
    model: gpt-4o*                 # glob on the deployment asked for
    input: weather                 # contained in the last user message, any case; /.../ is a regular expression
    tools: [get_weather]           # offered in the request
  then:
    - reasoning: The user wants the weather, so I need the tool.
    - function_call: {name: get_weather, arguments: {location: San Francisco}}
- name: tell the weather
  when: {tool_output: get_weather} # the last input item answers a call of that function
  then:
    - message: "It is {{ tool_output.temperature }} in San Francisco."
- name: long story
  when: {input: long story, background: true}
  stream: {chunk: word, first: 300ms, every: 20ms}    # pacing; default none
  background: {queued: 1s}                            # or {polls: 3} or manual; default: two polls, as below
  then:
    - message: Once upon a time...
- name: flaky, then fine
  when: {input: try again}
  sequence:                                           # one entry a match; the last repeats
    - - error: {status: 429, retry_after: 2}
    - - message: Here you are.
- name: every ending
  when: {input: /^fail/}
  then:
    - message: I was about to
    - fail: {code: server_error, message: The model crashed.}   # or incomplete: max_output_tokens | content_filter
"""


def test_a_regular_expression_that_takes_for_ever_does_not_hold_the_server_up(control):
    add(control, says("never", when={"input": "/^(a+)+$/"}))
    answer = ask(control, "a" * 5_000 + "!")
    assert answer.elapsed.total_seconds() < 5
    assert text_of(answer) != "never"
