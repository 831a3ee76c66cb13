"""`make demo` runs every sample as a user does, in processes of their own, and tells whether all is as expected."""

import subprocess
import sys

import pytest

from tests.sdk import demo
from tests.sdk.gist import gist
from tests.sdk.play import Ran
from tests.sdk.samples import HERE, SAMPLES, Try


def test_the_demo_ends_well():
    """A few of its numbers, among them one each that works, is refused, is broken; `make demo` takes all."""
    command = [sys.executable, str(HERE / "demo.py"), "S1", "S8", "S13", "S24"]
    ran = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    assert ran.stdout.splitlines()[-2:] == [
        "5 samples, 8 runs: 5 ok, 2 refused as expected, 1 broken in the client as printed, 0 not built yet (501)",
        "Every outcome is the expected one.",
    ]
    for told in ("S1   Generate a text response", "refused 400", "SyntaxError"):
        assert told in ran.stdout


def test_the_demo_knows_its_numbers(capsys):
    assert demo.main(["S99"]) == 2
    assert capsys.readouterr().out == "demo: no sample has the number S99; they go from S1 to S35\n"


@pytest.mark.parametrize(
    ("ran", "status"),
    [
        (Ran("ok", "fine"), 0), (Ran("400", "fine"), 1), (Ran("ok", "otherwise"), 1), (Ran("TypeError", "fine"), 1),
    ],
)  # fmt: skip
def test_an_unexpected_outcome_is_told_and_fails(ran, status, capsys):
    row = demo.Row(SAMPLES[0], Try("as printed", "ok", "fine"), ran)
    demo.show(row, first=True)
    assert demo.summary([row]) == status
    assert capsys.readouterr().out.count("UNEXPECTED") == (2 if status else 0)


@pytest.mark.parametrize(
    ("outcome", "output", "told"),
    [
        ("ok", "", "nothing is printed"),
        ("ok", 'data: {"sequence_number":3}\n\ndata: {"sequence_number": 4}\n\n', "2 events, 3 to 4"),
        ("ok", "ResponseQueuedEvent(sequence_number=1)\nResponseX(sequence_number=2)", "2 events, 1 to 2"),
        ("400", '{"error":{"message":"No \\"such\\" thing.","type":"x"}}', 'No "such" thing.'),
        ("401", '{"error":{"code":"401","message":"Access denied."}}', "Access denied."),
        ("TypeError", "TypeError: not subscriptable", "not subscriptable"),
        ("501", "openai.InternalServerError: Error code: 501 - Not built.", "Not built."),
        (
            "400",
            "openai.NotFoundError: Error code: 404 - {'error': {'message': \"It's so\", 'type': 'x'}}",
            "It's so",
        ),
    ],
)
def test_outputs_are_told_in_a_few_words(outcome, output, told):
    assert gist(outcome, output) == told
