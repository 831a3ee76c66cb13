"""How many tokens a picture costs, by the published rules of each family of models; it looks into no picture.

Tiles: the picture is made to fit a square of 2048 pixels, then its short side 768, and costs a base and a sum for each
tile of 512 pixels. Patches: it costs one for each patch of 32 pixels, 1536 at most, times a factor. A picture is never
made larger (docs/reference/usage.md).
"""

from collections.abc import Mapping
from math import ceil, floor, sqrt

from emulator.core.records import dataclass

UNKNOWN = (1024, 1024)  # the sides of a picture that nobody has seen, such as that of a URL
SQUARE, SHORT, TILE = 2048, 768, 512
PATCH, MOST_PATCHES = 32, 1536


@dataclass(frozen=True, slots=True)
class Tiles:
    """So many tokens a picture and more a tile; `detail: low` costs the first alone."""

    base: int
    tile: int

    def count(self, width: int, height: int, *, low: bool) -> int:
        """The tokens of a picture with these sides."""
        if low:
            return self.base
        scale = min(1.0, SQUARE / max(width, height))
        scale = min(scale, SHORT / min(width, height))
        wide, high = (max(1, round(side * scale)) for side in (width, height))
        return self.base + self.tile * ceil(wide / TILE) * ceil(high / TILE)


@dataclass(frozen=True, slots=True)
class Patches:
    """A factor for each patch; `detail` changes nothing."""

    factor: float

    def count(self, width: int, height: int, *, low: bool) -> int:  # noqa: ARG002 (the same question to both rules)
        """The tokens of a picture with these sides."""
        patches = ceil(width / PATCH) * ceil(height / PATCH)
        if patches > MOST_PATCHES:
            scale = sqrt(PATCH * PATCH * MOST_PATCHES / (width * height))
            wide, high = width * scale / PATCH, height * scale / PATCH
            # Smaller still, until whole patches cover one side exactly.
            fit = min(max(1, floor(wide)) / wide, max(1, floor(high)) / high)
            wide, high = round(wide * fit, 6), round(high * fit, 6)
            patches = min(MOST_PATCHES, ceil(wide) * ceil(high))
        return ceil(patches * self.factor)


# The longest name that a deployment's begins with decides.
RULES: Mapping[str, Tiles | Patches] = {
    "": Tiles(85, 170),  # gpt-4o, gpt-4.1, and whatever is not known
    "gpt-4o-mini": Tiles(2833, 5667),
    "gpt-4.1-mini": Patches(1.62),
    "gpt-4.1-nano": Patches(2.46),
    "gpt-5": Tiles(70, 140),
    "gpt-5-mini": Patches(1.2),
    "gpt-5-nano": Patches(1.5),
    "o1": Tiles(75, 150),
    "o3": Tiles(75, 150),
    "o4-mini": Patches(1.72),
    "computer-use-preview": Tiles(65, 129),
}
_LONGEST_FIRST = sorted(RULES, key=len, reverse=True)


def rule_of(model: str) -> Tiles | Patches:
    """The rule for a deployment's name or model."""
    return RULES[next(name for name in _LONGEST_FIRST if model.startswith(name))]


def image_tokens(model: str, size: tuple[int, int] | None, detail: str | None) -> int:
    """The tokens of a picture for a model; `size` is width and height in pixels, None where it is not known."""
    width, height = size or UNKNOWN
    return rule_of(model).count(width, height, low=detail == "low")
