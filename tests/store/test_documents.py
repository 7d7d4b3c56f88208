"""The text of stored documents: that of the standard library, whatever is in it, since digests are taken over it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.store.run_rows import compact

any_text = st.text(st.characters(codec=None))
plain = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | any_text


@given(st.recursive(plain, lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(any_text, inner)))
def test_a_document_is_what_the_standard_library_writes(values: Any) -> None:
    assert compact(values) == json.dumps(values, separators=(",", ":"))
