"""The examples of docs/reference/control.md are what a server answers; `...` stands for what is left out."""

import re
from pathlib import Path

import httpx
import pytest

from emulator.core.clock import Clock
from tests.conftest import KEY

PAGE = Path(__file__).parents[2] / "docs/reference/control.md"
EXAMPLE = re.compile(r"^```text\n([A-Z]+) (/_emulator/\S+)(?: (.*))?\n(\d{3}) (.*)\n```$", re.MULTILINE)
NOW = 1_763_035_200.0
HELLO = {"name": "hello", "when": {"input": "hello"}, "then": [{"message": "Hello there."}]}
MANUAL = {"name": "manual", "when": {"input": "manual"}, "background": "manual", "then": [{"message": "Done."}]}
# What differs each time, in what is shown and in what is answered.
VARYING = re.compile(r"(?<=fault_)\w{12}|(?<=\"uptime\":)[\d.]+")


class Room:
    """A new server with what one example needs to be there before."""

    def __init__(self, server):
        self.server = server
        self.http = httpx.Client(base_url=server.url, headers={"api-key": KEY}, trust_env=False, timeout=60)
        server._clients.append(self.http)

    def control(self, method, path, body=None):
        return self.http.request(method, "/_emulator" + path, json=body).raise_for_status().json()

    def ask(self, text, **body):
        return self.http.post("/openai/v1/responses", json={"model": "gpt-4o", "input": text, **body}).json()

    def hello(self):
        return self.control("POST", "/fixtures", HELLO)

    def manual(self):
        self.control("POST", "/fixtures", MANUAL)
        return self.ask("manual", background=True)

    def unmatched(self):
        self.control("POST", "/unmatched", {"unmatched": "reject"})
        for text in ("one", "two"):
            self.ask(text)

    def answered(self):
        self.hello()
        self.ask("hello")

    def fault(self):
        return self.control("POST", "/faults", {"kind": "status", "status": 429, "times": 1})

    def limit(self):
        return self.control("POST", "/limits", {"deployment": "gpt-4o", "requests_per_minute": 60})

    def two(self):
        self.control("POST", "/fixtures", [HELLO, MANUAL])

    def webhook(self):
        return self.control("POST", "/webhooks", {"url": "http://127.0.0.1:1/hook"})

    def told(self):
        self.webhook()
        self.control("POST", f"/responses/{self.manual()['id']}/complete")

    def seeded(self):
        self.control("POST", "/seed", {"seed": "first"})


# What goes before an example: by its method and path, as far as they are there.
BEFORE = {
    "GET /_emulator/namespaces": Room.seeded,
    "POST /_emulator/responses": Room.manual,
    "GET /_emulator/fixtures": Room.answered,
    "DELETE /_emulator/fixtures/": Room.hello,
    "DELETE /_emulator/fixtures": Room.two,
    "GET /_emulator/requests/99": Room.answered,
    "GET /_emulator/requests": Room.unmatched,
    "DELETE /_emulator/requests": Room.unmatched,
    "POST /_emulator/verify": Room.answered,
    "POST /_emulator/import": Room.answered,
    "GET /_emulator/faults": Room.fault,
    "DELETE /_emulator/faults": Room.fault,
    "GET /_emulator/limits": Room.limit,
    "DELETE /_emulator/limits": Room.limit,
    "GET /_emulator/webhooks": Room.webhook,
    "DELETE /_emulator/webhooks": Room.webhook,
    "GET /_emulator/webhooks/deliveries": Room.told,
}


def examples():
    return [pytest.param(*found.groups(), id=f"{found[1]} {found[2]}") for found in EXAMPLE.finditer(PAGE.read_text())]


def expected(text):
    """What is shown as an expression: `...` is anything, and what varies only has its form."""
    shapes = ((re.escape("..."), ".*"), ("VARIES", r"[\w.]+"))
    shape = re.escape(VARYING.sub("VARIES", text))
    for shown, meant in shapes:
        shape = shape.replace(shown, meant)
    return re.compile(shape, re.DOTALL)


def body_of(room, text):
    if text == "(the bytes of an archive)":
        return {"content": room.http.get("/_emulator/export").content}
    return {"content": text, "headers": {"content-type": "application/json"}} if text else {}


def path_of(made, path):
    """The path with the id of what was made before in place of the one that is shown."""
    if not made:
        return path
    made_id = made["id"] if "id" in made else made["data"][0].get("id", "")
    return re.sub(r"(?<=/)(?:resp_|fault_|webhook_)[^/]+", made_id, path)


@pytest.mark.parametrize(("method", "path", "sent", "status", "told"), examples())
def test_an_example_is_what_a_server_answers(start_server, method, path, sent, status, told):
    room = Room(start_server(Clock(NOW), egress=("loopback",)))
    before = max((key for key in BEFORE if f"{method} {path}".startswith(key)), key=len, default=None)
    made = BEFORE[before](room) if before else None
    answer = room.http.request(method, path_of(made, path), **body_of(room, sent))
    assert answer.status_code == int(status), answer.text
    if told == "(application/zip)":
        assert answer.headers["content-type"] == "application/zip"
    else:
        assert expected(told).fullmatch(answer.text), f"{answer.text}\nis not\n{told}"


def test_every_example_of_the_page_is_tried():
    assert PAGE.read_text().count("```text\n") == len(examples()) >= 30
