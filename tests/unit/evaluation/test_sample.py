from pathlib import Path

import pytest

from crackdemo.errors import SubmissionError
from crackdemo.evaluation.sample import COLUMNS, plan_rows, read_sample
from crackdemo.photos.sources import Source


def sources(*files: str) -> list[Source]:
    return [Source(Path("photos") / file, file, file.rpartition(".")[0]) for file in files]


def sample(tmp_path: Path, text: str | bytes):
    path = tmp_path / "sample_submission.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_sample(path)


PHOTOS = sources("a.jpg", "b.jpg", "c.jpg.jpg", "d.jpg")


def test_without_a_sample_every_photo_is_called_by_its_name() -> None:
    rows = plan_rows(sources("images/b.jpg", "images/a.jpg.jpg"))
    assert rows.columns == COLUMNS
    assert list(rows.photos) == ["b.jpg", "a.jpg.jpg"]
    recurring = plan_rows(sources("x/a.jpg", "y/a.jpg"))
    assert list(recurring.photos) == ["x/a.jpg", "y/a.jpg"]


def test_a_sample_of_a_few_rows_is_no_list(tmp_path: Path) -> None:
    given = sample(tmp_path, "file,crack\nd.jpg,1 5\n")
    rows = plan_rows(PHOTOS, given)
    assert list(rows.photos) == ["a.jpg", "b.jpg", "c.jpg.jpg", "d.jpg"]
    assert rows.notes == (
        "The sample shows 1 of 4 photos: its spelling is taken, and every photo of the folder gets "
        "a row.",
    )


def test_a_sample_of_all_photos_gives_the_order(tmp_path: Path) -> None:
    given = sample(tmp_path, "ImageId,EncodedPixels\nd.jpg,\nc.jpg.jpg,\na.jpg,\nb.jpg,\n")
    rows = plan_rows(PHOTOS, given)
    assert rows.columns == ("ImageId", "EncodedPixels")
    assert list(rows.photos) == ["d.jpg", "c.jpg.jpg", "a.jpg", "b.jpg"]
    assert rows.photos["d.jpg"] is PHOTOS[3]
    assert rows.notes == ()
    assert plan_rows(PHOTOS, given, ("x", "y")).columns == ("x", "y")


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("a", ["a", "b", "c.jpg", "d"]),
        ("c.jpg", ["a", "b", "c.jpg", "d"]),
        ("c.jpg.jpg", ["a.jpg", "b.jpg", "c.jpg.jpg", "d.jpg"]),
    ],
)
def test_photos_are_spelled_as_the_sample_does(
    tmp_path: Path, listed: str, expected: list[str]
) -> None:
    assert list(plan_rows(PHOTOS, sample(tmp_path, f"id,rle\n{listed},1 2\n")).photos) == expected


def test_folders_are_spelled_as_the_sample_does(tmp_path: Path) -> None:
    photos = sources("test/a.jpg", "test/b.jpg")
    given = sample(tmp_path, "id,rle\ntest/b.jpg,\n")
    assert list(plan_rows(photos, given).photos) == ["test/a.jpg", "test/b.jpg"]
    given = sample(tmp_path, "id,rle\ntest/b,\n")
    assert list(plan_rows(photos, given).photos) == ["test/a", "test/b"]


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbffile,crack\r\nb.jpg,\r\na.jpg,1 2\r\n",
        b'"file","crack"\n"b.jpg",""\n"a.jpg","1 2"\n',
        b"file;crack\nb.jpg;\na.jpg;1 2\n",
        b"file\tcrack\nb.jpg\t\na.jpg\t1 2\n",
        b"file,crack\n\nb.jpg,\na.jpg,1 2\n\n\n",
        b" file , crack \n b.jpg ,\na.jpg,1 2",
    ],
)
def test_however_a_sample_is_written_it_is_read(tmp_path: Path, text: bytes) -> None:
    given = sample(tmp_path, text)
    assert (given.columns, given.names) == (("file", "crack"), ("b.jpg", "a.jpg"))
    assert given.separator in text.decode()
    assert plan_rows(sources("a.jpg", "b.jpg"), given).separator == given.separator


def test_rows_that_are_missing_extra_or_twice_are_told(tmp_path: Path) -> None:
    given = sample(tmp_path, "file,crack\na.jpg,\nb.jpg,\nb.jpg,\nd.jpg,\nz.jpg,\n")
    rows = plan_rows(PHOTOS, given)
    assert list(rows.photos) == ["a.jpg", "b.jpg", "c.jpg.jpg", "d.jpg"]
    twice, foreign, missing = rows.notes
    assert "“b.jpg” more than once" in twice
    assert "“z.jpg”, but the folder has no such photo" in foreign
    assert "lacks “c.jpg.jpg”; the photo gets a row" in missing


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no header of two columns"),
        ("a\nb\n", "no header of two columns"),
        ("a,b,c\n1,2,3\n", "no header of two columns"),
        (b"\xff\xfef\0i\0", "no text in UTF-8"),
    ],
)
def test_what_is_no_sample_is_refused(tmp_path: Path, text, reason: str) -> None:
    with pytest.raises(SubmissionError, match=reason):
        sample(tmp_path, text)


def test_a_missing_sample_is_refused_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match="cannot be read") as refusal:
        read_sample(tmp_path / "gone.csv")
    assert str(tmp_path) not in str(refusal.value)


def test_a_sample_without_a_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sample.csv").write_text("a.jpg,1 2\nb.jpg,\n")
    sources = [Source(Path(name), name, name[0]) for name in ("a.jpg", "b.jpg")]
    with pytest.raises(SubmissionError, match=r"no header, for its first line names .*a[.]jpg"):
        plan_rows(sources, read_sample(tmp_path / "sample.csv"))


def test_a_sample_may_hold_long_masks(tmp_path: Path) -> None:
    (tmp_path / "sample.csv").write_text(f"file,crack\na.jpg,{'1 2 ' * 50_000}\n")
    assert read_sample(tmp_path / "sample.csv").names == ("a.jpg",)


def test_a_sample_of_other_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match=r"“z[.]png” and 1 more, but no photo"):
        plan_rows(PHOTOS, sample(tmp_path, "f,c\nx.png,\ny.png,\nz.png,\nw.png,\n"))


def test_photos_that_would_be_called_alike_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match="Several photos would be called “a”"):
        plan_rows(sources("a.jpg", "a.png"), sample(tmp_path, "f,c\na,\n"))


def test_long_cells_are_quoted_in_short(tmp_path: Path) -> None:
    long = 10_000_000 * "a"
    rows = plan_rows(PHOTOS, sample(tmp_path, f"f,c\n{long},\na.jpg,\n"))
    assert len(rows.notes[0]) < 250 and rows.notes[0].startswith("The sample names “aaa")
    with pytest.raises(SubmissionError, match="…”, but no photo of the folder") as refused:
        plan_rows(PHOTOS, sample(tmp_path, f"f,c\n{long},\n"))
    assert len(str(refused.value)) < 250
    named = sources(f"{'a' * 250}.jpg")
    with pytest.raises(SubmissionError, match="aaa…”: put a line"):
        plan_rows(named, sample(tmp_path, f"{named[0].file},\nb.jpg,\n"))
