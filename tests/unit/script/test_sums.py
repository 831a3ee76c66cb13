"""The arithmetic of the built-in model: what it finds in a prompt, and that its code prints what it says."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.script.sums import code_for

numbers = st.integers(0, 10**6).map(str) | st.decimals(0, 1000, places=2).map(str)
sums = st.recursive(
    numbers,
    lambda inner: st.builds(lambda a, sign, b: f"({a} {sign} {b})", inner, st.sampled_from("+-*/"), inner),
    max_leaves=6,
)


def printed(code):
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        exec(code, {})  # noqa: S102 (our own code, to hold its logs to what Python prints)
    return told.getvalue()


@pytest.mark.parametrize(
    ("prompt", "logs"),
    [
        ("I need to solve the equation 3x + 11 = 14. Can you help me?", "1.0\n"),
        ("2y - 4 = 10?", "7.0\n"),
        ("What is 17 * 23?", "391\n"),
        ("compute (1 + 2) * 3 please", "9\n"),
        ("2^10", "1024\n"),
        ("3 x 4", "12\n"),
        ("What is 1/0?", "3\n"),
        ("How many words are here", "5\n"),
        ("", "0\n"),
        ("9**9**9**9", "1\n"),
        ("999999999999999 * 999999999999999", "3\n"),
    ],
)
def test_a_prompt_is_answered_by_the_arithmetic_in_it_or_by_its_words(prompt, logs):
    assert code_for(prompt)[1] == logs


@given(sums | st.text(max_size=80) | st.builds(lambda a, b, c: f"solve {a}x + {b} = {c}", numbers, numbers, numbers))
def test_the_code_prints_what_is_said_of_it(prompt):
    code, logs = code_for(prompt)
    assert printed(code) == logs
