"""Settings: which source wins, what every wrong value is answered with, and that no key is ever shown."""

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.settings import FILE_NAME, REGIONS, TABLE, Settings, SettingsError, load

SECRET = "sk-do-not-show"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def one(name: str, text: str) -> object:
    return getattr(load({name: text}, {}).settings, name)


def test_with_nothing_given_every_setting_is_its_default() -> None:
    loaded = load({}, {})
    assert loaded.settings == Settings()
    assert loaded.warnings == ()
    assert set(loaded.sources.values()) == {"default"}


def test_flags_win_over_environment_over_file_over_defaults(folder: Path) -> None:
    (folder / FILE_NAME).write_text('port = 1\nregion = "uksouth"\nhost = "a"\n')
    environ = {"EMULATOR_PORT": "2", "EMULATOR_REGION": "westus"}
    loaded = load({"port": "3", "host": None}, environ)
    assert (loaded.settings.port, loaded.settings.region, loaded.settings.host) == (3, "westus", "a")
    assert [loaded.sources[name] for name in ("port", "region", "host", "db")] == [
        "--port",
        "EMULATOR_REGION",
        FILE_NAME,
        "default",
    ]


def test_the_file_is_named_by_flag_then_by_variable_then_by_the_folder(folder: Path) -> None:
    for number, name in enumerate((FILE_NAME, "variable.toml", "flag.toml")):
        (folder / name).write_text(f"port = {number}\n")
    assert load({}, {}).settings.port == 0
    assert load({}, {"EMULATOR_CONFIG": "variable.toml"}).settings.port == 1
    assert load({}, {"EMULATOR_CONFIG": "variable.toml"}, "flag.toml").settings.port == 2


def test_a_path_in_the_file_starts_at_the_folder_of_the_file(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "x.toml").write_text('fixtures = "scripts"\ndb = "sqlite:///a.db"\n')
    settings = load({}, {}, "sub/x.toml").settings
    assert settings.fixtures == Path("sub/scripts")
    assert settings.db == str(Path("sub/a.db"))
    absolute = (folder / "b.db").as_posix()
    (folder / "sub" / "x.toml").write_text(f'db = "{absolute}"\n')
    assert load({}, {}, "sub/x.toml").settings.db == str(Path(absolute))


def test_a_file_may_use_the_types_of_toml(folder: Path) -> None:
    (folder / FILE_NAME).write_text(
        'port = 80\nstream_every = 0.5\ndone_frame = true\napi_keys = ["a", "b"]\ndeployments = "c,d"\n'
    )
    settings = load({}, {}).settings
    assert (settings.port, settings.stream_every, settings.done_frame) == (80, 0.5, True)
    assert (settings.api_keys, settings.deployments) == (("a", "b"), ("c", "d"))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("host", "0.0.0.0", "0.0.0.0"),  # noqa: S104 (parsed, not bound)
        ("host", "[::1]", "::1"),
        ("port", "0", 0),
        ("port", "65535", 65535),
        ("db", "a/b.db", "a/b.db"),
        ("db", "sqlite:///a.db", "a.db"),
        ("db", "sqlite:////var/a.db", "/var/a.db"),
        ("fixtures", "scripts", Path("scripts")),
        ("stream_every", "0", 0.0),
        ("stream_every", "20ms", 0.02),
        ("stream_every", "1.5s", 1.5),
        ("stream_every", "3", 3.0),
        ("retention", "2m", 120.0),
        ("retention", "12h", 43_200.0),
        ("retention", "30d", 2_592_000.0),
        ("validation", "strict", "strict"),
        ("api_keys", " a , b,,", ("a", "b")),
        ("api_keys", "", ()),
        ("deployments", "gpt-4o", ("gpt-4o",)),
        ("region", "germanywestcentral", "germanywestcentral"),
        ("cancel_ended", "error", "error"),
        ("done_frame", "on", True),
        ("done_frame", "False", False),
        ("egress", "OFF", ("off",)),
        ("egress", "loopback, API.example.com:8443,[::1]:80", ("loopback", "api.example.com:8443", "[::1]:80")),
        ("mcp_timeout", "60s", 60.0),
        ("entra", "only", "only"),
        ("entra_tenant", "AAAAAAAA-2222-4333-8444-555555555555", "aaaaaaaa-2222-4333-8444-555555555555"),
        ("entra_lifetime", "5m", 300.0),
        ("log_level", "debug", "debug"),
    ],
)
def test_a_good_value_is_read(name: str, text: str, value: object) -> None:
    assert one(name, text) == value


NO_RULE = "is no rule: give off, loopback, or hosts with commas, such as api.example.com:8443"


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("host", "a b", "--host: 'a b' is no host: give a name or an address, such as 127.0.0.1"),
        ("port", "65536", "--port: '65536' is no port: give a number from 0 (any free one) to 65535"),
        ("port", "-1", "--port: '-1' is no port: give a number from 0 (any free one) to 65535"),
        ("port", "²", "--port: '²' is no port: give a number from 0 (any free one) to 65535"),
        (
            "db",
            f"postgresql://me:{SECRET}@host/x",
            "--db: the value names PostgreSQL, which is not built yet: give the path of a SQLite file",
        ),
        ("db", "mysql://x", "--db: the value is no database: give a path or sqlite:///PATH"),
        ("db", "sqlite://x", "--db: the value is no database: give a path or sqlite:///PATH"),
        (
            "db",
            ":memory:",
            "--db: ':memory:' is no file: give a path, or leave the setting out for a temporary database",
        ),
        (
            "fixtures",
            "",
            "--fixtures: '' is no path: give a file or a folder of fixtures, or leave the setting out",
        ),
        (
            "stream_every",
            "fast",
            "--stream-every: 'fast' is no duration: give a number with ms, s, m, h or d, such as 20ms or 30d",
        ),
        (
            "stream_every",
            "-1s",
            "--stream-every: '-1s' is no duration: give a number with ms, s, m, h or d, such as 20ms or 30d",
        ),
        ("retention", "0", "--retention: '0' is too short: give a duration above zero, such as 30d"),
        *(("egress", text, f"--egress: '{text}' {NO_RULE}") for text in ("", "off,loopback", "a b", "-x", "::1")),
        ("egress", "http://a", f"--egress: the value {NO_RULE}"),
        ("mcp_timeout", "2m", "--mcp-timeout: '2m' is too long: give a duration of at most 60s"),
        ("entra", "onyl", "--entra: 'onyl' is none of off, on, only: did you mean only?"),
        (
            "entra_tenant",
            "contoso",
            "--entra-tenant: 'contoso' is no tenant: give its id, such as 11111111-2222-4333-8444-555555555555",
        ),
        ("validation", "strct", "--validation: 'strct' is none of compatible, strict: did you mean strict?"),
        ("cancel_ended", "409", "--cancel-ended: '409' is none of final, error"),
        ("done_frame", "maybe", "--done-frame: 'maybe' is neither on nor off: give true or false"),
        ("log_level", "loud", "--log-level: 'loud' is none of quiet, info, debug"),
        ("region", "eastus3", f"--region: 'eastus3' is none of {', '.join(REGIONS)}: did you mean eastus?"),
        ("prot", "1", "--prot: there is no such flag: did you mean --port?"),
        ("zzz", "1", "--zzz: there is no such flag"),
    ],
)
def test_a_bad_flag_is_one_line_that_says_how_to_mend_it(name: str, text: str, line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({name: text}, {})
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("prot = 1", f"{FILE_NAME}: there is no setting called 'prot': did you mean port?"),
        (
            "stream-every = 1",
            f"{FILE_NAME}: there is no setting called 'stream-every': did you mean stream_every?",
        ),
        (
            "port = true",
            f"{FILE_NAME}: port: 'true' is no port: give a number from 0 (any free one) to 65535",
        ),
        ("port = [1]", f"{FILE_NAME}: port: expected one value, found a list"),
        ("port = {a = 1}", f"{FILE_NAME}: port: expected one value, found a dict"),
        ("api_keys = [1]", f"{FILE_NAME}: api_keys: expected a list of strings, found a list"),
        ("host = 2026-01-01", f"{FILE_NAME}: host: expected one value, found a date"),
    ],
)
def test_a_bad_line_of_the_file_is_named_by_its_key(folder: Path, text: str, line: str) -> None:
    (folder / FILE_NAME).write_text(text)
    with pytest.raises(SettingsError) as caught:
        load({}, {})
    assert str(caught.value) == line


def test_a_file_that_is_no_toml_is_refused_with_the_place(folder: Path) -> None:
    (folder / FILE_NAME).write_text("port = 1\nport\n")
    with pytest.raises(SettingsError, match=rf"{FILE_NAME}: this is no TOML: .*line 2"):
        load({}, {})
    (folder / FILE_NAME).write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=f"{FILE_NAME}: this is no TOML: "):
        load({}, {})


@pytest.mark.parametrize(
    ("flag", "environ", "asked"),
    [("no.toml", {}, "--config"), (None, {"EMULATOR_CONFIG": "no.toml"}, "EMULATOR_CONFIG")],
)
def test_a_file_that_was_asked_for_must_be_there(flag: str | None, environ: Mapping[str, str], asked: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({}, environ, flag)
    line = f"no.toml: No such file or directory (asked for by {asked}): name a file that can be read"
    assert str(caught.value) == line


def test_a_bad_variable_is_an_error_and_an_empty_one_is_not_set() -> None:
    with pytest.raises(SettingsError, match=r"^EMULATOR_PORT: 'x' is no port: "):
        load({}, {"EMULATOR_PORT": "x"})
    assert load({}, {"EMULATOR_PORT": "", "EMULATOR_DB": ""}).settings == Settings()


def test_an_unknown_variable_only_warns() -> None:
    loaded = load({}, {"EMULATOR_PROT": "1", "EMULATOR_QQQ": "1", "OTHER": "1"})
    assert loaded.warnings == (
        "EMULATOR_PROT: no setting has this variable, it is ignored: did you mean EMULATOR_PORT?",
        "EMULATOR_QQQ: no setting has this variable, it is ignored",
    )


def test_what_kubernetes_sets_for_a_service_is_ignored_with_one_warning() -> None:
    environ = {
        "EMULATOR_PORT": "tcp://10.0.0.1:9110",
        "EMULATOR_PORT_9110_TCP": "tcp://10.0.0.1:9110",
        "EMULATOR_PORT_9110_TCP_ADDR": "10.0.0.1",
        "EMULATOR_PORT_9110_TCP_PORT": "9110",
        "EMULATOR_PORT_9110_TCP_PROTO": "tcp",
        "EMULATOR_SERVICE_HOST": "10.0.0.1",
        "EMULATOR_SERVICE_PORT": "9110",
        "EMULATOR_SERVICE_PORT_HTTP": "9110",
        "EMULATOR_DB_PORT": "tcp://10.0.0.2:5432",
    }
    loaded = load({}, environ)
    assert loaded.settings == Settings()
    assert len(loaded.warnings) == 1
    assert all(variable in loaded.warnings[0] for variable in environ)
    assert loaded.warnings[0].endswith("rename the Service or set enableServiceLinks: false")


def test_keys_are_never_shown() -> None:
    loaded = load({"api_keys": f"{SECRET},b"}, {})
    assert loaded.settings.api_keys == (SECRET, "b")
    assert SECRET not in repr(loaded)
    assert SECRET not in repr(loaded.settings)
    assert ("api_keys", "(2 hidden)", "--api-keys") in loaded.rows()


def test_no_error_shows_a_key_or_the_password_of_a_database(folder: Path) -> None:
    (folder / FILE_NAME).write_text(f"api_keys = [['{SECRET}']]")
    for flags, environ in (
        ({}, {}),
        ({"db": f"postgres://a:{SECRET}@b"}, {"EMULATOR_CONFIG": "x.toml"}),
        ({}, {"EMULATOR_CONFIG": "x.toml", "EMULATOR_DB": f"x://{SECRET}"}),
    ):
        (folder / "x.toml").write_text("")
        with pytest.raises(SettingsError) as caught:
            load(flags, environ)
        assert SECRET not in str(caught.value)


def test_the_table_has_a_row_for_every_setting() -> None:
    assert list(TABLE) == [row.name for row in fields(Settings)]
    assert all(setting.help.endswith(".") for setting in TABLE.values())
    assert (TABLE["stream_every"].flag, TABLE["stream_every"].variable) == (
        "--stream-every",
        "EMULATOR_STREAM_EVERY",
    )
    assert len(REGIONS) == 25


@given(name=st.sampled_from(sorted(TABLE)), text=st.text(max_size=40))
def test_any_text_is_a_value_or_one_clear_line(name: str, text: str) -> None:
    line = ""
    try:
        load({name: text}, {"EMULATOR_CONFIG": os.devnull})
    except SettingsError as error:
        line = str(error)
    assert not line or line.startswith(TABLE[name].flag + ": ")


def test_pages_are_drawn_only_where_the_package_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert one("pdf_pages", "on") is True
    monkeypatch.setattr("emulator.settings.find_spec", lambda _: None)
    assert one("pdf_pages", "off") is False
    with pytest.raises(SettingsError) as refused:
        load({"pdf_pages": "true"}, {})
    assert str(refused.value) == (
        "--pdf-pages: 'true' needs the package pypdfium2: pip install 'responses-emulator[pdf-pages]'"
    )


def test_every_setting_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "settings.md").read_text("utf-8")
    for setting in TABLE.values():
        assert all(f"`{word}`" in page for word in (setting.flag, setting.variable, setting.name))
        assert setting.help in page


def test_tokens_are_checked_only_where_their_packages_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.settings.ENTRA_PACKAGES", ("no_such_package",))
    assert one("entra", "off") == "off"
    with pytest.raises(SettingsError) as caught:
        load({"entra": "on"}, {})
    assert str(caught.value) == (
        "--entra: 'on' needs the packages PyJWT and cryptography: pip install 'responses-emulator[entra]'"
    )
