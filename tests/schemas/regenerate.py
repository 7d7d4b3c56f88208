"""Writes ``schemas/`` anew: ``python -m tests.schemas.regenerate``. Look at the difference before committing it."""

from __future__ import annotations

from tests.schemas.published import FOLDER, published, text_of


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    schemas = published()
    for path in FOLDER.glob("*.json"):
        if path.name not in schemas:
            path.unlink()
            print(f"{path} removed")
    for name, schema in sorted(schemas.items()):
        (FOLDER / name).write_text(text_of(schema), encoding="utf-8")
        print(FOLDER / name)


if __name__ == "__main__":
    main()
