"""Uploads become a folder of photos, and nothing else on the disk."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from crackdemo.data.intake import MAX_ZIP_PHOTOS, take_in, unpack
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

    def test_a_zip_with_broken_content_is_refused(self, tmp_path: Path) -> None:
        packed = make_zip(tmp_path / "a.zip", {"a.png": png()})
        data = bytearray(packed.read_bytes())
        data[len("PK") + 45] ^= 255  # inside the compressed bytes
        packed.write_bytes(data)
        with pytest.raises(DatasetError, match="cannot be unpacked"):
            take_in([packed], tmp_path / "new")

    def test_a_zip_that_the_disk_cannot_hold_is_refused_before_anything_is_written(
        self, tmp_path: Path
    ) -> None:
        archive = make_zip(tmp_path / "photos.zip", {"a.png": bytes(3 * 2**20)})
        folder = tmp_path / "new"
        folder.mkdir()
        with pytest.raises(DatasetError, match=r"but the disk has 0\.0 GB left: free some space"):
            unpack(archive, folder, free_bytes=lambda folder: 2 * 2**20)
        assert not list(folder.iterdir())
        unpack(archive, folder, free_bytes=lambda folder: 3 * 2**20)
        assert [file.name for file in folder.iterdir()] == ["a.png"]

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
