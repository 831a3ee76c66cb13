"""The bounds within which a client's schema or pattern is followed, and the errors for it; it follows none."""

STEPS = 300_000  # pieces of work for one value, less than a second of it: see `Steps`
VALUES = 5_000  # JSON values in one generated value
CHARACTERS = 100_000  # characters in one generated value, names of properties included


class SchemaError(Exception):
    """A schema, or a branch of it, that cannot be followed; the message names the keyword."""


class TooMuchWorkError(Exception):
    """The steps are used up. It is no SchemaError, so that no other branch is tried after it."""


class Steps:
    """Counts the work on one value: the same request ends at the same step on every machine."""

    def __init__(self, left: int = STEPS) -> None:
        self.left = left

    def spend(self, number: int = 1) -> None:
        """Use up some steps; raises TooMuchWorkError where not as many are left."""
        self.left -= number
        if self.left < 0:
            raise TooMuchWorkError("it asks for too much work: too many branches, values or long texts")
