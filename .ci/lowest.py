"""Print the lowest versions that pyproject.toml allows, of what the package and its tests need, as pip reads them.

Standard library only: it runs before anything is installed.
"""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
for requirement in [*project["dependencies"], *project["optional-dependencies"]["test"]]:
    found = re.fullmatch(r"([\w.-]+)>=([\d.]+)(,<[\d.]+)?", requirement)
    if found is None:
        raise SystemExit(f"{requirement!r} names no lowest version: write name>=1.2 or name>=1.2,<3 in pyproject.toml.")
    print(f"{found[1]}=={found[2]}")
