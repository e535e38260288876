"""Uploads become a folder of photos, and nothing else on the disk."""

import errno
import io
import shutil
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import pytest

from crackdemo.data.intake import MAX_ZIP_PHOTOS, count_photos, open_new, take_in
from crackdemo.errors import DatasetError
from crackdemo.photos.images import find_photos

SavePhoto = Callable[..., Path]


def png(level: int = 100) -> bytes:
    return cv2.imencode(".png", np.full((20, 30), level, np.uint8))[1].tobytes()


def make_zip(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def names(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in find_photos(folder)]


def files_of(folder: Path) -> list[str]:
    """All files, hidden ones too."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in files)


GOOD = {"good.png": png(9)}


class TestTakeIn:
    def test_photos_and_zips_land_in_one_folder_and_keep_theirs(
        self, tmp_path: Path, save_photo: SavePhoto
    ) -> None:
        packed = make_zip(tmp_path / "a.zip", {"deep/er/one.png": png(), "two.PNG": png(2)})
        photo = save_photo(tmp_path / "one.png")
        assert take_in([packed, photo], tmp_path / "new") == []
        assert names(tmp_path / "new") == ["deep/er/one.png", "one.png", "two.PNG"]

    def test_two_photos_of_one_name_are_both_kept(
        self, tmp_path: Path, save_photo: SavePhoto
    ) -> None:
        photos = [save_photo(tmp_path / side / "one.png") for side in ("left", "right")]
        take_in(photos, tmp_path / "new")
        assert names(tmp_path / "new") == ["one (2).png", "one.png"]

    def test_entries_that_lead_out_of_the_zip_are_left_out_by_name(self, tmp_path: Path) -> None:
        outside = tmp_path / "outside.png"
        entries = {"../outside.png": png(), str(outside): png(), "a\\..\\b.png": png()}
        packed = make_zip(tmp_path / "a.zip", {**entries, "in.png": png()})
        said = take_in([packed], tmp_path / "new")
        assert len(said) == 3 and all("leads out of the ZIP" in sentence for sentence in said)
        assert all(str(tmp_path) not in sentence for sentence in said)
        assert names(tmp_path / "new") == ["in.png"]
        assert not outside.exists()

    def test_what_is_no_photo_is_named_and_what_systems_add_is_not(self, tmp_path: Path) -> None:
        entries = {"run.sh": b"#", "__MACOSX/._a.png": b"", ".DS_Store": b"", "a.png": png()}
        said = take_in([make_zip(tmp_path / "a.zip", entries)], tmp_path / "new")
        assert said == ["“run.sh” was left out: it is no photo."]
        assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.png"]

    @pytest.mark.parametrize(
        ("entries", "reason"),
        [({}, "is empty"), ({"a.txt": b"a"}, "holds no photos"), ({"a/": b""}, "is empty")],
    )
    def test_zips_without_photos_are_refused(
        self, tmp_path: Path, entries: dict[str, bytes], reason: str
    ) -> None:
        with pytest.raises(DatasetError, match=reason):
            take_in([make_zip(tmp_path / "a.zip", entries)], tmp_path / "new")

    def test_a_file_that_is_no_zip_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "a.zip").write_bytes(b"nothing of the kind")
        with pytest.raises(DatasetError, match="damaged, encrypted or of a rare kind"):
            take_in([tmp_path / "a.zip"], tmp_path / "new")

    def test_a_zip_that_the_disk_cannot_hold_is_refused_before_anything_is_written(
        self, tmp_path: Path
    ) -> None:
        archive = make_zip(tmp_path / "photos.zip", {"a.png": bytes(3 * 2**20)})
        with pytest.raises(DatasetError, match=r"but the disk has 2\.1 MB left: free some space"):
            take_in([archive], tmp_path / "small", free_bytes=lambda folder: 2 * 2**20)
        assert not list((tmp_path / "small").iterdir())
        take_in([archive], tmp_path / "new", free_bytes=lambda folder: 3 * 2**20)
        assert names(tmp_path / "new") == ["a.png"]

    def test_a_bomb_is_refused_before_anything_is_written(self, tmp_path: Path) -> None:
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w") as archive:
            archive.writestr("a.png", png())
        listed = bomb.getvalue().replace(  # the list at the end announces 4 GB a file
            len(png()).to_bytes(4, "little"), (2**32 - 2).to_bytes(4, "little")
        )
        (tmp_path / "one.zip").write_bytes(listed)
        many = make_zip(
            tmp_path / "many.zip", {f"{number}.png": b"" for number in range(MAX_ZIP_PHOTOS + 1)}
        )
        vast = make_zip(tmp_path / "vast.zip", {"a.png": bytes(2**28 + 1)})
        with pytest.raises(DatasetError, match=r"would grow from 0\.3 MB to 268 MB"):
            take_in([vast], tmp_path / "vast")
        assert not list((tmp_path / "vast").iterdir())
        with pytest.raises(DatasetError, match="would unpack to"):
            take_in([many], tmp_path / "many")
        assert not list((tmp_path / "many").iterdir())
        with pytest.raises(DatasetError, match="holds no photos"):  # above the size of one photo
            take_in([tmp_path / "one.zip"], tmp_path / "one")
        assert not list((tmp_path / "one").iterdir())


def damaged(path: Path, name: str) -> Path:
    """The ZIP with nonsense where the content of one entry begins."""
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(name)
    data = bytearray(path.read_bytes())
    start = entry.header_offset + 30 + len(name.encode())
    size = min(entry.compress_size, 40)
    data[start + 4 : start + size] = b"\xff" * (size - 4)
    path.write_bytes(data)
    return path


class TestOddEntries:
    """One of them is left out with a sentence that names it, and the rest goes on."""

    @pytest.mark.parametrize(
        "method",
        [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA],
    )
    def test_damaged_data(self, tmp_path: Path, method: int) -> None:
        path = tmp_path / "a.zip"
        noise = np.random.default_rng(0).bytes(3_000_000)
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("good.png", png())
            archive.writestr("bad.png", noise)
            archive.writestr("also good.png", png(2))
        said = take_in([damaged(path, "bad.png")], tmp_path / "new")
        assert said == ["“bad.png” was left out: its data is damaged or of a rare kind."]
        assert files_of(tmp_path / "new") == ["also good.png", "good.png"]

    def test_no_name_at_all(self, tmp_path: Path) -> None:
        packed = make_zip(tmp_path / "a.zip", {**GOOD, "x": png()})
        data = packed.read_bytes()
        at = data.rindex(b"PK\x01\x02")  # of the last entry of the ZIP's own list
        end = data.index(b"PK\x05\x06")
        nameless = data[at : at + 28] + b"\0\0" + data[at + 30 : at + 46]
        tail = bytearray(data[end:])
        size = int.from_bytes(tail[12:16], "little") - (end - at) + len(nameless)
        tail[12:16] = size.to_bytes(4, "little")
        packed.write_bytes(data[:at] + nameless + tail)
        said = take_in([packed], tmp_path / "new")
        assert len(said) == 1 and "no name" in said[0]
        assert files_of(tmp_path / "new") == ["good.png"]

    @pytest.mark.parametrize("depth", [100, 1500])
    def test_folders_in_folders_without_end(self, tmp_path: Path, depth: int) -> None:
        packed = make_zip(tmp_path / "a.zip", {"a/" * depth + "p.png": png(), **GOOD})
        said = take_in([packed], tmp_path / "new")
        assert said == ["“p.png” was left out: it lies more than 64 folders deep."]
        assert files_of(tmp_path / "new") == ["good.png"]

    def test_a_name_that_is_too_long_for_the_disk(self, tmp_path: Path) -> None:
        long = "x" * 300 + ".png"
        packed = make_zip(tmp_path / "a.zip", {long: png(), "y" * 300 + "/a.png": png(), **GOOD})
        said = take_in([packed], tmp_path / "new")
        assert said[0] == f"“{long}” was left out: its name is too long for the disk."
        assert said[1].startswith("“a.png” was left out: its name is too long")
        assert files_of(tmp_path / "new") == ["good.png"]

    @pytest.mark.parametrize("order", [1, -1])
    def test_a_file_and_a_folder_of_one_name(self, tmp_path: Path, order: int) -> None:
        clash = {"a.png": png(), "a.png/b.png": png()}
        packed = make_zip(tmp_path / "a.zip", {**dict([*clash.items()][::order]), **GOOD})
        said = take_in([packed], tmp_path / "new")
        left = {1: "b.png", -1: "a.png"}[order]
        assert said == [f"“{left}” was left out: something else of its name is there already."]
        assert len(files_of(tmp_path / "new")) == 2

    def test_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "outside").mkdir()
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            for name, target in (("a.png", "/etc/passwd"), ("sub", str(tmp_path / "outside"))):
                link = zipfile.ZipInfo(name)
                link.external_attr = 0o120777 << 16
                archive.writestr(link, target)
            archive.writestr("sub/b.png", png())
        said = take_in([tmp_path / "a.zip"], tmp_path / "new")
        assert said == ["“a.png” was left out: it is a link.", "“sub” was left out: it is a link."]
        assert files_of(tmp_path / "new") == ["sub/b.png"]
        assert not list((tmp_path / "outside").iterdir())

    def test_an_encrypted_one(self, tmp_path: Path) -> None:
        packed = make_zip(tmp_path / "a.zip", {"a.png": png(), **GOOD})
        data = bytearray(packed.read_bytes())
        data[data.index(b"PK\1\2") + 8] |= 1
        packed.write_bytes(data)
        assert take_in([packed], tmp_path / "new") == ["“a.png” was left out: it is encrypted."]
        assert files_of(tmp_path / "new") == ["good.png"]

    def test_a_name_that_is_no_text_where_its_data_begins(self, tmp_path: Path) -> None:
        packed = make_zip(tmp_path / "a.zip", {"ä.png": png(), **GOOD})
        packed.write_bytes(packed.read_bytes().replace("ä".encode(), b"\xff\xfe", 1))
        said = take_in([packed], tmp_path / "new")
        assert len(said) == 1 and "“ä.png” was left out" in said[0]
        assert files_of(tmp_path / "new") == ["good.png"]

    def test_where_nothing_else_is_there_the_refusal_says_why(self, tmp_path: Path) -> None:
        packed = make_zip(tmp_path / "a.zip", {"bad.png": png(), "worse.txt": png()})
        with pytest.raises(
            DatasetError, match=r"no photos.* Of 2 files .*“worse.txt” was left out"
        ):
            take_in([damaged(packed, "bad.png")], tmp_path / "new")


class TestNames:
    def test_a_zip_whose_list_holds_a_name_that_is_no_text_is_refused(self, tmp_path: Path) -> None:
        packed = make_zip(tmp_path / "a.zip", {"ä.png": png(), **GOOD})
        packed.write_bytes(packed.read_bytes().replace("ä".encode(), b"\xed\xa0"))
        with pytest.raises(DatasetError, match=r"“a\.zip” cannot be unpacked \(a name in"):
            take_in([packed], tmp_path / "new")

    def test_an_upload_whose_name_is_no_text_is_left_out(
        self, tmp_path: Path, save_photo: SavePhoto
    ) -> None:
        good = save_photo(tmp_path / "good.png")
        odd = tmp_path / "a\udcff.png"
        odd.write_bytes(good.read_bytes())
        (said,) = take_in([odd, good], tmp_path / "new")
        assert said == "“a\ufffd.png” was left out: its name is no text."
        assert said.encode()
        assert files_of(tmp_path / "new") == ["good.png"]

    def test_a_zip_may_hold_thousands_of_one_name(self, tmp_path: Path) -> None:
        with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            warnings.simplefilter("ignore")  # of equal names
            for _ in range(2000):
                archive.writestr("a.png", b"photo")
        assert take_in([tmp_path / "a.zip"], tmp_path / "new") == []
        assert set(names(tmp_path / "new")) == {
            "a.png", *(f"a ({number}).png" for number in range(2, 2001))
        }  # fmt: skip

    def test_equal_names_of_several_uploads_are_numbered_together(self, tmp_path: Path) -> None:
        packed = [make_zip(tmp_path / f"{name}.zip", {"./a.png": png()}) for name in "xy"]
        take_in(packed, tmp_path / "new")
        assert names(tmp_path / "new") == ["a (2).png", "a.png"]


class FullDisk(io.BytesIO):
    """A file on a disk that has room for a few bytes more."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("xb")

    def write(self, data: object) -> int:
        self._file.write(b"half")
        self._file.flush()
        raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        self._file.close()
        super().close()


class TestWhileItIsWritten:
    def test_a_full_disk_leaves_no_half_of_a_photo(
        self, tmp_path: Path, save_photo: SavePhoto
    ) -> None:
        packed = make_zip(tmp_path / "a.zip", {"sub/a.png": png()})
        for number, given in enumerate((packed, save_photo(tmp_path / "b.png"))):
            folder = tmp_path / f"new {number}"
            with pytest.raises(OSError, match="No space left"):
                take_in([given], folder, open_new=FullDisk)
            assert files_of(folder) == []

    def test_a_folder_that_vanishes_is_never_made_again(self, tmp_path: Path) -> None:
        entries = {f"sub/{number}.png": png() for number in range(5)}
        packed = make_zip(tmp_path / "a.zip", {**entries, "other/a.png": png(), "b.png": png()})
        for gone in (tmp_path / "1", tmp_path / "2" / "sub"):

            def vanishing(path: Path, gone: Path = gone) -> BinaryIO:
                if len(files_of(path.parent)) == 2:
                    shutil.rmtree(gone)
                return open_new(path)

            folder = tmp_path / gone.relative_to(tmp_path).parts[0]
            with pytest.raises(DatasetError, match="vanished from the server while"):
                take_in([packed], folder, open_new=vanishing)
            assert not gone.exists()

    def test_photos_that_vanish_are_missed(self, tmp_path: Path) -> None:
        packed = make_zip(tmp_path / "a.zip", {f"{number}.png": png() for number in range(3)})

        def robbing(path: Path) -> BinaryIO:
            (tmp_path / "new" / "0.png").unlink(missing_ok=True)
            return open_new(path)

        with pytest.raises(DatasetError, match="vanished"):
            take_in([packed], tmp_path / "new", open_new=robbing)

    def test_no_link_is_followed(self, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "c.png").write_bytes(b"theirs")
        packed = make_zip(
            tmp_path / "a.zip", {"a.png": png(), "sub/b.png": png(), "c.png": png(), "d.png": png()}
        )

        def planting(path: Path) -> BinaryIO:
            if not (path.parent / "sub").is_symlink():
                (path.parent / "sub").symlink_to(outside)
                (path.parent / "c.png").symlink_to(outside / "c.png")
            return open_new(path)

        said = take_in([packed], tmp_path / "new", open_new=planting)
        assert [sentence.partition("”")[0] for sentence in said] == ["“b.png", "“c.png"]
        assert [path.name for path in outside.iterdir()] == ["c.png"]
        assert (outside / "c.png").read_bytes() == b"theirs"


def test_names_of_classes_come_along(tmp_path: Path) -> None:
    entries = {"road/images/1.png": png(), "road/masks/1.png": png(), "road/classes.json": b"{}"}
    assert take_in([make_zip(tmp_path / "road.zip", entries)], tmp_path / "data") == []
    assert (tmp_path / "data/road/classes.json").read_bytes() == b"{}"
    alone = make_zip(tmp_path / "alone.zip", {"classes.json": b"{}"})
    with pytest.raises(DatasetError, match="holds no photos"):
        take_in([alone], tmp_path / "nothing")


def test_photos_are_counted_before_they_are_taken_in(tmp_path: Path) -> None:
    names = ["a.png", "in/b.JPG", "__MACOSX/a.png", "note.txt", "../c.png"]
    archive = make_zip(tmp_path / "photos.zip", dict.fromkeys(names, b""))
    (tmp_path / "road.png").write_bytes(png())
    assert count_photos([archive, tmp_path / "road.png", tmp_path / "note.txt"]) == 3
