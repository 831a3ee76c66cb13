"""Finds words, numbers and dates in a prompt that an argument could hold; it reads no schema."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from emulator.core.lazy_pattern import lazy_pattern
from emulator.core.once import once

MOST = 4_000  # characters of a prompt that are looked at
MANY = 100  # quotations, names or numbers of a prompt that are used
LARGEST = 2**63 - 1  # the largest number that all readers of JSON take as an integer
_WHOLE = "query q question prompt text message content search input sentence request"
WHOLE = frozenset(_WHOLE.split())
_PLACES = "location city place country address town region state destination origin area where capital"
PLACES = frozenset(_PLACES.split())
DAYS = frozenset(("date", "day", "when", "deadline", "birthday"))
BEFORE_PLACES = frozenset(("in", "for", "at", "to", "from", "near", "of"))
_OPENERS = (
    "a an the i we you it he she this that these those my our your and but or so in at for on to from "
    "is are was were will can could would should do does did has have what who whom whose where when "
    "why which how hi hello hey dear please tell give show find get check look search book send write "
    "call ask set add create make use translate summarize summarise describe explain compare list play "
    "open order buy remind plan schedule visit fly meet invite mail email let then now today tomorrow "
    "yesterday name say print draw generate read run"
)
OPENERS = frozenset(_OPENERS.split())
_QUOTED = lazy_pattern(r"\"([^\"\n]{1,200})\"|“([^”\n]{1,200})”|「([^」\n]{1,200})」|(?<!\w)'([^'\n]{1,200})'(?!\w)")
_WORD = lazy_pattern(r"[^\W\d_][\w'\u2019-]*")
_NUMBER = lazy_pattern(r"(?<![\w.,-])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w-]|[.,]\d)")
_LOWER_PLACE = lazy_pattern(r"\b(?:in|for|at|near) ([a-z]+(?: [a-z]+)?)(?=\s*(?:[?.!,;]|$))")
_DATE = lazy_pattern(r"\b\d{4}-\d{2}-\d{2}\b")
_EMAIL = lazy_pattern(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_URL = lazy_pattern(r"https?://[^\s<>\"'\uff0c。]+")
_SPLIT = lazy_pattern(r"[\W_]+|(?<=[a-z0-9])(?=[A-Z])")
SENTENCE_ENDS = ".!?:\n。\uff01\uff1f\uff1a"
_EPOCH = date(2025, 1, 1)


class Hint:
    """What a prompt offers to fill values with, each found once it is asked for."""

    def __init__(self, text: str) -> None:
        self.text = text[:MOST]
        self._mentioned: dict[str, bool] = {}
        self._formatted: dict[str, list[str]] = {}

    @once
    def quoted(self) -> list[str]:
        """The texts in quotation marks."""
        return ["".join(found) for found in _QUOTED.findall(self.text)][:MANY]

    @once
    def numbers(self) -> list[int | float]:
        """The numbers, without those in dates and words."""
        texts = (text.replace(",", "") for text in _NUMBER.findall(self.text))
        found: list[int | float] = [float(text) if "." in text else int(text) for text in texts]
        return [number for number in found if abs(number) <= LARGEST][:MANY]

    @once
    def names(self) -> tuple[list[str], list[str]]:
        """Runs of capitalised words that are names: those after `in` and the like, then the others."""
        places: list[str] = []
        others: list[str] = []
        for before, run in _runs(self.text):
            (places if before in BEFORE_PLACES else others).append(run)
        return places[:MANY], others[:MANY]

    @once
    def folded(self) -> str:
        """The text in lower case."""
        return self.text.lower()

    @once
    def whole(self) -> str:
        """The text in one line, cut to the length of a query."""
        return " ".join(self.text.split())[:200]

    @once
    def lower_places(self) -> list[str]:
        """Places that are not written large."""
        return list(_LOWER_PLACE.findall(self.text))[:MANY]

    def texts(self, name: str) -> Iterator[str]:
        """Texts for an argument of that name, the best first."""
        words = set(name_words(name))
        if words & DAYS:
            yield from self.formatted("date")
        places, others = self.names
        if words & PLACES:
            yield from (*places, *self.quoted, *others, *self.lower_places)
        elif not self.quoted and words & WHOLE:
            yield from filter(None, [self.whole])
        else:
            yield from (*self.quoted, *places, *others)

    def mentions(self, value: object) -> bool:
        """Whether a text value stands in the prompt as a word, in any case."""
        if not isinstance(value, str) or not value or len(value) > len(self.text):
            return False
        if value not in self._mentioned:
            self._mentioned[value] = self._stands(value.lower())
        return self._mentioned[value]

    def _stands(self, word: str) -> bool:
        """Whether a word in lower case stands between signs that are no part of a word."""
        start = self.folded.find(word)
        while start >= 0:
            end = start + len(word)
            around = self.folded[start - 1 : start] + self.folded[end : end + 1]
            if not any(sign.isalnum() or sign == "_" for sign in around):
                return True
            start = self.folded.find(word, start + 1)
        return False

    def formatted(self, kind: str) -> list[str]:
        """Texts of the prompt that have a format."""
        if kind not in self._formatted:
            finder = {"date": _DATE, "email": _EMAIL, "uri": _URL}.get(kind)
            found: list[str] = finder.findall(self.text) if finder else []
            self._formatted[kind] = [text for text in found if kind != "date" or _is_day(text)][:MANY]
        return self._formatted[kind]


def name_words(name: str) -> list[str]:
    """The words of a name, in lower case: split at signs, underscores and capitals."""
    return [word.lower() for word in _SPLIT.split(name) if word]


def sample(kind: str, variant: int) -> str | None:
    """A text of a JSON Schema string format, another for each variant; None for an unknown format."""
    day = _EPOCH + timedelta(days=variant % 100_000)
    moment = datetime(2025, 1, 1, 12, tzinfo=UTC) + timedelta(seconds=variant % 10**9)
    samples = {
        "date-time": f"{moment:%Y-%m-%dT%H:%M:%S}Z",
        "date": day.isoformat(),
        "time": f"{moment:%H:%M:%S}Z",
        "duration": f"P{variant + 1}D",
        "email": f"user{variant or ''}@example.com",
        "hostname": f"host{variant}.example.com" if variant else "example.com",
        "ipv4": f"192.0.{2 + variant // 250 % 250}.{1 + variant % 250}",
        "ipv6": f"2001:db8::{variant % 65535 + 1:x}",
        "uri": f"https://example.com/{variant or ''}",
        "uuid": f"00000000-0000-4000-8000-{variant + 1:012x}",
        "json-pointer": f"/{variant}",
        "regex": f"a{{{variant + 1}}}",
    }
    return samples.get(ALIASES.get(kind, kind))


ALIASES = {
    "idn-email": "email",
    "idn-hostname": "hostname",
    "uri-reference": "uri",
    "url": "uri",
    "iri": "uri",
    "iri-reference": "uri",
}


def sized(text: str, low: int, high: int | None, variant: int) -> str:
    """The text, another for each variant, lengthened or cut to `low` to `high` characters."""
    tail = f" {variant + 1}" if variant else ""
    if high is not None and len(text) + len(tail) > high:
        tail = tail.strip()
        text = text[: max(high - len(tail), 0)]
    if missing := low - len(text) - len(tail):
        text += (f" {text or 'text'}" * (missing // (len(text) + 1) + 1))[: max(missing, 0)]
    return (text + tail)[:high]


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """Each name, a run of capitalised words, with the word before it; empty where it opens a sentence."""
    run: list[str] = []
    before, previous, end = "", "", 0
    for found in _WORD.finditer(text):
        gap, word = text[end : found.start()], found.group()
        if run and (gap != " " or not word[0].isupper()):
            yield from _name(before, run)
            run = []
        if word[0].isupper() and word[:2] not in ("I", "I'", "I\u2019"):
            if not run:
                opens = end == 0 or any(sign in gap for sign in SENTENCE_ENDS)
                before = "" if opens else previous
            run.append(word.removesuffix("'s").removesuffix("\u2019s"))
        previous, end = word.lower(), found.end()
    if run:
        yield from _name(before, run)


def _name(before: str, run: list[str]) -> Iterator[tuple[str, str]]:
    """The name in a run: one that opens a sentence loses the word that may be written large only for that."""
    if not before and run[0].lower() in OPENERS:
        before, run = run[0].lower(), run[1:]
    elif not before and len(run) == 1:
        return
    if run:
        yield before, " ".join(run)
