"""Real requests and answers of a real server as the examples of its OpenAPI description; it makes up no answer."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from emulator.app import create_app
from emulator.core.clock import Clock
from emulator.core.ids import Ids
from emulator.server import ThreadedServer
from emulator.settings import Settings

PATH = Path(__file__).parents[1] / "emulator/api/openapi/examples.json"
NOON = 1_763_035_200.0  # the clock of all examples stands still
BASE = "/openai/v1"
CONTROL = "/_emulator"
HEADERS = {"api-key": "any", "user-agent": "an application"}
HELLO = {"model": "gpt-4o", "input": "Say hello."}
FIXTURE = {"name": "hello", "when": {"input": "hello"}, "then": [{"message": "Hello there."}]}
FAULT = {"kind": "delay", "delay": "1ms", "match": {"path": "/nothing"}}
LIMIT = {"deployment": "gpt-5", "requests_per_minute": 60}
# Operations that take a form -> the field of its file.
FORMS = {"createFile": "file", "addUploadPart": "data"}
SETTINGS = Settings(log_level="quiet", egress=("loopback",))
WEBHOOK = {"url": "http://127.0.0.1:8000/hook", "events": ["response.completed"]}
# What the machine says of itself, and differs each time.
VARYING = re.compile(r'"(uptime|duration_ms)": [0-9.e-]+')
SECRET = re.compile(r'"whsec_[^"]+"')
# What is sealed with a key of the server's own.
SEALED = re.compile(r'"(gAAAAA)[\w=-]+"')


class Player:
    """Plays requests in order; an id of an earlier answer stands in a path or a body as `{name}`."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._ids: dict[str, str] = {}
        self.made: dict[str, Any] = {}
        self.archive = b""

    def play(self, name: str, method: str, path: str, body: Any = None, *, keep: str | None = None) -> None:
        """One request; its answer is the example of the operation `name` if there is one, its id is kept as `keep`."""
        request = json.loads(self._filled(json.dumps(body)))
        sent: dict[str, Any] = {} if body is None else {"json": request}
        if name in FORMS:
            sent = {"files": {FORMS[name]: ("notes.txt", b"The answer is 42.")}, "data": body}
        answer = self._http.request(method, self._filled(path), **sent).raise_for_status()
        self.archive = answer.content
        if answer.headers["content-type"] != "application/json":
            return
        told = answer.json()
        if keep:
            self._ids[keep] = (told["data"][0] if "data" in told else told)["id"]
        if name:
            self.made[name] = {"request": request, "answer": told} if "json" in sent else {"answer": told}

    def play_import(self) -> None:
        """Put the archive that came last back."""
        answer = self._http.post(f"{CONTROL}/import", content=self.archive).raise_for_status()
        self.made["importNamespace"] = {"answer": answer.json()}

    def _filled(self, text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: self._ids.get(found[1], found[0]), text)


def text() -> str:
    """The whole file, as JSON."""
    server = ThreadedServer(lambda: create_app(SETTINGS, clock=Clock(NOON), ids=Ids("openapi")))
    with server, httpx.Client(base_url=server.url, headers=HEADERS, timeout=30, trust_env=False) as http:
        player = Player(http)
        for scene in (_responses, _files, _containers, _vector_stores, _control, _webhooks):
            scene(player.play)
        player.play("", "GET", f"{CONTROL}/export")
        player.play_import()
    made = json.dumps(player.made, indent=1, ensure_ascii=False, sort_keys=True)
    made = SECRET.sub('"whsec_..."', made)
    made = SEALED.sub(r'"\1..."', made)
    return VARYING.sub(lambda found: f'"{found[1]}": 1.5', made) + "\n"


def _responses(play: Callable[..., None]) -> None:
    play("createResponse", "POST", f"{BASE}/responses", HELLO, keep="response")
    play("countInputTokens", "POST", f"{BASE}/responses/input_tokens", HELLO)
    play("compactResponse", "POST", "/v1/responses/compact", HELLO)
    play("retrieveResponse", "GET", f"{BASE}/responses/{{response}}")
    play("listInputItems", "GET", f"{BASE}/responses/{{response}}/input_items")
    play("deleteResponse", "DELETE", f"{BASE}/responses/{{response}}")
    play("", "POST", f"{BASE}/responses", {**HELLO, "background": True}, keep="job")
    play("advanceResponse", "POST", f"{CONTROL}/responses/{{job}}/advance", {})
    play("completeResponse", "POST", f"{CONTROL}/responses/{{job}}/complete", {})
    play("", "POST", f"{BASE}/responses", {**HELLO, "background": True}, keep="job")
    play("cancelResponse", "POST", f"{BASE}/responses/{{job}}/cancel")
    play("", "POST", f"{BASE}/responses", {**HELLO, "background": True}, keep="job")
    play("failResponse", "POST", f"{CONTROL}/responses/{{job}}/fail", {"message": "The model crashed."})
    talk = "/v1/conversations"
    item = {"type": "message", "role": "user", "content": "Say hello."}
    play("createConversation", "POST", talk, {"metadata": {"topic": "hello"}}, keep="talk")
    play("retrieveConversation", "GET", f"{talk}/{{talk}}")
    play("changeConversation", "POST", f"{talk}/{{talk}}", {"metadata": {"topic": "a greeting"}})
    play("addConversationItems", "POST", f"{talk}/{{talk}}/items", {"items": [item]}, keep="item")
    play("listConversationItems", "GET", f"{talk}/{{talk}}/items")
    play("retrieveConversationItem", "GET", f"{talk}/{{talk}}/items/{{item}}")
    play("deleteConversationItem", "DELETE", f"{talk}/{{talk}}/items/{{item}}")
    play("deleteConversation", "DELETE", f"{talk}/{{talk}}")
    play("listModels", "GET", f"{BASE}/models")
    play("retrieveModel", "GET", f"{BASE}/models/o3-mini")


def _files(play: Callable[..., None]) -> None:
    play("createFile", "POST", f"{BASE}/files", {"purpose": "assistants"}, keep="other")
    play("createFile", "POST", f"{BASE}/files", {"purpose": "assistants"}, keep="file")
    upload = {"bytes": 17, "filename": "notes.txt", "mime_type": "text/plain", "purpose": "assistants"}
    play("", "POST", f"{BASE}/uploads", upload, keep="upload")
    play("cancelUpload", "POST", f"{BASE}/uploads/{{upload}}/cancel")
    play("createUpload", "POST", f"{BASE}/uploads", upload, keep="upload")
    play("addUploadPart", "POST", f"{BASE}/uploads/{{upload}}/parts", {}, keep="part")
    play("completeUpload", "POST", f"{BASE}/uploads/{{upload}}/complete", {"part_ids": ["{part}"]})
    play("listFiles", "GET", f"{BASE}/files?limit=1")
    play("retrieveFile", "GET", f"{BASE}/files/{{file}}")
    play("deleteFile", "DELETE", f"{BASE}/files/{{other}}")


def _webhooks(play: Callable[..., None]) -> None:
    play("addWebhook", "POST", f"{CONTROL}/webhooks", WEBHOOK, keep="webhook")
    play("listWebhooks", "GET", f"{CONTROL}/webhooks")
    play("listDeliveries", "GET", f"{CONTROL}/webhooks/deliveries")
    play("deleteWebhook", "DELETE", f"{CONTROL}/webhooks/{{webhook}}")
    play("deleteWebhooks", "DELETE", f"{CONTROL}/webhooks")


def _containers(play: Callable[..., None]) -> None:
    at = f"{BASE}/containers/{{container}}"
    play("createContainer", "POST", f"{BASE}/containers", {"name": "work"}, keep="container")
    play("listContainers", "GET", f"{BASE}/containers")
    play("retrieveContainer", "GET", at)
    play("createContainerFile", "POST", f"{at}/files", {"file_id": "{file}"}, keep="copy")
    play("listContainerFiles", "GET", f"{at}/files")
    play("retrieveContainerFile", "GET", f"{at}/files/{{copy}}")
    play("deleteContainerFile", "DELETE", f"{at}/files/{{copy}}")
    play("deleteContainer", "DELETE", at)


def _vector_stores(play: Callable[..., None]) -> None:
    at = f"{BASE}/vector_stores/{{store}}"
    play("createVectorStore", "POST", f"{BASE}/vector_stores", {"name": "notes"}, keep="store")
    play("createVectorStoreFile", "POST", f"{at}/files", {"file_id": "{file}", "attributes": {"year": 2025}})
    play("listVectorStores", "GET", f"{BASE}/vector_stores")
    play("retrieveVectorStore", "GET", at)
    play("changeVectorStore", "POST", at, {"metadata": {"of": "the team"}})
    play("searchVectorStore", "POST", f"{at}/search", {"query": "What is the answer?"})
    play("listVectorStoreFiles", "GET", f"{at}/files")
    play("retrieveVectorStoreFile", "GET", f"{at}/files/{{file}}")
    play("changeVectorStoreFile", "POST", f"{at}/files/{{file}}", {"attributes": {"year": 2026}})
    play("readVectorStoreFile", "GET", f"{at}/files/{{file}}/content")
    play("deleteVectorStoreFile", "DELETE", f"{at}/files/{{file}}")
    play("createFileBatch", "POST", f"{at}/file_batches", {"file_ids": ["{file}"]}, keep="batch")
    play("retrieveFileBatch", "GET", f"{at}/file_batches/{{batch}}")
    play("cancelFileBatch", "POST", f"{at}/file_batches/{{batch}}/cancel")
    play("listFileBatch", "GET", f"{at}/file_batches/{{batch}}/files")
    play("deleteVectorStore", "DELETE", at)


def _control(play: Callable[..., None]) -> None:
    for name in ("livez", "readyz", "info"):
        play(name, "GET", f"{CONTROL}/{name}")
    play("addFixtures", "POST", f"{CONTROL}/fixtures", FIXTURE)
    play("replaceFixtures", "PUT", f"{CONTROL}/fixtures", [FIXTURE])
    play("listFixtures", "GET", f"{CONTROL}/fixtures")
    play("", "POST", f"{CONTROL}/fixtures", {**FIXTURE, "name": "again"}, keep="fixture")
    play("deleteFixture", "DELETE", f"{CONTROL}/fixtures/{{fixture}}")
    play("deleteFixtures", "DELETE", f"{CONTROL}/fixtures")
    play("addFaults", "POST", f"{CONTROL}/faults", {**FAULT, "id": "slow"})
    play("listFaults", "GET", f"{CONTROL}/faults")
    play("deleteFault", "DELETE", f"{CONTROL}/faults/slow")
    play("deleteFaults", "DELETE", f"{CONTROL}/faults")
    play("addLimits", "POST", f"{CONTROL}/limits", LIMIT)
    play("listLimits", "GET", f"{CONTROL}/limits")
    play("deleteLimit", "DELETE", f"{CONTROL}/limits/gpt-5")
    play("deleteLimits", "DELETE", f"{CONTROL}/limits")
    play("verifyRequests", "POST", f"{CONTROL}/verify", {"match": {"input": "hello"}, "at_least": 1})
    play("listRequests", "GET", f"{CONTROL}/requests?path=/responses&limit=1")
    play("retrieveRequest", "GET", f"{CONTROL}/requests/1")
    play("deleteRequests", "DELETE", f"{CONTROL}/requests")
    play("setUnmatched", "POST", f"{CONTROL}/unmatched", {"unmatched": "answer"})
    play("seed", "POST", f"{CONTROL}/seed", {"seed": "first"})
    play("reset", "POST", f"{CONTROL}/reset", {"scope": "state"})
    play("readClock", "GET", f"{CONTROL}/clock")
    play("moveClock", "POST", f"{CONTROL}/clock", {"mode": "frozen", "advance": "1h"})
    play("listNamespaces", "GET", f"{CONTROL}/namespaces")
    play("deleteNamespace", "DELETE", f"{CONTROL}/namespaces/team-a")
