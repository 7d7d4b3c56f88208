"""``schemas/`` holds what the code's models say, no more and no less; and every schema is a valid, self-describing one."""

from __future__ import annotations

import jsonschema
import pytest

from tests.schemas.published import FOLDER, published, text_of

_SCHEMAS = published()


def test_every_schema_file_is_there_and_no_other() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(_SCHEMAS), "run `make schemas`"


@pytest.mark.parametrize("name", sorted(_SCHEMAS))
def test_schema_on_disk_is_the_one_of_the_code(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == text_of(_SCHEMAS[name]), "run `make schemas`"


@pytest.mark.parametrize("name", sorted(_SCHEMAS))
def test_schema_is_valid_and_says_what_it_is(name: str) -> None:
    schema = _SCHEMAS[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    stem, _, version = name.removesuffix(".json").rpartition("-")
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:bwc-audit:schema:{stem}:{version}"
    assert schema["title"]
    assert len(schema["description"]) > 20
