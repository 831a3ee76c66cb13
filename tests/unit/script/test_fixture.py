"""Fixtures are read exactly, from YAML, JSON and Python, and a wrong one is refused with one exact line."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from emulator.script import fixture, then, when
from emulator.script.fixture import FixtureError, from_dict
from emulator.script.load import load_fixtures
from emulator.script.plan import (
    CustomToolCall,
    Ending,
    Events,
    FunctionCall,
    Item,
    Message,
    Pace,
    Progress,
    Reasoning,
    Refusal,
    Wait,
)
from emulator.script.template import MARK

REPO = Path(__file__).parents[3]
SHIPPED = REPO / "fixtures"
PAGE = (REPO / "docs/reference/fixtures.md").read_text(encoding="utf-8")
THEN = "  then: [message: Hi]\n"

REFUSED = [
    # Keys
    (
        "- {modle: 1}",
        "1: unknown key 'modle' in a fixture; the keys are " + ", ".join(fixture.KEYS),
    ),
    ("- name: a\n  than:\n  - message: x", "2: unknown key 'than' in a fixture; did you mean 'then'?"),
    ("- when:\n    modle: x\n" + THEN, "2: unknown key 'modle' in when; did you mean 'model'?"),
    (
        "- when: {Tool-Output: x}\n" + THEN,
        "1: unknown key 'Tool-Output' in when; did you mean 'tool_output'?",
    ),
    ("- then:\n  - mesage: x", "2: unknown key 'mesage' in then[0]; did you mean 'message'?"),
    (
        "- then:\n  - function_call:\n      name: f\n      args: {}",
        "4: unknown key 'args' in then[0].function_call; did you mean 'arguments'?",
    ),
    ("- stream: {frist: 1s}\n" + THEN, "1: unknown key 'frist' in stream; did you mean 'first'?"),
    ("- background: {poll: 1}\n" + THEN, "1: unknown key 'poll' in background; did you mean 'polls'?"),
    ("- name: a\n  name: b\n" + THEN, "2: name is here twice, first in line 1"),
    ("- when:\n    input: a\n    input: b\n" + THEN, "3: when.input is here twice, first in line 2"),
    # Keys that go with one another
    ("- then: [message: x]\n  sequence: [[message: x]]", "1: a fixture has both 'then' and 'sequence': one of them"),
    ("- at_end: cycle\n" + THEN, "1: at_end needs 'sequence'"),
    ("- per: chain\n" + THEN, "1: per needs 'times' or 'sequence': nothing else is counted"),
    ("- times: 0\n" + THEN, "1: times must be at least 1, not 0"),
    ("- sequence: [message: x]", "1: sequence[0] must be a list of steps, not a mapping"),
    (
        "- sequence: [[message: x]]\n  at_end: stop",
        "2: at_end must be one of repeat_last, cycle, error, not the text 'stop'",
    ),
    ("- usage: {}\n" + THEN, "1: usage must not be empty"),
    ("- usage: {output: 1}\n" + THEN, "1: unknown key 'output' in usage; did you mean 'output_tokens'?"),
    ("- usage: {output_tokens: 9999999999999999}\n" + THEN, "1: usage.output_tokens is too large"),
    # A fixture
    ("42", "1: a fixture must be a mapping, not the number 42"),
    ("- hello", "1: a fixture must be a mapping, not the text 'hello'"),
    ("- name: a", "1: a fixture needs 'then', a list of steps"),
    ("- name: ''\n" + THEN, "1: name must not be empty"),
    ("- name: 7\n" + THEN, "1: name must be text, not the number 7; put it in quotes"),
    ('- name: "a\\nb"\n' + THEN, "1: name must be one line of printable text, not the text 'a\\nb'"),
    ("- priority: high\n" + THEN, "1: priority must be a whole number, not the text 'high'"),
    ("- priority: true\n" + THEN, "1: priority must be a whole number, not true"),
    ("- priority: 1.5\n" + THEN, "1: priority must be a whole number, not the number 1.5"),
    # When
    ("- when:\n" + THEN, "1: when must be a mapping, not nothing"),
    ("- when: {input: 42}\n" + THEN, "1: when.input must be text, not the number 42; put it in quotes"),
    ("- when: {input: ''}\n" + THEN, "1: when.input must not be empty"),
    (
        "- when: {input: /a(/}\n" + THEN,
        "1: when.input is not a regular expression: missing ), unterminated subpattern at position 1",
    ),
    (
        "- when: {instructions: /a/i}\n" + THEN,
        "1: when.instructions has flags after its regular expression; write them inside, as /(?i)hello/",
    ),
    ("- when: {tools: f}\n" + THEN, "1: when.tools must be a list of tool names, not the text 'f'"),
    ("- when: {tools: []}\n" + THEN, "1: when.tools must be a list of tool names, not an empty list"),
    ("- when: {tools: [1]}\n" + THEN, "1: when.tools[0] must be text, not the number 1; put it in quotes"),
    ("- when: {turn: 0}\n" + THEN, "1: when.turn must be at least 1, not 0"),
    ("- when: {any: []}\n" + THEN, "1: when.any must be a list of whens, not an empty list"),
    ("- when: {any: [{modle: x}]}\n" + THEN, "1: unknown key 'modle' in when.any[0]; did you mean 'model'?"),
    ("- when: {not: {}}\n" + THEN, "1: when.not must not be empty: it would never match"),
    ("- when: {headers: {}}\n" + THEN, "1: when.headers must not be empty"),
    (
        "- when: {jsonpath: {$.a b: 1}}\n" + THEN,
        "1: when.jsonpath.$.a b is no path such as $.tools[0].name; it may hold .name, [0], ['name'], [*] and ..name",
    ),
    ("- when: {tool_output: {}}\n" + THEN, "1: when.tool_output must not be empty"),
    (
        "- when: {tool_output: {nmae: f}}\n" + THEN,
        "1: unknown key 'nmae' in when.tool_output; did you mean 'name'?",
    ),
    ("- when: {input: '/(a){99999}/'}\n" + THEN, "1: when.input repeats more than 10000 times"),
    ("- when: {input: '/" + "a" * 1001 + "/'}\n" + THEN, "1: when.input is longer than 1000 characters"),
    ("- when: {model: [a, '']}\n" + THEN, "1: when.model[1] must not be empty"),
    ("- when: {stream: yes}\n" + THEN, "1: when.stream must be true or false, not the text 'yes'"),
    ("- when: {metadata: {}}\n" + THEN, "1: when.metadata must not be empty"),
    (
        "- when: {metadata: {team: true}}\n" + THEN,
        "1: when.metadata.team must be text, not true; put it in quotes",
    ),
    # Then
    ("- then: {message: x}", "1: then must be a list of steps, not a mapping"),
    ("- then: []", "1: then must be a list of steps, not an empty list"),
    ("- then: [hi]", "1: then[0] must be a mapping such as {message: Hello}, not the text 'hi'"),
    ("- then: [{}]", "1: then[0] must have one key, not 0: each step is an entry of its own"),
    (
        "- then:\n  - message: x\n    refusal: y",
        "2: then[0] must have one key, not 2: each step is an entry of its own",
    ),
    ("- then: [message: ]", "1: then[0].message must be text, not nothing"),
    ("- then: [refusal: false]", "1: then[0].refusal must be text, not false; put it in quotes"),
    ("- then: [reasoning: {}]", "1: then[0].reasoning needs 'summary', 'text' or 'tokens'"),
    ("- then: [reasoning: {tokens: -1}]", "1: then[0].reasoning.tokens must be at least 0, not -1"),
    ("- then: [reasoning: [a, '']]", "1: then[0].reasoning[1] must not be empty"),
    ("- then: [function_call: f]", "1: then[0].function_call must be a mapping, not the text 'f'"),
    ("- then: [function_call: {}]", "1: then[0].function_call needs 'name'"),
    (
        "- then: [function_call: {name: f, arguments: [1]}]",
        "1: then[0].function_call.arguments must be a mapping or JSON text, not a list",
    ),
    ("- then: [custom_tool_call: {input: x}]", "1: then[0].custom_tool_call needs 'name'"),
    ("- then: [fail: {code: x}]", "1: then[0].fail needs 'message'"),
    (
        "- then: [compaction: x]",
        "1: then[0].compaction takes nothing, not the text 'x': what it stands for follows from the context",
    ),
    ("- then: [fail: {message: x}]", "1: then[0].fail needs 'code'"),
    (
        "- then: [fail: {code: x, message: y, error_event: round}]",
        "1: then[0].fail.error_event must be one of none, nested, flat, not the text 'round'",
    ),
    (
        "- then: [incomplete: tokens]",
        "1: then[0].incomplete must be one of max_output_tokens, content_filter, not the text 'tokens'",
    ),
    (
        "- then:\n  - fail: {code: a, message: b}\n  - message: x",
        "3: then[1] comes after 'failed', which ends the script: put that last",
    ),
    (
        "- then: [incomplete: content_filter, incomplete: content_filter]",
        "1: then[1] comes after 'incomplete', which ends the script: put that last",
    ),
    (
        "- then: [{message: x}, {error: {status: 429}}]",
        "1: then[1] is an HTTP error, which is given before anything starts: it stands alone",
    ),
    ("- then: [error: {code: x}]", "1: then[0].error needs 'status'"),
    ("- then: [error: {status: 200}]", "1: then[0].error.status must be at least 400, not 200"),
    ("- then: [error: {status: 600}]", "1: then[0].error.status must be from 400 to 599, not 600"),
    (
        "- then: [error: {status: 400, retry_after: 1s}]",
        "1: then[0].error.retry_after must be a whole number, not the text '1s'",
    ),
    (
        "- then: [error: {status: 400, headers: {a b: c}}]",
        "1: then[0].error.headers.a b is no header: a name of letters, digits and dashes, and one line of text",
    ),
    ("- then: [wait: 5]", "1: then[0].wait must be a duration such as 300ms, 1.5s, 2m, 1h or 31d, not the number 5"),
    ("- then: [message: {txt: x}]", "1: unknown key 'txt' in then[0].message; did you mean 'text'?"),
    (
        "- then: [message: {annotations: []}]",
        "1: then[0].message.annotations must be a list of annotations, not an empty list",
    ),
    (
        "- then: [message: {text: x, annotations: [{type: file_path, index: 0}]}]",
        "1: then[0].message.annotations[0] needs 'file_id', as every file_path",
    ),
    (
        "- then:\n  - message: 'Hi {{ name'\n  - message: '{{ 1 +  }}'",
        "3: then[1].message is no template: '1 +' is no term: it ends too early",
    ),
    ("- then: [item: {}]", "1: then[0].item needs 'type'"),
    (
        "- then: [item: {type: web_serch_call}]",
        "1: then[0].item: there is no item type 'web_serch_call'; did you mean 'web_search_call'?",
    ),
    ("- then: [item: {type: web_search_call}]", "1: then[0].item needs 'action', as every web_search_call"),
    (
        "- then: [item: {type: function_call, name: f, args: ''}]",
        "1: then[0].item: a function_call has no field 'args'; did you mean 'arguments'?",
    ),
    (
        "- then: [item: {type: function_call_output, call_id: c, output: x}]",
        "1: then[0].item: no model puts out 'function_call_output'; the client sends it",
    ),
    (
        "- then: [item: {type: shell_call_output, call_id: c, output: []}]",
        "1: then[0].item comes without its shell_call: that is an item before it, with its call_id",
    ),
    (
        "- then:\n" + "  - item: {type: function_call, name: f, arguments: '', call_id: c}\n" * 2,
        "3: then[1].item.call_id: an item before it has the same call_id 'c'",
    ),
    (
        "- then:\n" + "  - item: {type: web_search_call, action: {}, id: m}\n" * 2,
        "3: then[1].item.id: an item before it has the same id 'm'",
    ),
    (
        "- then: [item: {type: message, content: [{type: output_text}]}]",
        "1: then[0].item.content[0] needs 'type' (output_text or refusal) and its text",
    ),
    (
        "- then: [item: {type: message, role: user, content: [{type: refusal, refusal: x}]}]",
        "1: then[0].item: a model's message has the role 'assistant'",
    ),
    (
        "- then: [item: {type: function_call, name: f, arguments: {}}]",
        "1: then[0].item.arguments must be text, not a mapping",
    ),
    ("- then: [events: [{a: 1}]]", "1: then[0].events[0] needs 'type'"),
    (
        "- then: [events: [{type: response.completed}]]",
        "1: then[0].events[0]: response.completed is the log's own; use the steps message, item, fail or incomplete",
    ),
    (
        "- then: [events: [{type: x, sequence_number: 1}]]",
        "1: then[0].events[0]: 'sequence_number' cannot be set; the log numbers its events",
    ),
    (
        "- then: [events: [{type: x, a: 99999999999999999999}]]",
        "1: then[0].events[0] holds a whole number of more than 64 bits",
    ),
    # Pace and progress
    (
        "- stream: {chunk: [H, o]}\n" + THEN,
        "1: stream.chunk must make up a text of the fixture when joined (and one without a template)",
    ),
    (
        "- stream: {chunk: line}\n" + THEN,
        "1: stream.chunk must be word, token, character, a number or a list of texts, not the text 'line'",
    ),
    ("- stream: {chunk: 0}\n" + THEN, "1: stream.chunk must be at least 1, not 0"),
    (
        "- stream: {first: 12:30}\n" + THEN,
        "1: stream.first must be a duration such as 300ms, 1.5s, 2m, 1h or 31d, not the text '12:30'",
    ),
    (
        "- stream: {every: 20}\n" + THEN,
        "1: stream.every must be a duration such as 300ms, 1.5s, 2m, 1h or 31d, not the number 20",
    ),
    ("- background: slow\n" + THEN, "1: background must be a mapping, not the text 'slow'"),
    ("- background: {}\n" + THEN, "1: background needs either 'queued' or 'polls'"),
    ("- background: {polls: 1, queued: 1s}\n" + THEN, "1: background needs either 'queued' or 'polls'"),
    ("- background: {polls: 0}\n" + THEN, "1: background.polls must be at least 1, not 0"),
    # The file
    ("a: &x 1", "1: anchors and aliases are not accepted; quote text that begins with & or *"),
    ("a: *x", "1: anchors and aliases are not accepted; quote text that begins with & or *"),
    ("\na: !!python/object:os.system x", "2: tags are not accepted; quote text that begins with !"),
    (
        "- then:\n  - message: {{ x }}",
        "2: a key must be text; put text that holds braces or brackets in quotes",
    ),
    ("a: 1\n---\nb: 2", "3: one document a file is accepted"),
    ("a: b\x00", "1: not YAML: the character '\\x00' must be escaped"),
    ("[" * 51, "1: nested deeper than 50 levels"),
]


@pytest.fixture
def refusal(tmp_path, monkeypatch):
    """The error line of a file with that content."""
    monkeypatch.chdir(tmp_path)

    def refuse(content, name="x.yaml"):
        file = Path(name)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(FixtureError) as raised:
            load_fixtures(file)
        return str(raised.value)

    return refuse


@pytest.mark.parametrize(("content", "says"), REFUSED)
def test_a_wrong_fixture_is_refused_with_file_line_and_key(refusal, content, says):
    assert refusal(content) == f"x.yaml:{says}"


def test_broken_yaml_is_refused_with_its_line(refusal):
    assert refusal("- a: 1\n  b: [").startswith("x.yaml:2: not YAML: ")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[\n{\n", "3: not JSON: "),
        ('{"priority":\n NaN}', "2: not JSON: "),
        ('{\n\t"then": [],\n\t"then": []}', "3: then is here twice, first in line 2"),
        ('[{"then": [{"message": "a"}]},\n{"than": 1}]', "2: unknown key 'than' in a fixture; did you mean"),
        ("[" * 51 + "]" * 51, "1: nested deeper than 50 levels"),
    ],
)
def test_a_wrong_json_file_is_refused_with_its_line(refusal, content, says):
    assert refusal(content, "x.json").startswith(f"x.json:{says}")


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"a: \xff", "x.yaml", "x.yaml:1: not UTF-8"),
        (b"# " + b"a" * 1_000_000, "x.yaml", "x.yaml: larger than 1000000 bytes"),
        (b"", "x.txt", "x.txt: a file of fixtures ends in .yaml, .yml, .json"),
    ],
)
def test_a_file_that_is_no_fixture_file_is_refused(refusal, content, name, says):
    assert refusal(content, name) == says


def test_a_path_that_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FixtureError, match=r"^no\.yaml: cannot be read: No such file or directory$"):
        load_fixtures(Path("no.yaml"))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "push: a fixture must be a mapping, not a list"),
        (
            {"then": [{"message": 1}]},
            "push: then[0].message must be text, not the number 1; put it in quotes",
        ),
        ({1: 2}, "push: a key of a fixture must be text, not the number 1"),
        ({"then": {1, 2}}, "push: then must be JSON data, not a Python set"),
        ({"then": [{"message": "\ud800"}]}, "push: then[0].message holds half of a surrogate pair"),
        (
            {"then": [{"function_call": {"name": "f", "arguments": {"a": float("nan")}}}]},
            "push: then[0].function_call.arguments holds a number that JSON cannot write",
        ),
    ],
)
def test_a_wrong_fixture_from_python_is_refused_by_the_same_rules(data, says):
    with pytest.raises(FixtureError) as raised:
        from_dict(data, "push")
    assert str(raised.value) == says


def test_a_python_fixture_that_holds_itself_is_refused():
    data: dict[str, object] = {}
    data["then"] = [data]
    with pytest.raises(FixtureError, match="nested deeper than 50 levels"):
        from_dict(data, "push")


def load(tmp_path, content, name="x.yaml"):
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    return load_fixtures(file)


@pytest.mark.parametrize(
    ("step", "read"),
    [
        ("message: Hello", Message("Hello")),
        ("message: 'on'", Message("on")),
        ("message: on", Message("on")),
        ("message: yes", Message("yes")),
        ("message: 12:30", Message("12:30")),
        ("message: 2024-01-01", Message("2024-01-01")),
        ("message: ''", Message("")),
        ("refusal: No", Refusal("No")),
        ("reasoning: Hm", Reasoning(("Hm",))),
        ("reasoning: [Hm, Ah]", Reasoning(("Hm", "Ah"))),
        ("reasoning: null", Reasoning()),
        ("reasoning: ''", Reasoning()),
        ("reasoning: []", Reasoning()),
        ("function_call: {name: f}", FunctionCall("f", "{}")),
        ("function_call: {name: f, arguments: {a: 1, b: [yes, 1.5, ~, 0x10, é]}}", None),
        ("function_call: {name: f, arguments: '{\"a\": '}", FunctionCall("f", '{"a": ')),
        ("custom_tool_call: {name: f, input: SELECT 1}", CustomToolCall("f", "SELECT 1")),
        ("custom_tool_call: {name: f}", CustomToolCall("f", "")),
        ("message: {text: Hi}", Message("Hi")),
        (
            "message: {text: Hi, annotations: [{type: file_path, file_id: f, index: 0}]}",
            Message("Hi", ({"type": "file_path", "file_id": "f", "index": 0},)),
        ),
        ("wait: 1500ms", Wait(1.5)),
        (
            "item: {type: web_search_call, action: {type: search}}",
            Item({"type": "web_search_call", "action": {"type": "search"}}),
        ),
        ("events: [{type: response.x, a: [1]}]", Events(({"type": "response.x", "a": [1]},))),
    ],
)
def test_every_step_is_read(tmp_path, step, read):
    wanted = read or FunctionCall("f", '{"a":1,"b":["yes",1.5,null,16,"é"]}')
    (one,) = load(tmp_path, f"then: [{step}]")
    assert one.then.steps == (wanted,)
    assert one.then.ending == Ending()


@pytest.mark.parametrize(
    ("step", "ending"),
    [
        ("fail: {code: server_error, message: Oh.}", Ending("failed", "server_error", "Oh.")),
        (
            "fail: {code: a, message: b, error_event: true}",
            Ending("failed", "a", "b", error_event="nested"),
        ),
        ("fail: {code: a, message: b, error_event: false}", Ending("failed", "a", "b", error_event="none")),
        ("fail: {code: a, message: b, error_event: flat}", Ending("failed", "a", "b", error_event="flat")),
        ("incomplete: max_output_tokens", Ending("incomplete", reason="max_output_tokens")),
        ("incomplete: content_filter", Ending("incomplete", reason="content_filter")),
    ],
)
def test_every_ending_is_read_alone_and_after_a_step(tmp_path, step, ending):
    alone, after = load(tmp_path, f"- then: [{step}]\n- then: [message: a, {step}]")
    assert (alone.then.steps, alone.then.ending) == ((), ending)
    assert (after.then.steps, after.then.ending) == ((Message("a"),), ending)


@pytest.mark.parametrize(
    ("stream", "pace"),
    [
        ("{chunk: word, first: 300ms, every: 20ms}", Pace("word", 0.3, 0.02)),
        ("{chunk: 5}", Pace(5)),
        ("{first: 1.5s}", Pace("token", 1.5)),
        ("{every: 2m}", Pace("token", 0.0, 120.0)),
        ("{}", Pace()),
        ("{chunk: [A, bc]}", Pace(("A", "bc"))),
    ],
)
def test_the_pace_is_read(tmp_path, stream, pace):
    (one,) = load(tmp_path, f"stream: {stream}\nthen: [message: Abc]")
    assert one.pace == pace


@pytest.mark.parametrize(
    ("background", "progress"),
    [
        ("background: {queued: 1s}", Progress(polls=None, queued=1.0)),
        ("background: {polls: 3}", Progress(polls=3)),
        ("background: manual", Progress(manual=True)),
        ("name: no background", None),
    ],
)
def test_the_progress_of_a_background_run_is_read(tmp_path, background, progress):
    (one,) = load(tmp_path, f"{background}\nthen: [message: a]")
    assert one.progress == progress


def test_a_fixture_knows_its_name_its_place_and_its_priority(tmp_path):
    first, second = load(tmp_path, "# words\n\n- then: [message: a]\n- name: b\n  priority: -3\n  then: [message: a]")
    assert first.where == f"{tmp_path / 'x.yaml'}:3"
    assert (first.name, first.priority) == (first.where, 0)
    assert second.where == f"{tmp_path / 'x.yaml'}:4"
    assert (second.name, second.priority) == ("b", -3)


def test_the_files_of_a_directory_come_in_order_of_their_names(tmp_path):
    for name in ("b.yml", "a.json", "c.yaml"):
        (tmp_path / name).write_text(json.dumps({"name": name, "then": [{"message": "a"}]}), encoding="utf-8-sig")
    (tmp_path / "empty.yaml").write_text("# nothing yet\n")
    (tmp_path / "empty.json").write_text(" ")
    (tmp_path / ".swap.yaml").write_text("{")
    (tmp_path / "README.md").write_text("words")
    assert [one.name for one in load_fixtures(tmp_path)] == ["a.json", "b.yml", "c.yaml"]


def test_two_fixtures_of_one_name_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "b.yaml"):
        Path(name).write_text("name: same\nthen: [message: a]")
    with pytest.raises(FixtureError, match=r"^b\.yaml:1: the name 'same' is taken, see a\.yaml:1$"):
        load_fixtures(Path())


def test_json_text_keeps_its_characters_and_may_be_indented_by_tabs(tmp_path):
    (one,) = load(tmp_path, '{\n\t"then": [\n\t\t{"message": "\\ud83d\\ude00 {\\"a\\": [1]}"}]}', "x.json")
    assert one.then.steps == (Message('\U0001f600 {"a": [1]}'),)


arguments = st.dictionaries(
    st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(st.characters(categories=("L", "P"))),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(st.characters(codec="ascii", categories=("L",)), min_size=1), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=4,
)


@settings(deadline=None)  # it writes files
@given(arguments)
def test_yaml_json_and_python_give_the_same_fixture(tmp_path_factory, values):
    data = {"name": "n", "then": [{"function_call": {"name": "f", "arguments": {"v": values}}}]}
    assume(not MARK.search(json.dumps(values)))
    folder = tmp_path_factory.mktemp("same")
    by_python = from_dict(data, "python")
    (by_json,) = load(folder, json.dumps(data), "x.json")
    (by_flow,) = load(folder, json.dumps(data, ensure_ascii=False), "x.yaml")
    assert by_python.then == by_json.then == by_flow.then
    assert json.loads(by_python.then.steps[0].arguments) == {"v": values}


pieces = st.sampled_from(
    [
        "- ",
        "name: a",
        "then: [",
        "message: b",
        "]",
        "{",
        "}",
        "\n",
        "  ",
        '"',
        "'",
        ":",
        "|",
        "&a",
        "*a",
        "!t",
        "\t",
    ]
)


@settings(deadline=None)  # it writes files
@given(st.lists(pieces, max_size=12).map("".join) | st.text(max_size=30), st.sampled_from(["x.yaml", "x.json"]))
@example("\ufeffa", "x.yaml")
@example("a\ufeff\u0085\u2028b: [", "x.yaml")
@example("? ", "x.yaml")
@example("%YAML 9.9\n--- a", "x.yaml")
def test_any_text_is_either_read_or_refused_in_one_line(tmp_path_factory, content, name):
    file = tmp_path_factory.mktemp("any") / name
    file.write_bytes(content.encode(errors="replace"))
    try:
        load_fixtures(file)
    except FixtureError as error:
        line = str(error)
        assert line.startswith(str(file))
        assert len(line.splitlines()) == 1


def test_the_shipped_scripts_load():
    names = {one.name for one in load_fixtures(SHIPPED)}
    assert {"ask for the weather", "tell the weather", "long story"} <= names


@pytest.mark.parametrize(
    "page", ["reference/fixtures.md", "reference/tools.md", "how-to/script-the-model.md", "how-to/mcp.md"]
)
def test_every_example_of_the_pages_loads(tmp_path, page):
    found = re.findall(r"```yaml\n(.*?)```", (REPO / "docs" / page).read_text(encoding="utf-8"), re.DOTALL)
    assert found
    for example_ in found:
        assert load(tmp_path, example_)


def test_the_reference_page_names_every_key():
    keys = (*fixture.KEYS, *when.KEYS, *when.OUTPUT_KEYS, *then.STEPS, *then.ENDINGS, *then.ERROR_KEYS)
    assert [key for key in keys if f"`{key}" not in PAGE] == []
