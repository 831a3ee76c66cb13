"""Pictures cost what the published rules say, and a smaller picture never costs more."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.image_tokens import MOST_PATCHES, RULES, UNKNOWN, Patches, Tiles, image_tokens

SIDES = st.integers(1, 16_384)


@pytest.mark.parametrize(
    ("model", "size", "detail", "tokens"),
    [
        ("gpt-4o", (1024, 1024), "high", 765),
        ("gpt-4o-2024-08-06", (2048, 4096), "auto", 1105),
        ("gpt-4o", (4096, 8192), "low", 85),
        ("gpt-4o", (512, 512), None, 255),
        ("gpt-4o", (1, 1), None, 255),
        ("gpt-4o", None, None, 765),
        ("gpt-4o-mini", (128, 64), "high", 8500),
        ("gpt-4o-mini", (128, 64), "low", 2833),
        ("gpt-4.1", (1024, 1024), "high", 765),
        ("gpt-4.1-mini-2025-04-14", (1024, 1024), "low", 1659),
        ("gpt-4.1-nano", (128, 64), "high", 20),
        ("gpt-5", (1024, 1024), "high", 630),
        ("gpt-5.1-codex", (1024, 1024), "low", 70),
        ("gpt-5-mini", (1024, 1024), "high", 1229),
        ("gpt-5-mini", (1280, 720), "high", 1104),
        ("gpt-5-nano", (1800, 2400), "high", 2178),
        ("o1", (128, 64), "high", 225),
        ("o3", (1024, 1024), "low", 75),
        ("o4-mini", (256, 256), "high", 111),
        ("computer-use-preview", (1024, 768), "high", 65 + 4 * 129),
        ("my-own-name", (1024, 1024), "high", 765),
    ],
)
def test_the_published_rules(model, size, detail, tokens):
    assert image_tokens(model, size, detail) == tokens


@given(st.sampled_from(sorted(RULES)), SIDES, SIDES, st.sampled_from(["low", "high"]))
def test_a_picture_costs_something_and_never_more_than_the_most(model, width, height, detail):
    rule = RULES[model]
    most = rule.base + 8 * rule.tile if isinstance(rule, Tiles) else ceil(MOST_PATCHES * rule.factor)
    assert 0 < image_tokens(model, (width, height), detail) <= most


@given(SIDES, SIDES)
def test_a_picture_costs_the_same_on_its_side(width, height):
    for rule in (Tiles(85, 170), Patches(1.0)):
        assert rule.count(width, height, low=False) == rule.count(height, width, low=False)


@given(st.sampled_from(sorted(RULES)))
def test_low_detail_never_costs_more(model):
    assert image_tokens(model, UNKNOWN, "low") <= image_tokens(model, UNKNOWN, "high")
