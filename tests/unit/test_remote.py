"""The commands that talk to a running server: export and import, and how they find it."""

import socket

import pytest

from emulator.cli import main
from emulator.testing import Emulator


@pytest.fixture(scope="module")
def server():
    with Emulator(api_keys=["only"]) as running:
        yield running


def status(*args):
    with pytest.raises(SystemExit) as left:
        main(args)
    return left.value.code


@pytest.mark.parametrize("way", ["flag", "variable"])
def test_a_namespace_goes_into_a_file_and_out_of_it(server, tmp_path, monkeypatch, way):
    monkeypatch.setenv("EMULATOR_URL", server.base_url if way == "variable" else "http://127.0.0.1:1")
    where = ["--api-key", "only", *(["--url", server.url] if way == "flag" else [])]
    source, target = server.namespace(), server.namespace()
    made = source.client().responses.create(model="gpt-4o", input="x")
    file = str(tmp_path / "all.zip")
    assert status("export", file, "--namespace", source.name, *where) == 0
    assert status("import", file, "--namespace", target.name, *where) == 0
    assert target.client().responses.retrieve(made.id).id == made.id
    source.stop()
    target.stop()


def test_what_goes_wrong_is_one_line(server, tmp_path, capsys):
    file = tmp_path / "none.zip"
    assert status("import", str(file), "--url", server.url, "--api-key", "only") == 1
    assert capsys.readouterr().err == f"responses-emulator: {file}: No such file or directory\n"
    file.write_text("no zip")
    assert status("import", str(file), "--url", server.url, "--api-key", "only") == 1
    assert capsys.readouterr().err.startswith("responses-emulator: this is no archive of a namespace: ")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert status("export", str(file), "--url", f"http://127.0.0.1:{free.getsockname()[1]}") == 1
    assert "no answer: Connection refused" in capsys.readouterr().err
    assert file.read_text() == "no zip"  # what was there stays
