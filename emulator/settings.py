"""Every setting in one table, read from flags, environment and file; it opens nothing but that file."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

FILE_NAME = "responses-emulator.toml"
PREFIX = "EMULATOR_"
CONFIG_VARIABLE = "EMULATOR_CONFIG"
# How Python's clients, requests and Node are told which authority to trust.
TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
URL_VARIABLE = "EMULATOR_URL"  # a running server, for the commands and tests that talk to one

# A region by its short name, as settings have it, and as the gateway writes it.
REGIONS = {
    "australiaeast": "Australia East", "brazilsouth": "Brazil South", "canadacentral": "Canada Central",
    "canadaeast": "Canada East", "eastus": "East US", "eastus2": "East US 2", "francecentral": "France Central",
    "germanywestcentral": "Germany West Central", "italynorth": "Italy North", "japaneast": "Japan East",
    "koreacentral": "Korea Central", "northcentralus": "North Central US", "norwayeast": "Norway East",
    "polandcentral": "Poland Central", "southafricanorth": "South Africa North",
    "southcentralus": "South Central US", "southeastasia": "Southeast Asia", "southindia": "South India",
    "spaincentral": "Spain Central", "swedencentral": "Sweden Central", "switzerlandnorth": "Switzerland North",
    "uaenorth": "UAE North", "uksouth": "UK South", "westus": "West US", "westus3": "West US 3",
}  # fmt: skip
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}
ENTRA_PACKAGES = ("cryptography", "jwt")
# Compiled when a setting is read that asks for one; nothing above this module can be imported here.
TENANT = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
DURATION = r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|)"
# A host: a name, an IPv4 or a bracketed IPv6 address; a port may follow.
EGRESS = r"(?:[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9_])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
PRINTABLE = r"[!-~]{1,2000}"
SIGNING_SECRET = r"whsec_(?=.{32,88}$)(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"  # noqa: S105 (its form)
SWITCH = dict.fromkeys(("true", "on", "yes", "1"), True) | dict.fromkeys(("false", "off", "no", "0"), False)

# What Kubernetes puts into every pod for a Service called `emulator` or `emulator-...`.
SERVICE_LINK = r"EMULATOR(_\w+)?_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP)(_\w+)?)"
SERVICE_PORT = r"EMULATOR(_\w+)?_PORT"
SERVICE_ADDRESS = r"(tcp|udp|sctp)://"


Found = dict[str, tuple[Any, str]]  # name: (value, where it stood)


class SettingsError(Exception):
    """A setting cannot be used: one line that says what, where it stands and how to mend it."""


def _host(text: str) -> str:
    if not text or re.search(r"[\s/]", text):
        raise ValueError("is no host: give a name or an address, such as 127.0.0.1")
    return text.removeprefix("[").removesuffix("]")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        raise ValueError("is no port: give a number from 0 (any free one) to 65535")
    return int(text)


def _database(text: str) -> str | None:
    kind, mark, rest = text.partition("://")
    if mark and kind.startswith("postgres"):
        raise ValueError("names PostgreSQL, which is not built yet: give the path of a SQLite file")
    if mark and (kind != "sqlite" or not rest.startswith("/")):
        raise ValueError("is no database: give a path or sqlite:///PATH")
    path = rest[1:] if mark else text
    if not path or path == ":memory:":
        raise ValueError("is no file: give a path, or leave the setting out for a temporary database")
    return path


def _folder(text: str) -> Path:
    if not text:
        raise ValueError("is no path: give a file or a folder of fixtures, or leave the setting out")
    return Path(text)


def _file(text: str) -> Path:
    if not text:
        raise ValueError("is no path: name a file or a folder, or leave the setting out")
    return Path(text)


def duration(text: str) -> float:
    """Seconds of a duration such as 20ms, 1.5s, 2m, 12h or 30d; a bare number is seconds. Raises ValueError."""
    found = re.fullmatch(DURATION, text.strip())
    seconds = float(found[1]) * SECONDS[found[2]] if found else -1.0
    if seconds < 0 or not isfinite(seconds):
        raise ValueError("is no duration: give a number with ms, s, m, h or d, such as 20ms or 30d")
    return seconds


def _positive_seconds(text: str) -> float:
    seconds = duration(text)
    if seconds == 0:
        raise ValueError("is too short: give a duration above zero, such as 30d")
    return seconds


def _secret(text: str) -> str:
    if not text:
        raise ValueError("is no secret: give any text, or leave the setting out")
    return text


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 1_000_000):
        raise ValueError("is no count: give a number from 1 to 1000000")
    return int(text)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _egress(text: str) -> tuple[str, ...]:
    """The rule as it was written, its words in lower case; `core/egress.py` reads it."""
    words = tuple(word.lower() for word in _words(text))
    alone = "off" in words and len(words) > 1
    if not words or alone or not all(re.fullmatch(EGRESS, word) for word in words):
        raise ValueError("is no rule: give off, loopback, or hosts with commas, such as api.example.com:8443")
    return words


def _webhook(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        usable = False
    if not usable or not re.fullmatch(PRINTABLE, text):
        raise ValueError("is no webhook: give a URL such as http://127.0.0.1:8000/hook, without a password")
    return text


def _signing_secret(text: str) -> str:
    if not re.fullmatch(SIGNING_SECRET, text):
        raise ValueError("is no signing secret: give whsec_ and 24 to 64 bytes in base64, or leave the setting out")
    return text


def _answer_time(text: str) -> float:
    seconds = _positive_seconds(text)
    if seconds > 60:
        raise ValueError("is too long: give a duration of at most 60s")
    return seconds


def _switch(text: str) -> bool:
    if text.lower() not in SWITCH:
        raise ValueError("is neither on nor off: give true or false")
    return SWITCH[text.lower()]


def _drawing(text: str) -> bool:
    if _switch(text) and find_spec("pypdfium2") is None:
        raise ValueError("needs the package pypdfium2: pip install 'responses-emulator[pdf-pages]'")
    return _switch(text)


def _entra(text: str) -> str:
    mode = _one_of("off", "on", "only")(text)
    if mode != "off" and any(find_spec(package) is None for package in ENTRA_PACKAGES):
        raise ValueError("needs the packages PyJWT and cryptography: pip install 'responses-emulator[entra]'")
    return mode


def _tenant(text: str) -> str:
    if not re.fullmatch(TENANT, text.lower()):
        raise ValueError("is no tenant: give its id, such as 11111111-2222-4333-8444-555555555555")
    return text.lower()


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"is none of {', '.join(choices)}{nearest(text, choices)}")
        return text

    return parse


def _setting(default: Any, parse: Callable[[str], Any], text: str, **traits: bool) -> Any:
    """One row of the table; traits: secret (never shown), many (a list), path (from the file's folder)."""
    metadata = {"parse": parse, "help": text, **traits}
    return field(default=default, repr=not traits.get("secret", False), metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """What one server is told before it starts; durations are in seconds (docs/reference/settings.md)."""

    host: str = _setting("127.0.0.1", _host, "Address to listen on; 0.0.0.0 is every interface.")
    port: int = _setting(9110, _port, "Port to listen on; 0 takes a free one.")
    db: str | None = _setting(
        None, _database, "SQLite file, PATH or sqlite:///PATH; left out: a temporary one.", path=True
    )
    fixtures: Path | None = _setting(None, _folder, "File or folder of fixtures.", path=True)  # noqa: RUF009 (a field)
    stream_every: float = _setting(0.0, duration, "Time between two deltas of a stream, such as 20ms.")
    keep_alive: float = _setting(15.0, duration, "Quiet time after which a stream sends a comment; 0 is never.")
    retention: float = _setting(2_592_000.0, _positive_seconds, "How long responses are kept, such as 30d.")
    resume_window: float | None = _setting(
        None, _positive_seconds, "How long after its start a background stream can be resumed; left out: while kept."
    )
    validation: str = _setting(
        "compatible", _one_of("compatible", "strict"), "Unknown fields: compatible warns, strict rejects."
    )
    api_keys: tuple[str, ...] = _setting(
        (), _words, "Accepted keys, with commas; left out: any.", secret=True, many=True
    )
    entra: str = _setting(
        "off", _entra, "Access tokens of Entra ID: off accepts any, on checks them, only refuses keys (extra entra)."
    )
    entra_tenant: str = _setting(
        "11111111-2222-4333-8444-555555555555", _tenant, "Tenant whose tokens are accepted, and issued."
    )
    entra_lifetime: float = _setting(86_400.0, _positive_seconds, "How long an issued token is valid, such as 24h.")
    deployments: tuple[str, ...] = _setting((), _words, "Deployments, with commas; left out: any.", many=True)
    region: str = _setting("eastus2", _one_of(*REGIONS), "Azure region that the server is in.")
    cancel_ended: str = _setting(
        "final",
        _one_of("final", "error"),
        "Cancelling an ended background response: its final object, or error.",
    )
    done_frame: bool = _setting(False, _switch, "End streams of the OpenAI dialect with [DONE].")
    error_event: str = _setting(
        "none",
        _one_of("none", "nested", "flat"),
        "The error event before response.failed, where a script leaves it open: none, nested as sent or flat as typed.",
    )
    azure_compact: bool = _setting(False, _switch, "POST /responses/compact in the Azure dialect too.")
    compaction_item: str = _setting(
        "last",
        _one_of("last", "first"),
        "Where an answer has the compaction that context_management asks for: last or first.",
    )
    azure_image_stream: str = _setting(
        "allow", _one_of("allow", "refuse"), "Image generation in a stream, in the Azure dialect."
    )
    azure_image_edits: str = _setting(
        "refuse", _one_of("refuse", "allow"), "Editing an image of an earlier turn, in the Azure dialect."
    )
    azure_upload_status: str = _setting(
        "200", _one_of("200", "201"), "Status of an upload of a file, in the Azure dialect."
    )
    azure_filter_body: str = _setting(
        "responses",
        _one_of("responses", "chat"),
        "Error of a blocked prompt in the Azure dialect: content_filters, or innererror as in chat completions.",
    )
    assistants_download: str = _setting(
        "allow", _one_of("allow", "refuse"), "Downloads of files for assistants, in the OpenAI dialect."
    )
    chain_to_ended: str = _setting("refuse", _one_of("refuse", "allow"), "Chaining to a failed or cancelled response.")
    missing_item_status: str = _setting(
        "404", _one_of("404", "400"), "Status where an item is named that is not stored."
    )
    id_prefix_code: str = _setting(
        "invalid_value", _one_of("invalid_value", "invalid_id_prefix"), "Code of an id of the wrong kind."
    )
    content_type_status: str = _setting("400", _one_of("400", "415"), "Status of a body of another content type.")
    azure_conversations: bool = _setting(False, _switch, "Serve conversations in the Azure dialect too.")
    unmatched: str = _setting(
        "answer", _one_of("answer", "reject"), "Where no fixture matches: the built-in model answers, or 404."
    )
    pdf_pages: bool = _setting(
        False, _drawing, "Draw every page of a PDF too, and refuse one that cannot be drawn; needs pypdfium2."
    )
    tokens: str = _setting(
        "estimate",
        _one_of("estimate", "exact"),
        "Token counts: an estimate, or exact by a tokenizer (extra tokens).",
    )
    seal_key: str | None = _setting(
        None, _secret, "Secret that seals encrypted reasoning; left out: one for each namespace.", secret=True
    )
    most_namespaces: int = _setting(1_000, _count, "Namespaces kept; one more takes the place of the oldest.")
    allowed_hosts: tuple[str, ...] = _setting(
        (), _words, "Hosts, with commas, under which the control endpoints may be asked.", many=True
    )
    code_interpreter: str = _setting(
        "scripted",
        _one_of("scripted", "sandbox"),
        "How code of the code interpreter runs: scripted, or really, in a sandbox (Linux).",
    )
    egress: tuple[str, ...] = _setting(
        ("off",),
        _egress,
        "Which MCP servers and webhooks are really called: off, loopback, or hosts (with ports) with commas.",
        many=True,
    )
    mcp_timeout: float = _setting(30.0, _answer_time, "How long a real MCP server may take, at most 60s.")
    tls_cert: Path | None = _setting(None, _file, "Certificate to serve HTTPS with (PEM).", path=True)  # noqa: RUF009
    tls_key: Path | None = _setting(None, _file, "Key of that certificate (PEM).", path=True)  # noqa: RUF009
    tls_auto: bool = _setting(
        False, _switch, "Serve HTTPS with a certificate for this machine by a local authority (extra tls)."
    )
    tls_dir: Path | None = _setting(  # noqa: RUF009
        None, _file, "Folder of the local authority; left out: responses-emulator/tls in the user's state.", path=True
    )
    webhook: str | None = _setting(
        None, _webhook, "URL that is told when a background response ends; it must be allowed by egress."
    )
    webhook_secret: str | None = _setting(
        None, _signing_secret, "Secret that signs what goes to webhook; left out: made and told at start.", secret=True
    )
    log_level: str = _setting("info", _one_of("quiet", "info", "debug"), "How much goes to stderr.")


def tls_folder(settings: Settings, environ: Mapping[str, str] | None = None) -> Path:
    """The folder of the local authority; raises SettingsError where there is no home to keep it in."""
    if settings.tls_dir is not None:
        return settings.tls_dir
    environ = os.environ if environ is None else environ
    state = environ.get("XDG_STATE_HOME") or environ.get("LOCALAPPDATA")
    home = environ.get("HOME") or environ.get("USERPROFILE")
    if not state and not home:
        raise SettingsError("--tls-auto: there is no home to keep certificates in: name a folder with --tls-dir")
    return Path(state or f"{home}/.local/state") / "responses-emulator" / "tls"


def tls_authority(settings: Settings) -> Path | None:
    """The file with the local authority, for clients of a server with these settings; None: it has none."""
    return tls_folder(settings).absolute() / "ca.pem" if settings.tls_auto else None


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as flag, variable and file key; `parse` turns text into its value or raises ValueError."""

    name: str
    help: str
    default: Any
    parse: Callable[[str], Any]
    secret: bool = False
    many: bool = False
    path: bool = False

    @property
    def flag(self) -> str:
        """Its flag, such as --stream-every."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """Its environment variable, such as EMULATOR_STREAM_EVERY."""
        return PREFIX + self.name.upper()


TABLE = {row.name: Setting(name=row.name, default=row.default, **row.metadata) for row in fields(Settings)}


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, what to warn of, and where each came from (a flag, a variable, a file or `default`)."""

    settings: Settings
    warnings: tuple[str, ...]
    sources: Mapping[str, str]

    def rows(self) -> list[tuple[str, object, str]]:
        """(name, value, source) of every setting; of a secret only is said that it is there, or how many."""
        return [(name, self._shown(name), self.sources[name]) for name in TABLE]

    def _shown(self, name: str) -> object:
        value = getattr(self.settings, name)
        if not (TABLE[name].secret and value):
            return value
        return f"({len(value)} hidden)" if TABLE[name].many else "(hidden)"


def load(
    flags: Mapping[str, str | bool | None] | None = None,
    environ: Mapping[str, str] | None = None,
    config_path: str | None = None,
) -> Loaded:
    """Flags over environment over file over defaults; raises SettingsError.

    `flags` maps names (`stream_every`) to text; None is not given. `environ` is os.environ if left out.
    `config_path` is the file; left out, EMULATOR_CONFIG names it, else responses-emulator.toml where we run.
    """
    environ = os.environ if environ is None else environ
    found: Found = {}
    _take_file(found, config_path, environ)
    warnings = _take_environment(found, environ)
    _take_flags(found, flags or {})
    sources = {name: found[name][1] if name in found else "default" for name in TABLE}
    settings = Settings(**{name: value for name, (value, _) in found.items()})
    return Loaded(settings, tuple(warnings), sources)


def _take_flags(found: Found, flags: Mapping[str, str | bool | None]) -> None:
    for name, value in flags.items():
        flag = "--" + name.replace("_", "-")
        if name not in TABLE:
            raise SettingsError(f"{flag}: there is no such flag{nearest(flag, _flags(), '--')}")
        if value is not None:
            found[name] = (_parsed(TABLE[name], str(value), flag), flag)


def _take_environment(found: Found, environ: Mapping[str, str]) -> list[str]:
    """Take what is set (an empty variable is not); returns what to warn of."""
    variables = {setting.variable: setting for setting in TABLE.values()}
    warnings, links = [], []
    for variable in sorted(environ):
        value = environ[variable]
        if not variable.startswith(PREFIX) or variable in (CONFIG_VARIABLE, URL_VARIABLE):
            continue
        if _is_service_link(variable, value):
            links.append(variable)
        elif variable not in variables:
            near = nearest(variable, variables, PREFIX)
            warnings.append(f"{variable}: no setting has this variable, it is ignored{near}")
        elif value:
            setting = variables[variable]
            found[setting.name] = (_parsed(setting, value, variable), variable)
    if links:
        warnings.append(
            f"{', '.join(links)}: set by Kubernetes for a Service of that name, ignored: "
            "rename the Service or set enableServiceLinks: false"
        )
    return warnings


def _is_service_link(variable: str, value: str) -> bool:
    if re.fullmatch(SERVICE_LINK, variable):
        return True
    return bool(re.fullmatch(SERVICE_PORT, variable) and re.match(SERVICE_ADDRESS, value))


def _take_file(found: Found, config_path: str | None, environ: Mapping[str, str]) -> None:
    given = config_path or environ.get(CONFIG_VARIABLE)
    path = Path(given or FILE_NAME)
    if not given and not path.is_file():
        return
    asked = "--config" if config_path else CONFIG_VARIABLE if given else "the working folder"
    for key, value in _read(path, asked).items():
        if key not in TABLE:
            raise SettingsError(f"{path}: there is no setting called {key!r}{nearest(key, TABLE)}")
        setting = TABLE[key]
        parsed = _parsed(setting, _text(setting, value, path), f"{path}: {key}")
        if setting.path:  # written beside the file, so meant from there
            parsed = type(parsed)(path.parent / parsed)
        found[key] = (parsed, str(path))


def _read(path: Path, asked: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        _refuse(f"{path}: {error.strerror or error} (asked for by {asked}): name a file that can be read")
    except ValueError as error:  # of the file's encoding or its grammar
        _refuse(f"{path}: this is no TOML: {error}")


def _refuse(line: str) -> NoReturn:
    raise SettingsError(line) from None


def _text(setting: Setting, value: object, path: Path) -> str:
    """A value of the file as the text a flag would have given."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    if setting.many and isinstance(value, list) and all(isinstance(word, str) for word in value):
        return ",".join(value)
    kind = "a list of strings" if setting.many else "one value"
    raise SettingsError(f"{path}: {setting.name}: expected {kind}, found a {type(value).__name__}")


def _parsed(setting: Setting, text: str, where: str) -> Any:
    try:
        return setting.parse(text)
    except ValueError as error:
        # A database's address may hold a password.
        shown = "the value" if setting.secret or "://" in text else repr(text)
        raise SettingsError(f"{where}: {shown} {error}") from None


def _flags() -> list[str]:
    return [setting.flag for setting in TABLE.values()]


def nearest(word: str, words: Iterable[str], prefix: str = "") -> str:
    """`: did you mean X?`, or nothing where no word is near; all begin with `prefix`, which tells nothing."""
    from difflib import get_close_matches

    close = get_close_matches(word.removeprefix(prefix), [w.removeprefix(prefix) for w in words], n=1)
    return f": did you mean {prefix}{close[0]}?" if close else ""
