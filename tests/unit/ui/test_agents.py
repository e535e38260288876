"""What agents may name, and how many may be at work; the tools: tests/e2e/test_agents.py."""

import base64
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import anyio
import pytest

pytest.importorskip("mcp")

from mcp.server.fastmcp.exceptions import ToolError

from crackdemo.errors import BusyError, SourceError
from crackdemo.ui.agents import Places, Tools, given_file
from crackdemo.ui.workbench import Workbench


class TestGivenFile:
    @pytest.mark.parametrize(
        ("kind", "suffix"),
        [("image/jpeg", ".jpeg"), ("application/zip", ".zip"), ("text/csv", ".csv")],
    )
    def test_a_data_url_becomes_a_file_of_its_kind(
        self, tmp_path: Path, kind: str, suffix: str
    ) -> None:
        text = f"data:{kind};base64,{base64.b64encode(b'bytes').decode()}"
        file = given_file(text, tmp_path / "0", None)
        assert file == tmp_path / f"0{suffix}"
        assert file.read_bytes() == b"bytes"

    def test_a_kind_is_never_a_path(self, tmp_path: Path) -> None:
        folder = tmp_path / "in"
        folder.mkdir()
        assert given_file("data:image/../../x;base64,QQ==", folder / "0", None).parent == folder

    def test_an_upload_is_taken(self, tmp_path: Path) -> None:
        upload = tmp_path / "uploads" / "abc" / "road.png"
        upload.parent.mkdir(parents=True)
        upload.write_bytes(b"")
        assert given_file(str(upload), tmp_path / "0", tmp_path / "uploads") == upload

    @pytest.mark.parametrize(
        "text",
        [
            *("", "/etc/passwd", "http://127.0.0.1/road.png", "file:///etc/passwd", "a\0b"),
            *("uploads/link", "uploads/../secret", "uploads", "uploads/gone"),
        ],
    )
    def test_what_was_not_uploaded_is_refused_without_a_path(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "secret").write_text("secret")
        (tmp_path / "uploads").mkdir()
        (tmp_path / "uploads" / "link").symlink_to(tmp_path / "secret")
        with pytest.raises(SourceError, match="was not uploaded here") as refusal:
            given_file(text, tmp_path / "0", tmp_path / "uploads")
        assert str(tmp_path) not in str(refusal.value)

    def test_what_is_no_base64_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="no base64"):
            given_file("data:image/png;base64,???", tmp_path / "0", None)


class TestTools:
    def test_nothing_of_a_call_stays_on_the_disk(
        self, tmp_path: Path, save_photo: Callable[[Path], Path]
    ) -> None:
        data = save_photo(tmp_path / "road.png").read_bytes()
        url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
        scratch = tmp_path / "scratch"
        tools = Tools(Workbench(scratch))
        report, mask = anyio.run(tools.inspect, url)
        assert '"score"' in report and mask.data
        report, file = anyio.run(tools.submit, [url])
        assert '"summary"' in report and file
        assert (scratch / "exports").is_dir() and not (scratch / "submit").exists()
        assert not [path for kind in ("exports", "intake") for path in (scratch / kind).iterdir()]

    def test_a_full_disk_is_said(self, tmp_path: Path) -> None:
        tools = Tools(Workbench(tmp_path), free=lambda folder: 2**30 - 1)
        with pytest.raises(ToolError, match="disk has no room for this call"):
            anyio.run(tools.inspect, "data:image/png;base64,QQ==")


class TestPlaces:
    def test_one_caller_has_a_share_of_them(self) -> None:
        places = Places()
        with ExitStack() as calls:
            for _ in range(4):
                calls.enter_context(places.taken("ann"))
            with pytest.raises(BusyError, match="4 of your calls"):
                calls.enter_context(places.taken("ann"))
            calls.enter_context(places.taken("bob"))
        with places.taken("ann"):
            pass

    def test_all_together_have_an_end(self) -> None:
        places = Places()
        with ExitStack() as calls:
            for number in range(16):
                calls.enter_context(places.taken(f"agent {number % 5}"))
            with pytest.raises(BusyError, match="16 calls"):
                calls.enter_context(places.taken("ann"))
