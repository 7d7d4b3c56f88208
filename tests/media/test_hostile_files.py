"""Files made to exhaust or mislead: each ends within seconds with a reason or a result, and the next file is fine."""

from __future__ import annotations

import http.server
import random
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bwc_audit.domain.inspection import Inspection, InspectionRequest, InspectionStatus, UnreadableReason
from bwc_audit.media.isolated import inspect_many
from bwc_audit.objects.folder import FolderStore

from .clips import street, tone, write_clip
from .conftest import RULES
from .making_mp4 import box, full, rewritten, top_level
from .test_listen import sound_places

SECONDS = 30.0
HUGE = 10**9


def look_into(folder: Path, *names: str) -> list[Inspection]:
    """Through one child at a time, each file within ``SECONDS``; alone on a machine the worst takes a third of that."""
    pairs = list(
        inspect_many(
            FolderStore(folder), [InspectionRequest(name) for name in names], RULES, workers=1, seconds_limit=SECONDS
        )
    )
    found = {request.object_key: outcome for request, outcome in pairs}
    outcomes = [found[name] for name in names]
    assert all(isinstance(one, Inspection) for one in outcomes), outcomes
    return [one for one in outcomes if isinstance(one, Inspection)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("hostile") / "clip.mp4"
    return write_clip(path, street(4), movflags="+faststart").read_bytes()


def of_length(body: bytes) -> bytes:
    """``mvhd``, ``mdhd`` or ``tkhd`` with a length of 10**12 s and 10**6 ticks a second, in version 1."""
    return b"\1" + body[1:4] + bytes(16) + struct.pack(">IQ", 10**6, 10**18) + body[20:]


def claims(count: int) -> Callable[[bytes], bytes]:
    """A table that claims ``count`` rows and keeps those it has."""
    return lambda body: body[:4] + struct.pack(">I", count) + body[8:]


def stsz_of(count: int) -> Callable[[bytes], bytes]:
    """``count`` samples of one size, which takes no room in the file."""
    return lambda body: full(0, struct.pack(">II", 1, count))


def stts_of(count: int) -> Callable[[bytes], bytes]:
    return lambda body: full(0, struct.pack(">III", 1, count, 512))


def sized(width: int, height: int) -> Callable[[bytes], bytes]:
    """``stsd`` whose picture has another size than its stream."""
    return lambda body: body[: 8 + 8 + 24] + struct.pack(">HH", width, height) + body[8 + 8 + 28 :]


def dref(body: bytes) -> bytes:
    """Data in another file."""
    return full(0, struct.pack(">I", 1), box(b"url ", full(0, b"file:///etc/passwd\0")))


CHANGES: dict[str, dict[bytes, Callable[[bytes], bytes]]] = {
    "length": {b"mvhd": of_length, b"mdhd": of_length},
    "stsz": {b"stsz": stsz_of(HUGE)},
    "stsz-and-stts": {b"stsz": stsz_of(HUGE), b"stts": stts_of(HUGE)},
    "stts": {b"stts": stts_of(HUGE)},
    "stts-rows": {b"stts": claims(HUGE)},
    "stsz-rows": {b"stsz": lambda body: body[:8] + struct.pack(">I", HUGE) + body[12:]},
    "stsc": {b"stsc": lambda body: full(0, struct.pack(">IIII", 1, 1, HUGE, 1))},
    "stco-rows": {b"stco": claims(HUGE)},
    "stss-rows": {b"stss": claims(HUGE)},
    "ctts-rows": {b"stts": claims(2**32 - 1)},
    "zero": {b"stsd": sized(0, 0)},
    "wide": {b"stsd": sized(60_000, 60_000)},
    "dref": {b"dref": dref},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_lying_index(clip: bytes, tmp_path: Path, name: str) -> None:
    (tmp_path / "bad.mp4").write_bytes(rewritten(clip, CHANGES[name]))
    (tmp_path / "good.mp4").write_bytes(clip)
    bad, good = look_into(tmp_path, "bad.mp4", "good.mp4")
    assert bad.reason is not UnreadableReason.TIMEOUT
    assert bad.reason is not UnreadableReason.CRASHED, bad.detail
    assert good.status is InspectionStatus.COMPLETE


def test_the_size_that_is_said_is_that_of_the_pictures(clip: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(rewritten(clip, CHANGES["wide"]))
    (tmp_path / "good.mp4").write_bytes(clip)
    bad, good = look_into(tmp_path, "bad.mp4", "good.mp4")
    assert bad.video is not None
    assert bad.video == good.video
    assert bad.video.width < 2_000


def test_boxes_in_boxes(clip: bytes, tmp_path: Path) -> None:
    nested = b""
    for _ in range(20_000):
        nested = struct.pack(">I4s", len(nested) + 8, b"trak") + nested
    (tmp_path / "bad.mp4").write_bytes(
        b"".join(box(kind, body + (nested if kind == b"moov" else b"")) for kind, body in top_level(clip))
    )
    (bad,) = look_into(tmp_path, "bad.mp4")
    assert bad.reason is not UnreadableReason.TIMEOUT
    assert bad.reason is not UnreadableReason.CRASHED, bad.detail


@pytest.mark.parametrize("is_empty", [True, False])
def test_endless_fragments(clip: bytes, tmp_path: Path, is_empty: bool) -> None:
    head = b"".join(box(kind, body) for kind, body in top_level(clip) if kind != b"mdat")
    track = box(
        b"traf", box(b"tfhd", full(0, struct.pack(">I", 1), flags=0x20000)), box(b"trun", full(0, struct.pack(">I", 0)))
    )
    fragment = box(b"moof", box(b"mfhd", full(0, bytes(4))), b"" if is_empty else track)
    (tmp_path / "bad.mp4").write_bytes(head + fragment * 200_000)
    (bad,) = look_into(tmp_path, "bad.mp4")
    assert bad.reason is not UnreadableReason.TIMEOUT
    assert bad.reason is not UnreadableReason.CRASHED, bad.detail


def test_sound_of_random_bytes(tmp_path: Path) -> None:
    """Such AAC decodes to dozens of channels here and there: with these seeds to 40 and 50."""
    path = write_clip(tmp_path / "bad.mp4", street(60).filter("scale", 160, 90), tone(60), has_clock=False)
    content = bytearray(path.read_bytes())
    for number, (start, size) in enumerate(sound_places(path)):
        seed = (4499, 4930, 5292, 5480, number)[number % 5]
        content[start : start + size] = random.Random(seed).randbytes(250)[:size].ljust(size, b"\0")
    path.write_bytes(content)
    for request in (InspectionRequest(path.name, is_deep=True), InspectionRequest(path.name)):
        ((_, outcome),) = inspect_many(FolderStore(tmp_path), [request], RULES, workers=1, seconds_limit=SECONDS)
        assert isinstance(outcome, Inspection)
        assert outcome.status is not InspectionStatus.UNREADABLE, outcome.detail
        assert any("sound" in one for one in outcome.not_examined), outcome.not_examined


def png(width: int, height: int) -> bytes:
    """A picture of one colour: few bytes, much memory."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    row = bytes(1 + width)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg(width: int, height: int) -> bytes:
    """The head of a picture of any size, with hardly any of its content."""
    tables = b"\xff\xdb\x00\x43\x00" + b"\x01" * 64
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    huffman = b"".join(b"\xff\xc4" + struct.pack(">HB", 20, kind) + b"\x01" + bytes(15) + b"\x00" for kind in (0x00, 0x10))
    return b"\xff\xd8" + tables + frame + huffman + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + bytes(2_000) + b"\xff\xd9"


def avi(code: bytes, picture: bytes, width: int, height: int, frames: int) -> bytes:
    """An AVI whose pictures are all the same coded picture."""

    def part(kind: bytes, *body: bytes) -> bytes:
        whole = b"".join(body)
        return kind + struct.pack("<I", len(whole)) + whole + b"\0" * (len(whole) % 2)

    header = struct.pack("<14I", 66_667, 0, 0, 0x10, frames, 0, 1, 0, width, height, 0, 0, 0, 0)
    stream = b"vids" + code + struct.pack("<3I2I4I4h", 0, 0, 0, 1, 15, 0, frames, 0, 0, 0, 0, 0, 0)
    layout = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, code, 0, 0, 0, 0, 0)
    streams = part(b"LIST", b"strl", part(b"strh", stream), part(b"strf", layout))
    media = part(b"LIST", b"movi", *[part(b"00dc", picture)] * frames)
    index = b"".join(
        b"00dc" + struct.pack("<III", 0x10, 4 + n * (8 + len(picture) + len(picture) % 2), len(picture))
        for n in range(frames)
    )
    return part(b"RIFF", b"AVI ", part(b"LIST", b"hdrl", part(b"avih", header), streams), media, part(b"idx1", index))


@pytest.mark.parametrize("sides", [(30_000, 30_000), (65_500, 65_500)])
def test_a_bomb_as_a_frame(clip: bytes, tmp_path: Path, sides: tuple[int, int]) -> None:
    (tmp_path / "jpeg.avi").write_bytes(avi(b"MJPG", jpeg(*sides), *sides, 30))
    (tmp_path / "png.avi").write_bytes(avi(b"MPNG", png(sides[0], 3_000), sides[0], 3_000, 30))
    (tmp_path / "small.avi").write_bytes(avi(b"MJPG", jpeg(*sides), 320, 180, 30))
    (tmp_path / "good.mp4").write_bytes(clip)
    *bad, good = look_into(tmp_path, "jpeg.avi", "png.avi", "small.avi", "good.mp4")
    for one in bad:
        assert one.reason is not UnreadableReason.TIMEOUT
        assert one.reason is not UnreadableReason.CRASHED, one.detail
    assert good.status is InspectionStatus.COMPLETE


PEAK = """
import resource, sys
from pathlib import Path
from tests.media.test_hostile_files import look_into
for name in sys.argv[2:]:
    look_into(Path(sys.argv[1]), name)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


def test_no_child_takes_more_than_400_mb(clip: bytes, tmp_path: Path) -> None:
    (tmp_path / "jpeg.avi").write_bytes(avi(b"MJPG", jpeg(12_000, 12_000), 12_000, 12_000, 3))
    (tmp_path / "png.avi").write_bytes(avi(b"MPNG", png(12_000, 12_000), 12_000, 12_000, 3))
    (tmp_path / "wide.mp4").write_bytes(rewritten(clip, CHANGES["wide"]))
    write_clip(tmp_path / "8k.mp4", street(0.4).filter("scale", 7680, 4320))
    names = sorted(path.name for path in tmp_path.iterdir())
    run = subprocess.run(
        [sys.executable, "-c", PEAK, str(tmp_path), *names], capture_output=True, text=True, timeout=100, check=True
    )
    assert 100e6 < int(run.stdout) < 400e6


@pytest.fixture
def tempting(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a server, and what was asked of it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/x.mp4", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile {url}\n",
        "#EXTM3U\n#EXTINF:10,\n{url}\n",
        "\n\n#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:10,\n{url}\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{url}</BaseURL></MPD>',
        "concat:{url}|{url}",
        "[playlist]\nFile1={url}\n",
        "RIFF....AVI {url}",
    ],
)
def test_what_names_other_files_opens_none(tmp_path: Path, tempting: tuple[str, list[str]], text: str) -> None:
    url, asked = tempting
    (tmp_path / "bad.mp4").write_text(text.format(url=url))
    (bad,) = look_into(tmp_path, "bad.mp4")
    assert bad.status is InspectionStatus.UNREADABLE
    assert bad.reason in (UnreadableReason.PLAYLIST_REFUSED, UnreadableReason.NOT_MEDIA, UnreadableReason.NO_VIDEO)
    assert asked == []
