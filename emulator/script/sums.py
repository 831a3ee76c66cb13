"""Small arithmetic in a prompt as Python code with what it prints, for the built-in model; it runs no code.

Numbers, `+ - * / ( )` and powers are evaluated here by their syntax tree, with bounds; a linear equation in one letter
is solved. Where there is neither, the code counts the words of the prompt.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping

from emulator.core.lazy_pattern import lazy_pattern

LONGEST = 200  # characters of an expression
LARGEST = 10.0**15
_NUMBER = r"\d{1,15}(?:\.\d{1,15})?"
_EQUATION = lazy_pattern(
    rf"({_NUMBER})?\s*\*?\s*([a-z])\s*(?:([+-])\s*({_NUMBER}))?\s*=\s*(-?\s*{_NUMBER})", re.IGNORECASE
)
_SUM = lazy_pattern(rf"[(\s]*-?\s*{_NUMBER}(?:[\s()]*(?:\*\*|[-+*/^x×÷])[\s()]*-?{_NUMBER}[)]*){{1,20}}")  # noqa: RUF001
_SIGNS = {"^": "**", "x": "*", "×": "*", "÷": "/"}  # noqa: RUF001
_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


def code_for(prompt: str) -> tuple[str, str]:
    """Code that answers the arithmetic of a prompt, and what it prints."""
    text = prompt[:4_000]
    found = _equation(text) or _sum(text)
    if found is not None:
        return found
    words = " ".join(text.split())[:LONGEST]
    return f"text = {words!r}\nprint(len(text.split()))", f"{len(words.split())}\n"


def _equation(text: str) -> tuple[str, str] | None:
    """A linear equation such as 3x + 11 = 14, solved for its letter."""
    found = _EQUATION.search(text)
    if found is None or text[max(0, found.start(2) - 1)].isalpha() or found.group(2).lower() == "e":
        return None
    factor, letter, sign, number, right = found.groups()
    left = f"{sign or '+'} {number}" if number else "+ 0"
    undone = f"- {number}" if sign == "+" else f"+ {number}"
    numerator = f"({right.replace(' ', '')} {undone})" if number else right.replace(" ", "")
    expression = f"{numerator} / {factor or 1}"
    value = _value(expression)
    if value is None:
        return None
    comment = f"# {factor or 1}{letter} {left} = {right}"
    return f"{comment}\n{letter} = {expression}\nprint({letter})", f"{_shown(value)}\n"


def _sum(text: str) -> tuple[str, str] | None:
    for found in _SUM.finditer(text):
        expression = "".join(_SIGNS.get(sign, sign) for sign in found.group().strip())
        if len(expression) <= LONGEST and (value := _value(expression)) is not None:
            return f"print({expression})", f"{_shown(value)}\n"
    return None


def _value(expression: str) -> float | None:
    """What an expression comes to; None where it is none, or nothing that is small and finite."""
    try:
        value = _of(ast.parse(expression, mode="eval").body)
        small = abs(value) <= LARGEST and not isinstance(value, complex)
    except (SyntaxError, ValueError, TypeError, ArithmeticError, RecursionError):
        return None
    return value if small else None


def _of(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_of(operand)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            first, second = _of(left), _of(right)
            if max(abs(first), abs(second)) > LARGEST or (isinstance(sign, ast.Pow) and abs(second) > 64):
                raise ValueError
            return _OPERATORS[type(sign)](first, second)
        case _:
            raise ValueError


def _shown(value: float) -> str:
    """A number as Python prints it."""
    return repr(value)
