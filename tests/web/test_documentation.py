"""What docs/web.md says of rights is what the program grants."""

from __future__ import annotations

from pathlib import Path

from bwc_audit.domain.people import RIGHTS, Right, Role


def test_the_table_of_rights_is_the_one_that_holds() -> None:
    text = (Path(__file__).parents[2] / "docs" / "web.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")]
    told = {row[0].strip("`"): row[1:] for row in rows}
    roles = next(line for line in text.splitlines() if line.startswith("| right |")).strip("|").split("|")[1:]
    assert [role.strip().replace(" ", "_") for role in roles] == list(Role)
    assert told == {right: ["yes" if right in RIGHTS[role] else "–" for role in Role] for right in Right}
