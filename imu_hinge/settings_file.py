"""Write the settings as the file that they are read from, each key with what it is for.

It reads no file and checks no value; `settings` does.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import pairwise
from typing import Any, Final

from imu_hinge.settings import Settings

_WIDTH: Final = 100
"""Characters of a line of comments."""


def settings_text(settings: Settings) -> str:
    """Return the settings as TOML, with the comments that stand in the code.

    Examples
    --------
    >>> import imu_hinge as ih
    >>> print(settings_text(ih.Settings()).splitlines()[3])
    rate_hz = 100.0
    """
    lines = ["# imu_hinge settings: what is absent keeps its default; imu-hinge analyze ... --settings FILE"]
    lines += ["", *_section(settings)]
    for f in fields(settings):
        value = getattr(settings, f.name)
        if is_dataclass(value):
            lines += ["", f"[{f.name}]", *_comment(inspect.getdoc(type(value)) or ""), *_section(value)]
    return "\n".join(lines) + "\n"


def _section(section: Any) -> Iterator[str]:
    """Yield the numbers of one section, each below its comment."""
    meanings = _meanings(type(section))
    for f in fields(section):
        value = getattr(section, f.name)
        if not is_dataclass(value):
            yield from _comment(meanings.get(f.name, ""))
            yield f"{f.name} = {float(value)!r}"


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, _WIDTH)]


def _meanings(section: type) -> dict[str, str]:
    """Return what stands below each field in the code, which Python does not keep."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(section)))
    found = {}
    for one, after in pairwise(next(node.body for node in tree.body if isinstance(node, ast.ClassDef))):
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and isinstance(after, ast.Expr):
            found[one.target.id] = inspect.cleandoc(str(ast.literal_eval(after.value)))
    return found
