"""`responses-emulator exec`: a server for one command, with its variables, its signals and its exit status."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWN = ("EMULATOR_", "OPENAI_", "AZURE_")
ASK = """
import openai, os, sys, urllib.request
with openai.OpenAI() as one, openai.AzureOpenAI() as other:
    made = one.responses.create(model="gpt-4o", input="hello")
    assert other.responses.retrieve(made.id).id == made.id
urllib.request.urlopen(os.environ["EMULATOR_URL"] + "/_emulator/readyz").read()
print(made.output_text)
sys.exit(7)
"""


def start(folder, *words, **options):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    command = [sys.executable, "-m", "emulator", "exec", *words]
    environ = {**kept, "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"}
    return subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def run(folder, *words):
    process = start(folder, *words)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_the_clients_of_the_command_reach_the_server_and_its_status_is_returned(tmp_path):
    (tmp_path / "ask.py").write_text(ASK)
    assert run(tmp_path, "--", sys.executable, "ask.py") == (7, 'You said: "hello"\n', "")


def test_it_takes_the_settings_of_serve(tmp_path):
    (tmp_path / "ask.py").write_text(ASK)
    (tmp_path / "hello.yaml").write_text("- then: [{message: Scripted.}]\n")
    flags = ("--fixtures", "hello.yaml", "--api-keys", "one,two")
    assert run(tmp_path, *flags, sys.executable, "ask.py") == (7, "Scripted.\n", "")


SIGN_IN = """
import os
from azure.identity import DefaultAzureCredential, get_bearer_token_provider
from openai import OpenAI

token_provider = get_bearer_token_provider(DefaultAzureCredential(), "https://cognitiveservices.azure.com/.default")
with OpenAI(base_url=os.environ["OPENAI_BASE_URL"], api_key=token_provider) as client:
    print(client.responses.create(model="gpt-4o", input="hello").output_text)
"""


@pytest.mark.parametrize("flags", [("--entra", "only"), ("--entra", "only", "--api-keys", "one")])
def test_the_command_has_a_managed_identity(tmp_path, flags):
    (tmp_path / "sign_in.py").write_text(SIGN_IN)
    assert run(tmp_path, *flags, "--", sys.executable, "sign_in.py") == (0, 'You said: "hello"\n', "")


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (("--", "./no-such-command"), 127, "responses-emulator: ./no-such-command: cannot be started: "),
        (("--fixtures", "nowhere.yaml", "--", "true"), 4, "responses-emulator: nowhere.yaml: "),
        (("--retention", "soon", "--", "true"), 2, "responses-emulator: --retention: 'soon' is no duration"),
        (("--",), 2, "responses-emulator: Missing argument"),
    ],
)
def test_what_cannot_be_done_is_one_line(tmp_path, words, status, line):
    found, out, err = run(tmp_path, *words)
    assert (found, out) == (status, "")
    assert err.startswith(line)
    assert err.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
class TestSignals:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    def test_one_is_passed_on_and_the_command_decides(self, tmp_path, number):
        heed = f"import signal, sys\nsignal.signal({int(number)}, lambda *_: sys.exit(9))\nprint('there', flush=True)\n"
        process = start(
            tmp_path, "--", sys.executable, "-c", heed + "while True: signal.pause()", stdin=subprocess.DEVNULL
        )
        assert process.stdout.readline() == "there\n"
        process.send_signal(number)
        assert process.communicate(timeout=60) == ("", "")
        assert process.returncode == 9

    def test_a_command_that_a_signal_ends_is_128_and_its_number(self, tmp_path):
        kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
        assert run(tmp_path, "--", sys.executable, "-c", kill)[0] == 128 + signal.SIGKILL


def test_the_command_has_the_secret_of_the_servers_webhook(tmp_path):
    shown = "import os; print(os.environ['OPENAI_WEBHOOK_SECRET'])"
    flags = ("--egress", "loopback", "--webhook", "http://127.0.0.1:1/hook")
    status, out, err = run(tmp_path, *flags, sys.executable, "-c", shown)
    assert (status, err) == (0, f"responses-emulator: the secret of --webhook, made for this start: {out}")
    given = "whsec_" + "c2VjcmV0" * 4
    assert run(tmp_path, *flags, "--webhook-secret", given, sys.executable, "-c", shown) == (0, f"{given}\n", "")
