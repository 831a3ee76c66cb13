"""HTTPS: with PEM files, with the local authority, for every client and command; and each mistake as one line."""

import errno
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import openai
import orjson
import pytest
from cryptography.hazmat.primitives import serialization

from emulator.core.clock import machine_time
from emulator.server.authority import server_pem
from emulator.testing import Emulator, EmulatorError
from tests.conftest import KEY
from tests.processes import Process

ROOT = Path(__file__).parents[2]
BODY = {"model": "gpt-4o", "input": "hello", "stream": True}
# A certificate, a key, and what is said of the two.
MISTAKES = [
    ("nowhere.pem", "key.pem", "{pem}/nowhere.pem: No such file or directory (--tls-cert)"),
    ("cert.pem", "made", "{pem}/made: Is a directory (--tls-key)"),
    ("cert.pem", "other.pem", "{pem}/other.pem: this is not the key of {pem}/cert.pem"),
    ("cert.pem", "encrypted.pem", "{pem}/encrypted.pem: the key is encrypted"),
    ("none.pem", "key.pem", "{pem}/none.pem, {pem}/key.pem: no certificate with its key"),
    ("cert.pem", "none.pem", "{pem}/cert.pem, {pem}/none.pem: no certificate with its key"),
]
TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    """A folder with a certificate of its own for this machine: `cert.pem`, `key.pem`, and who signed it."""
    folder = tmp_path_factory.mktemp("pem")
    raw = server_pem(folder / "made", machine_time()).read_bytes()
    key, mark, rest = raw.partition(b"-----END PRIVATE KEY-----\n")
    (folder / "key.pem").write_bytes(key + mark)
    (folder / "cert.pem").write_bytes(rest)
    other = server_pem(folder / "other", machine_time()).read_bytes()
    (folder / "other.pem").write_bytes(other.partition(b"-----BEGIN CERTIFICATE-----")[0])
    private = serialization.load_pem_private_key(key + mark, None)
    secret = serialization.BestAvailableEncryption(b"secret")
    shape = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    (folder / "encrypted.pem").write_bytes(private.private_bytes(*shape, secret))
    (folder / "none.pem").write_text("no certificate")
    (folder / "ca.pem").write_bytes((folder / "made" / "ca.pem").read_bytes())
    return folder


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    """An emulator with the local authority."""
    with Emulator(tls_auto=True, tls_dir=tmp_path_factory.mktemp("tls")) as running:
        yield running


@pytest.fixture
def http(secure):
    with httpx.Client(
        base_url=secure.base_url, headers={"api-key": KEY}, verify=trusting(secure), trust_env=False
    ) as one:
        yield one


def trusting(emulator):
    return ssl.create_default_context(cafile=emulator.environ["SSL_CERT_FILE"])


class TestClients:
    def test_those_that_the_emulator_makes_are_ready(self, secure):
        assert secure.base_url.startswith("https://127.0.0.1:")
        made = secure.client().responses.create(model="gpt-4o", input="hello")
        assert secure.azure_client().responses.retrieve(made.id).output_text == 'You said: "hello"'

    def test_those_of_the_application_find_the_authority_in_the_environment(self, secure, monkeypatch):
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with pytest.raises(openai.APIConnectionError), openai.OpenAI(**own(secure), max_retries=0) as client:
            client.models.list()
        for name, value in secure.environ.items():
            monkeypatch.setenv(name, value)
        with openai.OpenAI() as client, client.responses.stream(model="gpt-4o", input="hello") as stream:
            assert stream.get_final_response().output_text == 'You said: "hello"'

    @pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
    def test_every_name_of_this_machine_will_do(self, secure, name):
        url = secure.url.replace("127.0.0.1", name)
        answer = httpx.get(f"{url}/_emulator/readyz", verify=trusting(secure), trust_env=False)
        assert answer.json()["status"] == "ready"

    def test_an_answer_says_that_it_came_by_https(self, http):
        answer = http.get("/models")
        assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains; preload"

    def test_the_issuer_names_itself_by_https(self, secure, http):
        found = http.get(f"{secure.root}/_emulator/entra/.well-known/openid-configuration").json()
        assert found["token_endpoint"] == f"{secure.root}/_emulator/entra/oauth2/v2.0/token"

    @pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node here")
    def test_node_finds_the_authority_in_its_variable(self, secure):
        code = "fetch(process.argv[1] + '/_emulator/readyz').then(a => a.json()).then(a => console.log(a.status))"
        ran = subprocess.run(
            ["node", "-e", code, secure.url],
            env={"PATH": str(Path(shutil.which("node")).parent), **secure.environ},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (ran.stdout, ran.returncode) == ("ready\n", 0), ran.stderr

    def test_one_at_a_url_is_told_whom_to_trust(self, secure):
        authority = secure.environ["SSL_CERT_FILE"]
        with Emulator(url=secure.base_url, namespace=secure.name, authority=authority) as other:
            assert other.client().responses.create(model="gpt-4o", input="hello").output_text
        with pytest.raises(EmulatorError, match="SSL_CERT_FILE names the authority to trust"):
            Emulator(url=secure.base_url, clock="frozen").start()


def own(emulator):
    return {"base_url": emulator.base_url, "api_key": KEY}


class TestFaults:
    """Those at the connection reach a client below TLS, or through it."""

    def exchange(self, secure, fault):
        """What a client reads of a stream that a fault strikes: the text, how TCP ended, and whether TLS did."""
        host, port = secure.url.removeprefix("https://").split(":")
        arrived, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = trusting(secure).wrap_bio(arrived, leaving, server_hostname=host)
        content = orjson.dumps(BODY)
        head = f"POST /ns/{secure.name}/openai/v1/responses HTTP/1.1\r\nHost: localhost\r\napi-key: {KEY}\r\n"
        head += f"X-Emulator-Fault: {fault}\r\nContent-Length: {len(content)}\r\nContent-Type: application/json\r\n\r\n"
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            self.shake_hands(connection, tls, arrived, leaving)
            tls.write(head.encode() + content)
            connection.sendall(leaving.read())
            failure = None
            try:
                while piece := connection.recv(65536):
                    arrived.write(piece)
            except OSError as error:
                failure = error.errno
        arrived.write_eof()
        text = b""
        try:
            while piece := tls.read(65536):
                text += piece
        except ssl.SSLEOFError:
            return text, failure, False
        return text, failure, True

    def shake_hands(self, connection, tls, arrived, leaving):
        while True:
            try:
                return tls.do_handshake()
            except ssl.SSLWantReadError:
                connection.sendall(leaving.read())
                arrived.write(connection.recv(65536))

    def test_a_reset_is_a_reset_on_the_socket(self, secure):
        assert self.exchange(secure, "reset") == (b"", errno.ECONNRESET, False)
        text, failure, ended = self.exchange(secure, "reset; at_event=5")
        assert (text.count(b"event: "), failure, ended) == (5, errno.ECONNRESET, False)

    def test_a_cut_ends_tls_in_the_middle_of_the_body(self, secure):
        text, failure, ended = self.exchange(secure, "cut; clean=false; at_event=3")
        assert (text.count(b"event: "), failure, ended) == (3, None, True)
        assert not text.endswith(b"0\r\n\r\n")

    def test_a_bad_chunk_is_in_it(self, secure):
        text, failure, ended = self.exchange(secure, "bad_chunk; at_event=2")
        assert (text.count(b"event: "), failure, ended) == (2, None, True)
        assert text.endswith(b"not a chunk\r\n")

    def test_the_server_says_that_they_are_there(self, secure, http):
        info = http.get(f"{secure.root}/_emulator/info").json()
        assert (info["wire_faults"], info["settings"]["tls"]) == (True, True)


class TestTheProcess:
    def test_with_files_it_says_nothing_and_its_line_is_https(self, tmp_path, pem):
        with Process(tmp_path, "--tls-cert", str(pem / "cert.pem"), "--tls-key", str(pem / "key.pem")) as process:
            url = process.url()
            assert url.startswith("https://127.0.0.1:")
            trusted = ssl.create_default_context(cafile=str(pem / "ca.pem"))
            assert httpx.get(url + "/_emulator/livez", verify=trusted, trust_env=False).status_code == 200
            assert process.said() == ""

    def test_with_its_own_authority_it_first_says_how_to_trust_it(self, tmp_path):
        with Process(tmp_path, "--tls-auto", XDG_STATE_HOME=str(tmp_path / "state")) as process:
            url = process.url()
            authority = tmp_path / "state" / "responses-emulator" / "tls" / "ca.pem"
            variables = " ".join(f"{name}={authority}" for name in TRUST)
            assert process.said() == f"responses-emulator: INFO: clients must trust {authority}: {variables}\n"
            trusted = ssl.create_default_context(cafile=str(authority))
            assert httpx.get(url + "/_emulator/livez", verify=trusted, trust_env=False).status_code == 200

    def test_clients_that_do_not_trust_it_or_speak_no_tls_leave_no_trace(self, tmp_path):
        with Process(tmp_path, "--tls-auto", "--tls-dir", "tls", "--log-level", "quiet") as process:
            url = process.url()
            for other in (url, url.replace("https:", "http:")):
                with pytest.raises(httpx.TransportError):
                    httpx.get(other + "/_emulator/livez", trust_env=False)
            with httpx.Client(
                verify=ssl.create_default_context(cafile=str(tmp_path / "tls" / "ca.pem")), trust_env=False
            ) as idle:
                assert idle.get(url + "/_emulator/livez").status_code == 200
                process.tell(15)
                assert process.status() == 0
            assert process.said() == ""

    @pytest.mark.parametrize(("cert", "key", "line"), MISTAKES)
    def test_files_that_cannot_be_used_are_one_line(self, tmp_path, pem, cert, key, line):
        with Process(tmp_path, "--tls-cert", str(pem / cert), "--tls-key", str(pem / key)) as process:
            assert process.status() == 7
            said = process.said()
        assert said.startswith(f"responses-emulator: {line.format(pem=pem)}")
        assert said.count("\n") == 1

    @pytest.mark.parametrize(
        ("flags", "status", "line"),
        [
            (("--tls-cert", "cert.pem"), 2, "--tls-cert and --tls-key belong together"),
            (("--tls-key", "key.pem"), 2, "--tls-cert and --tls-key belong together"),
            (("--tls-auto", "--tls-cert", "cert.pem"), 2, "--tls-auto makes its own certificate"),
            (("--tls-cert", "", "--tls-key", "x"), 2, "--tls-cert: '' is no path"),
            (("--tls-auto", "--tls-dir", __file__), 7, f"{__file__}: no certificate can be kept there: File exists"),
        ],
    )
    def test_flags_that_cannot_be_used_are_one_line(self, tmp_path, flags, status, line):
        with Process(tmp_path, *flags) as process:
            assert process.status() == status
            said = process.said()
        assert said.startswith(f"responses-emulator: {line}")
        assert said.count("\n") == 1

    def test_without_a_home_it_asks_for_a_folder(self, tmp_path):
        nobody = dict.fromkeys(("HOME", "XDG_STATE_HOME", "USERPROFILE", "LOCALAPPDATA"), "")
        with Process(tmp_path, "--tls-auto", **nobody) as process:
            assert process.status() == 2
            assert "name a folder with --tls-dir" in process.said()


def run(folder, *words, **environ):
    command = [sys.executable, "-m", "emulator", *words]
    environ = {"PATH": "", "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1", "HOME": str(folder), **environ}
    ran = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False)
    return ran.returncode, ran.stdout, ran.stderr


class TestCommands:
    def test_readyz_asks_by_https_and_needs_no_authority(self, secure, tmp_path):
        status, out, _ = run(tmp_path, "readyz", "--url", secure.url)
        assert (status, out) == (0, f"responses-emulator is ready at {secure.url.removeprefix('https://')}\n")
        port = secure.url.rpartition(":")[2]
        settled = {"EMULATOR_PORT": port, "EMULATOR_TLS_AUTO": "true"}
        assert run(tmp_path, "readyz", **settled)[0] == 0
        assert run(tmp_path, "readyz", EMULATOR_PORT=port)[0] == 1

    def test_others_trust_the_authority_that_serve_would_use(self, secure, tmp_path):
        folder = str(Path(secure.environ["SSL_CERT_FILE"]).parent)
        settled = {"EMULATOR_PORT": secure.url.rpartition(":")[2], "EMULATOR_TLS_AUTO": "true"}
        (tmp_path / "one.yaml").write_text("- then: [{message: Hi.}]\n")
        words = ("push", "one.yaml", "--namespace", "pushed")
        status, out, err = run(tmp_path, *words, EMULATOR_TLS_DIR=folder, **settled)
        assert (status, err) == (0, "")
        assert out == f"1 fixtures sent to {secure.url}, namespace pushed\n"
        assert run(tmp_path, "export", "x.zip", EMULATOR_TLS_DIR=folder, **settled)[0] == 0
        status, _, err = run(tmp_path, *words, EMULATOR_URL=secure.url)
        assert (status, err.count("\n")) == (1, 1)
        assert "SSL_CERT_FILE names the authority to trust" in err

    def test_exec_hands_the_authority_to_its_command(self, tmp_path):
        (tmp_path / "ask.py").write_text(
            "import openai, os, urllib.request\n"
            "with openai.OpenAI() as client:\n"
            "    print(client.responses.create(model='gpt-4o', input='hello').output_text)\n"
            "urllib.request.urlopen(os.environ['EMULATOR_URL'] + '/_emulator/readyz').read()\n"
        )
        words = ("exec", "--tls-auto", "--tls-dir", "tls", "--", sys.executable, "ask.py")
        assert run(tmp_path, *words) == (0, 'You said: "hello"\n', "")
