"""What only a folder can do wrong: links, permissions, odd files."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bwc_audit.errors import ConfigurationError, ObjectForbiddenError, ObjectMissingError
from bwc_audit.objects.folder import UNFOLLOWED_LINK, FolderStore

NOBODY = 65534


@contextmanager
def an_ordinary_user() -> Iterator[None]:
    """Permissions do not bind root: act as nobody for a while where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder whose parents anyone may enter (those of ``tmp_path`` only their owner may)."""
    folder = Path(tempfile.mkdtemp(prefix="bwc-audit-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_root_that_is_not_there_is_a_setting_to_mend(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"source folder .*nowhere is not there"):
        list(FolderStore(tmp_path / "nowhere").list_objects())


def test_a_file_without_permission_is_listed_but_forbidden(open_folder: Path) -> None:
    (open_folder / "locked.json").write_text("{}")
    (open_folder / "locked.json").chmod(0)
    store = FolderStore(open_folder)
    with an_ordinary_user():
        assert [each.key for each in store.list_objects()] == ["locked.json"]
        with pytest.raises(ObjectForbiddenError, match=r"locked\.json may not be read"):
            store.read_all("locked.json", 10)


def test_a_folder_without_permission_stops_the_listing(open_folder: Path) -> None:
    (open_folder / "footage").mkdir()
    (open_folder / "footage").chmod(0)
    with an_ordinary_user(), pytest.raises(ObjectForbiddenError, match="footage may not be read"):
        list(FolderStore(open_folder).list_objects())


def test_a_link_inside_the_source_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("{}")
    (tmp_path / "link.json").symlink_to("real.json")
    (tmp_path / "day").mkdir()
    (tmp_path / "latest").symlink_to("day")
    (tmp_path / "day" / "x").write_text("x")
    store = FolderStore(tmp_path)
    assert [each.key for each in store.list_objects()] == ["day/x", "link.json", "real.json"]
    assert store.read_all("link.json", 10) == b"{}"


def test_a_linked_root_is_a_root(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x").write_text("x")
    (tmp_path / "root").symlink_to("real")
    store = FolderStore(tmp_path / "root")
    assert [each.key for each in store.list_objects()] == ["x"]
    assert store.read_all("x", 10) == b"x"


def test_a_file_link_that_leaves_the_source_is_shown_and_refused(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("secret")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "x.json").symlink_to(tmp_path / "outside")
    (tmp_path / "root" / "y.json").symlink_to("nowhere")
    (tmp_path / "root" / "z.json").symlink_to("z.json")
    store = FolderStore(tmp_path / "root")
    assert [(each.key, each.etag) for each in store.list_objects()] == [
        ("x.json", UNFOLLOWED_LINK),
        ("y.json", UNFOLLOWED_LINK),
        ("z.json", UNFOLLOWED_LINK),
    ]
    with pytest.raises(ObjectForbiddenError, match="leaves the source"):
        store.read_all("x.json", 10)
    for key in ("y.json", "z.json", "x" * 300):
        with pytest.raises(ObjectMissingError):
            store.read_all(key, 10)


def test_a_folder_link_that_leaves_the_source_stops_the_listing(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "footage").symlink_to(tmp_path / "videos")
    with pytest.raises(ObjectForbiddenError, match="footage is a link to a folder outside"):
        list(FolderStore(tmp_path / "root").list_objects())


def test_pipes_are_no_objects_and_never_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    store = FolderStore(tmp_path)
    assert list(store.list_objects()) == []
    with pytest.raises(ObjectMissingError, match="no regular file"):
        store.read_all("pipe.json", 10)


def test_a_name_that_is_not_utf8_is_listed_as_text(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.json"))).write_text("{}")
    (listed,) = FolderStore(tmp_path).list_objects()
    assert listed.key == "caf\\xe9.json"
    with pytest.raises(ObjectMissingError):
        FolderStore(tmp_path).read_all(listed.key, 10)
