"""One suite over both stores: a folder, and a prefix of a bucket on a real S3 server."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from bwc_audit.embedded_s3 import EmbeddedS3
from bwc_audit.errors import ObjectChangedError, ObjectForbiddenError, ObjectMissingError, ObjectStoreError
from bwc_audit.objects.contract import ObjectStore
from bwc_audit.objects.folder import FolderStore
from tests.fixtures_s3 import store_as

TREE = {
    "footage/a/x.mp4": bytes(range(256)) * 40,
    "footage/a/x.json": b"{}",
    "footage/a-b/x.json": b"[]",
    "footage/a.csv": b"a,b\n",
    "footage/Straße/ü €.json": b"1",
    "empty.csv": b"",
    "zz": b"last",
}

Filled = tuple[ObjectStore, Callable[[str, bytes], None]]


@pytest.fixture(scope="module", params=["folder", "s3"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """A store that holds ``TREE``, and a way to write one more object. Other objects lie outside its prefix."""
    store, write = _folder(tmp_path_factory) if request.param == "folder" else _bucket(request)
    for key, content in TREE.items():
        write(key, content)
    return store, write


def _folder(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    folder = tmp_path_factory.mktemp("contract")
    (folder / "outside").write_bytes(b"secret")

    def write(key: str, content: bytes) -> None:
        path = folder / "root" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return FolderStore(folder / "root"), write


def _bucket(request: pytest.FixtureRequest) -> Filled:
    server: EmbeddedS3 = request.getfixturevalue("s3_server")
    client = server.client()
    client.create_bucket(Bucket="contract")
    client.put_object(Bucket="contract", Key="night-2/outside", Body=b"secret")
    client.put_object(Bucket="contract", Key="night/", Body=b"")

    def write(key: str, content: bytes) -> None:
        client.put_object(Bucket="contract", Key=f"night/{key}", Body=content)

    return store_as(server, "contract", "night"), write


def _read_in_child(store: ObjectStore, key: str) -> bytes:
    return store.read_range(key, 2, 3)


def test_lists_every_object_in_order_of_key_with_its_facts(filled: Filled) -> None:
    store, _ = filled
    listed = list(store.list_objects())
    assert [each.key for each in listed] == sorted(TREE)
    assert {each.key: each.size_bytes for each in listed} == {key: len(content) for key, content in TREE.items()}
    assert all(each.etag and '"' not in each.etag for each in listed)
    assert all(each.modified_us > 1_600_000_000_000_000 for each in listed)


@pytest.mark.parametrize("prefix", ["footage/", "footage/a", "footage/a/", "footage/a/x.j", "zz", "nothing"])
def test_lists_what_starts_with_the_prefix(filled: Filled, prefix: str) -> None:
    store, _ = filled
    assert [each.key for each in store.list_objects(prefix)] == sorted(key for key in TREE if key.startswith(prefix))


def test_head_gives_what_the_listing_gives(filled: Filled) -> None:
    store, _ = filled
    for listed in store.list_objects():
        stat = store.head(listed.key)
        assert (stat.key, stat.size_bytes, stat.etag) == (listed.key, listed.size_bytes, listed.etag)
        assert abs(stat.modified_us - listed.modified_us) < 1_000_000


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [(0, 1, 1), (10, 100, 110), (10_239, 1, 10_240), (10_239, 50, 10_240), (10_240, 5, 10_240), (99_999, 5, 0)],
)
def test_reads_ranges_and_is_short_at_the_end_only(filled: Filled, start: int, length: int, end: int) -> None:
    store, _ = filled
    assert store.read_range("footage/a/x.mp4", start, length) == TREE["footage/a/x.mp4"][start:end]


def test_reads_nothing_from_an_empty_range_or_object(filled: Filled) -> None:
    store, _ = filled
    assert store.read_range("zz", 1, 0) == b""
    assert store.read_range("empty.csv", 0, 10) == b""
    assert store.read_all("empty.csv", 10) == b""


def test_negative_ranges_are_a_fault_of_the_caller(filled: Filled) -> None:
    store, _ = filled
    with pytest.raises(ValueError, match="negative"):
        store.read_range("zz", -1, 3)


def test_reads_whole_objects_up_to_the_limit(filled: Filled) -> None:
    store, _ = filled
    assert store.read_all("zz", 4) == b"last"
    with pytest.raises(ObjectStoreError, match="zz is larger than 3 bytes"):
        store.read_all("zz", 3)


@pytest.mark.parametrize("key", ["nothing.mp4", "footage/a", "footage/a/x.mp4/deeper"])
def test_a_missing_key_is_missing_and_names_the_key(filled: Filled, key: str) -> None:
    store, _ = filled
    for ask in (store.head, lambda each: store.read_range(each, 0, 1), lambda each: store.read_all(each, 9)):
        with pytest.raises(ObjectMissingError, match=key):
            ask(key)


@pytest.mark.parametrize("key", ["../outside", "footage/../../outside", "/etc/passwd", "", "a//b", "./zz", "zz\x00"])
def test_keys_that_leave_the_source_are_refused(filled: Filled, key: str) -> None:
    store, _ = filled
    for ask in (store.head, lambda each: store.read_range(each, 0, 1), lambda each: store.read_all(each, 9)):
        with pytest.raises(ObjectForbiddenError, match="inside its source"):
            ask(key)


def test_a_changed_object_has_another_etag(filled: Filled) -> None:
    store, write = filled
    before = store.head("zz").etag
    write("zz", b"LAST!")
    assert store.head("zz").etag != before
    write("zz", TREE["zz"])


def test_many_ranges_come_in_the_order_asked(filled: Filled) -> None:
    store, _ = filled
    content = TREE["footage/a/x.mp4"]
    ranges = [((n * 769) % 10_500, n % 40 * 7) for n in range(40)] + [(0, 10_240), (10_240, 9)]
    assert store.read_ranges("footage/a/x.mp4", ranges) == [content[start : start + length] for start, length in ranges]
    assert store.read_ranges("zz", []) == []
    assert store.read_ranges("empty.csv", [(0, 3), (3, 3)]) == [b"", b""]


@pytest.mark.parametrize(("key", "kind"), [("nothing", ObjectMissingError), ("../outside", ObjectForbiddenError)])
def test_many_ranges_fail_as_one_does(filled: Filled, key: str, kind: type[ObjectStoreError]) -> None:
    store, _ = filled
    with pytest.raises(kind):
        store.read_ranges(key, [(0, 1), (1, 1), (2, 1)])
    with pytest.raises(ValueError, match="negative"):
        store.read_ranges("zz", [(0, 1), (-1, 3)])


def test_no_other_version_is_read_than_the_one_named(filled: Filled) -> None:
    store, write = filled
    key = "footage/Straße/ü €.json"
    etag = store.head(key).etag
    assert store.read_range(key, 0, 9, etag) == b"1"
    assert store.read_ranges(key, [(0, 1), (0, 9), (1, 5)], etag) == [b"1", b"1", b""]
    write(key, b"23")
    for ask in (lambda: store.read_range(key, 0, 9, etag), lambda: store.read_ranges(key, [(0, 1), (1, 1)], etag)):
        with pytest.raises(ObjectChangedError, match=r"ü €\.json.*list the source again"):
            ask()
    assert store.read_range(key, 0, 9, store.head(key).etag) == b"23"
    write(key, TREE[key])


def test_travels_to_another_process(filled: Filled) -> None:
    store, _ = filled
    store.head("zz")
    assert pickle.loads(pickle.dumps(store)).uri == store.uri  # noqa: S301
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(_read_in_child, store, "footage/a/x.mp4").result() == b"\x02\x03\x04"
