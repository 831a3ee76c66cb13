"""Writes what the built-in model says in words: an echo, a long text, a tool's result; it chooses nothing."""

import re
from functools import lru_cache
from typing import Any
from zlib import crc32

import orjson

from emulator.core.lazy_pattern import lazy_pattern

SHOWN = 200  # characters of a prompt that are echoed
TOPIC = 80  # characters of a prompt that a long text keeps coming back to
LONG = 450  # words of a long text
MOST = 2_000  # words of the longest
FILE_NAME, BEGINNING = 60, 120  # characters of a file's name and of its text that are told
RESULT = 500  # characters of a tool's output that are told
SCANNED = 4_000  # characters of a prompt that are searched for a wish for length

ENDS = ".!?。\uff01\uff1f…"
_WISH = lazy_pattern(
    r"\b(?:very|really|extremely) long\b"
    r"|\blong(?:er)? (?:[\w-]+ ){0,2}(?:story|tale|novel|poem|essay|article|report|text|answer|reply|list"
    r"|letter|speech|summary|description|explanation|document|piece|response|post|message|chapter)\b"
    r"|\bessay\b|\bdetailed\b|\bin[- ]depth\b|\bat length\b|\bin (?:great )?detail\b"
    r"|\bcomprehensive\b|\bthorough(?:ly)?\b"
    r"|[很超]長|[很超]长|長篇|长篇|詳細|详细|深入",
    re.IGNORECASE,
)
# Without one of these no wish is spelled out. Looking for them is many times as quick as the two expressions; they do
# without an i, which in an expression of any case can also be a dotless one.
_CLUES = ("word", "字", "long", "essay", "deta", "depth", "length", "compre", "thorou", "長", "长", "詳", "详", "深入")
_WORDS = lazy_pattern(r"(\d[\d,]{0,8})[ -]?(?:words?\b|字)", re.IGNORECASE)

OPENINGS = (
    "To begin with,",
    "Looking more closely,",
    "On the other hand,",
    "After a while,",
    "In practice,",
    "For most people,",
    "Step by step,",
    "Seen from a distance,",
    "Even so,",
    "Not long after that,",
    "By contrast,",
    "In the end,",
)
SUBJECTS = (
    "the first question",
    "every small detail",
    "a patient observer",
    "the plan behind it",
    "what seemed simple at first",
    "an old and careful habit",
    "the people who were there",
    "a second look",
    "the shape of the whole",
    "one quiet afternoon",
    "the answer that came back",
)
VERBS = (
    "turned out to matter more than",
    "slowly gave way to",
    "stood right beside",
    "explained a good part of",
    "left enough room for",
    "could not be told apart from",
    "depended on",
    "opened the door to",
    "was measured against",
    "kept returning to",
)
OBJECTS = (
    "the things that nobody had written down",
    "a clear and honest beginning",
    "the work of many hands",
    "a story that could be told in a different order",
    "the reasons given at the start",
    "several choices that were still open",
    "a pattern that only showed at the end",
    "the weather of that particular morning",
    "a lesson worth keeping",
)
TURNS = (
    "This is where {topic} comes in again.",
    "None of this can be understood without {topic}.",
    "Whoever asked for {topic} would have nodded here.",
    "And so the thread leads back to {topic}.",
    "That alone would be enough to think about {topic} once more.",
)


def echo(prompt: str) -> str:
    """A sentence with the prompt in it."""
    shown = clipped(prompt, SHOWN)
    return f'You said: "{shown}"' if shown else "You said nothing that I could read."


def wanted_words(prompt: str) -> int:
    """How many words a prompt asks for, at most `MOST`; 0 where a sentence will do."""
    text = prompt[:SCANNED]
    folded = text.casefold()
    for clue in _CLUES:
        if clue in folded:
            break
    else:
        return 0
    if found := _WORDS.search(text):
        number = int(found.group(1).replace(",", ""))
        if number >= 200:
            return min(number, MOST)
        return 0
    return LONG if _WISH.search(text) else 0


@lru_cache(maxsize=128)
def long_text(prompt: str, number: int) -> str:
    """About `number` words about the prompt in paragraphs, never fewer; the same for the same prompt."""
    topic, state = f'"{clipped(prompt, TOPIC).rstrip(ENDS)}"', crc32(prompt.encode(errors="replace"))
    sentences = [f"Here is what I can say about {topic}."]
    paragraphs, written = [], _length(sentences[0])
    turn = 0
    while written < number:
        state = (state * 1_103_515_245 + 12_345) % 2**31
        sentence = TURNS[turn % 5].format(topic=topic) if state % 7 == 0 else _sentence(state >> 4)
        turn += 1
        sentences.append(sentence)
        written += _length(sentence)
        if len(sentences) > 3 + state % 3:
            paragraphs.append(" ".join(sentences))
            sentences = []
    if sentences:
        paragraphs.append(" ".join(sentences))
    return "\n\n".join(paragraphs)


def attached(images: int, files: int) -> str:
    """A sentence that says how many images and files came with the prompt; empty for none."""
    parts = [f"{n} {noun}{'s' * (n > 1)}" for n, noun in ((images, "image"), (files, "file")) if n]
    return f"I received {' and '.join(parts)}." if parts else ""


def about_file(name: str, pages: int, text: str) -> str:
    """A sentence that says how many pages a file has, and how it begins."""
    title = f'The file "{clipped(name, FILE_NAME)}"' if name else "The file"
    if not pages:
        return f"{title} cannot be looked into here."
    begins = clipped(text, BEGINNING)
    counted = f"{title} has {pages} page{'s' * (pages > 1)}"
    return f'{counted} and begins: "{begins}".' if begins else f"{counted} without text."


def result(name: str, output: str) -> str:
    """A sentence that tells what a tool answered; JSON is read out in words."""
    try:
        told = _told(orjson.loads(output)) if output.lstrip()[:1] in ("{", "[", '"') else output
    except orjson.JSONDecodeError:
        told = output
    shown = clipped(told, RESULT)
    if not shown:
        return f"{name} answered with nothing."
    return f"{name} says: {shown}{'' if shown[-1] in ENDS else '.'}"


def clipped(text: str, most: int) -> str:
    """The text on one line, with a sign where it was cut to `most` characters."""
    line = " ".join(text[: most * 4].split())
    return line if len(line) <= most and len(text) <= most * 4 else line[:most].rstrip() + "…"


def _sentence(number: int) -> str:
    number, opening = divmod(number, len(OPENINGS))
    number, subject = divmod(number, len(SUBJECTS))
    number, verb = divmod(number, len(VERBS))
    return f"{OPENINGS[opening]} {SUBJECTS[subject]} {VERBS[verb]} {OBJECTS[number % len(OBJECTS)]}."


def _length(sentence: str) -> int:
    return sentence.count(" ") + 1


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(_pair(name, held) for name, held in value.items())
    if isinstance(value, list):
        return ", ".join(_told(held) for held in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing" if value is None else str(value)


def _pair(name: str, held: Any) -> str:
    if isinstance(held, dict):
        return ", ".join(_pair(f"{name} {inner}", value) for inner, value in held.items())
    return f"{name}: {_told(held)}"
