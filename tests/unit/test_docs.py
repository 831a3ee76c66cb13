"""The docs are true: generated parts are fresh, links lead somewhere, snippets are what they say, all is described."""

import re
from pathlib import Path

import pytest
import yaml

from docs import make
from emulator.cli import COMMANDS
from emulator.script.load import load_fixtures
from emulator.settings import TABLE
from tests.clients.pins import read_pins

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
SNIPPET = re.compile(r"(<!-- not built -->\n+)?^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"responses-emulator ([a-z]\S*)")
FLAGS = {setting.flag for setting in TABLE.values()} | {"--no-done-frame", "--config", "--url", "--wait", "--timeout"}
# What is nobody's business: a path of somebody's machine, such as this folder's, and the marks of notes.
# `/mnt/data` is where the files of a container lie, on the wire too.
# Folders that every machine has tell nobody's secret: a checkout right in one of them is known by its own name.
EVERYWHERE = {"/", "/home", "/mnt", "/opt", "/root", "/srv", "/tmp", "/usr/src", "/var/tmp"}  # noqa: S108 (names)
PLACE = str(ROOT if str(ROOT.parent) in EVERYWHERE else ROOT.parent)
PRIVATE = re.compile(rf"(?<![\w.:/])/(?:(?:home|root|tmp|Users)/|mnt/(?!data\b))|{re.escape(PLACE)}|\[[SODCT?]\]")


def text_of(page):
    return page.read_text("utf-8")


def snippets(*languages):
    """(page and number, text) of every snippet in one of these languages that is not marked as not built."""
    return [
        pytest.param(found[3], id=f"{page.relative_to(ROOT)}-{number}")
        for page in PAGES
        for number, found in enumerate(SNIPPET.finditer(text_of(page)))
        if found[2] in languages and not found[1]
    ]


def anchors(page):
    """What a link to a page may end with: its headings and its named places."""
    text = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'<a id="([^"]+)">', text))


def test_what_is_made_from_data_and_code_is_fresh():
    stale = [str(path.relative_to(ROOT)) for path, text, made in make.pages() if text != made]
    assert not stale, "run: python docs/make.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    for link in LINK.findall(text_of(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), link
        assert there.is_relative_to(ROOT), f"{link} leads out of the project"
        assert not anchor or anchor in anchors(there), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_tells_where_it_was_written(page):
    assert not PRIVATE.search(text_of(page))


def test_every_page_is_in_the_index():
    index = text_of(ROOT / "docs/README.md")
    linked = {(ROOT / "docs" / link).resolve() for link in LINK.findall(index)}
    pages = {page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "decisions"}
    assert pages - linked == {ROOT / "docs/README.md"}


@pytest.mark.parametrize("part", ["drift", "coverage oracle", "coverage uncertain", "coverage summary"])
def test_what_is_known_of_the_coverage_is_on_its_page(part):
    assert f"<!-- made: {part} -->" in (ROOT / "docs" / "coverage.md").read_text("utf-8")


def test_every_client_that_is_tried_is_in_the_coverage():
    section = text_of(ROOT / "docs/coverage.md").partition("\n## Clients\n")[2].partition("\n## ")[0]
    assert all(f"\n| {client.name} | {client.language} |" in section for client in read_pins().clients)


def test_every_example_of_a_client_is_on_the_page_that_says_how_to_point_it_here():
    page = text_of(ROOT / "docs/how-to/clients.md")
    examples = [*(ROOT / "tests/clients").glob("*/*/example.*"), *(ROOT / "tests/clients").glob("*/*/config.toml")]
    assert len(examples) > 3
    assert all(f"made: file {path.relative_to(ROOT)} " in page for path in examples)


def test_every_page_that_the_code_names_is_there():
    named = {
        page
        for path in (ROOT / "emulator").rglob("*.py")
        for page in re.findall(r"docs/[\w/-]+\.md", path.read_text("utf-8"))
    }
    assert not {page for page in named if not (ROOT / page).is_file()}


@pytest.mark.parametrize("text", snippets("python"))
def test_python_compiles(text):
    compile(text, "snippet", "exec")


@pytest.mark.parametrize("text", snippets("yaml"))
def test_yaml_is_yaml_and_a_fixture_loads(text, tmp_path):
    found = yaml.safe_load(text)
    first = found[0] if isinstance(found, list) else found
    if "then" in first:
        file = tmp_path / "snippet.yaml"
        file.write_text(text, "utf-8")
        assert load_fixtures(file)


@pytest.mark.parametrize("text", [*snippets("console"), *snippets("sh", "shell", "bash")])
def test_the_shell_uses_commands_and_flags_that_exist(text):
    typed = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ") or "$ " not in text]
    for line in typed:
        found = COMMAND.match(line)
        if found:
            assert found[1] in {*COMMANDS, "--version"}, line
            assert set(re.findall(r"(?<=\s)--[a-z-]+", line)) <= FLAGS, line


@pytest.mark.parametrize("setting", TABLE.values(), ids=lambda setting: setting.name)
def test_every_setting_is_described(setting):
    page = text_of(ROOT / "docs/reference/settings.md")
    assert f"| `{setting.flag}`" in page
    assert f"`{setting.variable}` | `{setting.name}`" in page


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_described(command):
    assert f"\n| `{command}` |" in text_of(ROOT / "docs/reference/settings.md")
