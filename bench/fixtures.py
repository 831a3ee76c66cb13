"""What many fixtures cost: reading 2,000 of them from a file, and what they add to a request that one must answer.

`python bench/fixtures.py` prints both; exit status 1 if one is above its limit. All is CPU time: reading beside the
YAML library's own loader on the same file, matching beside the reading of the request's body, in the same run.
"""

import random  # noqa: TID251 (the same each time)
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time  # noqa: TID251 (what it measures)

import orjson
import yaml

from emulator.script.ask import ask_of
from emulator.script.automaton import PACKAGE
from emulator.script.load import load_fixtures
from emulator.script.match import matching
from emulator.script.order import Fixtures, ordered
from emulator.script.view import View

MANY = 2_000
ROUNDS = 7
MOST_LOAD = 1_000.0  # ms
MOST_MATCH = 1.0
LENGTHS = (50, 5_000, 50_000)
WORDS = """
    a about account address after again all also and answer any arrive as ask at bank be before best between bill
    book but buy by call can card change choose city close code come company cost country customer date day deliver
    did do email enter error every explain file find first flight for form free friend from get give go good group
    have help here hotel how I if in invoice is it item keep last late letter line list long look make many me
    meeting message money month more name need new next no not note now number of on one open or order other our out
    page paid parcel part pay people phone place plan please price product question read refund report room send
    service should show sign so some still table take tell than that the their them then there they this ticket time
    to today train travel try under until update use very visit wait want was we week what when where which who why
    will with without word work write year you your
""".split()  # noqa: SIM905 (a list of them would be a page)


def numbered(number: int) -> str:
    """Texts that differ in a number only."""
    return f"about order {number} please"


def phrase(number: int) -> str:
    """Texts of four words, of which the prompts are made too."""
    return " ".join(random.Random(number).sample(WORDS, 4))


def yaml_of(text: Callable[[int], str]) -> str:
    """A file of fixtures, of a usual size each."""
    return "\n".join(
        f"- name: fixture {number}\n"
        f"  when: {{model: gpt-4o*, input: {text(number)}}}\n"
        f"  then:\n"
        f"    - reasoning: The user wants answer {number}.\n"
        f"    - message: This is answer {number}, for {{{{ model }}}}.\n"
        for number in range(MANY)
    )


def least(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Milliseconds of CPU of the quickest round: the others were disturbed."""
    taken = []
    for _ in range(rounds):
        begin = process_time()
        work()
        taken.append(process_time() - begin)
    return min(taken) * 1000


def body_of(length: int, ending: str) -> bytes:
    """A request with a prompt of so many characters, which ends with what the last fixture asks for."""
    chance = random.Random(length)
    words = " ".join(chance.choice(WORDS) for _ in range(length // 3))
    prompt = words[: max(0, length - len(ending) - 1)] + " " + ending
    return orjson.dumps({"model": "gpt-4o", "input": prompt})


def matched(fixtures: Fixtures, body: bytes) -> float:
    """Milliseconds to find the fixture that answers a request whose body has been read."""
    asks = iter([ask_of(body) for _ in range(ROUNDS * 3 + 1)])
    assert next(matching(fixtures, View(next(asks))), None) is not None
    return least(lambda: next(matching(fixtures, View(next(asks)))), ROUNDS * 3)


def matching_figures(fixtures: Fixtures, text: Callable[[int], str]) -> list[tuple[int, float, float]]:
    """For each length of a prompt: what all the fixtures add to one alone, and what reading the body takes."""
    wanted = next(fixture for fixture in fixtures if fixture.name == f"fixture {MANY - 1}")
    found = []
    for length in LENGTHS:
        body = body_of(length, text(MANY - 1))
        added = matched(fixtures, body) - matched(Fixtures([wanted]), body)
        found.append((length, added, least(lambda body=body: ask_of(body))))
    return found


def loading_figures(text: Callable[[int], str]) -> tuple[Fixtures, float, float]:
    """The fixtures, what reading them takes, and what the YAML library's own loader takes."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "many.yaml"
        file.write_text(yaml_of(text), "utf-8")
        load = least(lambda: load_fixtures(file), 3)
        return ordered(load_fixtures(file)), load, least(lambda: yaml.load(file.read_bytes(), yaml.CSafeLoader), 3)


def main() -> int:
    bad = False
    told = "with" if find_spec(PACKAGE) else "without"
    print(f"{told} the extra many-fixtures")
    for text, judged in ((numbered, LENGTHS), (phrase, LENGTHS if find_spec(PACKAGE) else LENGTHS[:-1])):
        fixtures, load, plain = loading_figures(text)
        print(f"{MANY} fixtures, {text.__doc__}")
        print(f"  loaded in {load:.0f} ms (at most {MOST_LOAD:.0f}), {load / plain:.1f} of the YAML library's own")
        bad |= load > MOST_LOAD
        for length, added, reading in matching_figures(fixtures, text):
            limit = f"at most {MOST_MATCH:.0f}" if length in judged else "the hardest, not judged without the extra"
            print(
                f"  a prompt of {length} characters: matching adds {added:.3f} ms ({limit}), "
                f"beside {reading:.2f} ms for reading the body"
            )
            bad |= length in judged and added > MOST_MATCH
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
