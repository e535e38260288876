"""A segmenter's fit, from photos and masks to a checkpoint that loads and detects."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import SHIPPED
from crackdemo.configs import help_of, parse_config
from crackdemo.data.splits import split_of
from crackdemo.detection.heatmaps import HeatmapConfig
from crackdemo.errors import ConfigError, DatasetError, FitError
from crackdemo.models.segmenter import SegmenterConfig
from crackdemo.runs.folder import RunConfig, RunFolder
from crackdemo.training.segmentation.check import look
from crackdemo.training.segmentation.config import PhotoAugmentConfig, SegmentConfig
from crackdemo.training.segmentation.data import learnt_from, read_pairs
from crackdemo.training.segmentation.judging import Judge
from crackdemo.training.segmentation.recipe import _CHOSE, _worth, run_fit, telling_apart
from crackdemo.training.segmentation.start import averaged_with_start, new_state, started
from crackdemo.training.trainer import fit_config

TINY = SegmentConfig(
    network=SegmenterConfig((4, 8), latent=8),
    tile_size=32,
    batch_size=4,
    steps_per_epoch=2,
    epochs=2,
    bfloat16=False,
)
CPU = torch.device("cpu")


def write(folder: Path, stem: str, photo: np.ndarray, mask: np.ndarray) -> None:
    for part, picture in (("images", photo), ("masks", mask)):
        (folder / part).mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / part / f"{stem}.png")


def cracked(seed: int, side: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """A gray ground with a dark line, and its mask."""
    rng = np.random.default_rng(seed)
    photo = rng.normal(150, 8, (side, side, 3)).clip(0, 255).astype(np.uint8)
    mask = np.zeros((side, side), np.uint8)
    row = int(rng.integers(8, side - 8))
    mask[row : row + 3] = 255
    photo[mask > 0] = 40
    return photo, mask


@pytest.fixture
def road(tmp_path: Path) -> Path:
    for number in range(4):
        write(tmp_path / "road", str(number), *cracked(number))
    return tmp_path / "road"


def fit_all(run: RunFolder, config: SegmentConfig, road: Path) -> int:
    if not run.exists:
        run.create(RunConfig(asdict(config), [str(road)]))
    return sum(1 for _ in run_fit(run, config, [road], 1, say=lambda said: None))


def test_photos_and_masks_become_a_checkpoint(road: Path, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    assert fit_all(run, TINY, road) == 2
    checkpoint = load_checkpoint(run.checkpoint)
    found = checkpoint.detector(CPU).detect(cracked(9)[0])
    assert found.reconstruction is None and found.heatmap.shape == (64, 64)
    assert run.status().state == "done"
    assert "none is left to judge it by" in run.status().message
    assert [report.metric for report in run.metrics()] == ["pixel_ods"] * 2
    assert run.sample(1).exists() and run.sample(2).exists()
    assert "supervised" in (run.checkpoint / "README.md").read_text()
    assert fit_config(run) == TINY


NAMES = {"0": "background", "1": "crack", "2": "marking", "9": "background"}


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """Photos with a dark line and a bright band, and masks that tell them apart."""
    for number in range(16):
        photo, mask = cracked(number)
        labels = (mask > 0).astype(np.uint8)
        labels[:, 20 + number : 32 + number] = 2
        photo[labels == 2] = 240
        labels[0, 0] = 9
        write(tmp_path / "avenue", f"{number:02}", photo, labels)
    (tmp_path / "avenue" / "classes.json").write_text(json.dumps(NAMES))
    return tmp_path / "avenue"


def test_several_classes_are_learnt_and_tested(street: Path, tmp_path: Path) -> None:
    plain = PhotoAugmentConfig(scale=(1, 1), blur=0)
    config = replace(
        TINY,
        steps_per_epoch=25,
        epochs=4,
        learning_rate=2e-2,
        augment=plain,
        focal_weight=1,
        class_weights="inverse log",
        schedule="cosine",
    )
    run = RunFolder(tmp_path / "run")
    fit_all(run, config, street)
    checkpoint = load_checkpoint(run.checkpoint)
    assert checkpoint.config.network.classes == ("crack", "marking")
    assert [report.metric for report in run.metrics()] == ["mean_iou"] * 4
    metrics = checkpoint.config.metrics
    assert metrics["test mean_iou"] > 0.7
    assert metrics["test confusion"]["marking"]["marking"] > 0.9
    assert set(checkpoint.config.training["class_shares"]) == {"crack", "marking"}
    assert "validation iou of marking" in (run.checkpoint / "README.md").read_text()


def without_marking(mask: Path) -> None:
    labels = np.array(Image.open(mask))
    Image.fromarray(np.where(labels == 2, 0, labels).astype(np.uint8)).save(mask)


def test_a_class_that_nothing_chooses_by_is_said(street: Path, tmp_path: Path) -> None:
    for number, file in enumerate(sorted((street / "masks").iterdir())):
        split = "validation" if number < 3 else "train"
        if split == "validation":
            without_marking(file)
        for part in ("images", "masks"):
            (tmp_path / "city" / split / part).mkdir(parents=True, exist_ok=True)
            shutil.copy(street / part / file.name, tmp_path / "city" / split / part)
    shutil.copy(street / "classes.json", tmp_path / "city")
    data = read_pairs([tmp_path / "city"])
    assert (len(data.train[0]), len(data.validation)) == (13, 3)  # as the person has it
    [told] = data.warnings
    assert told.startswith("No validation photo shows “marking”, so that epoch and threshold")
    assert look(tmp_path / "city").warnings == (told,)
    run = RunFolder(tmp_path / "run")
    fit_all(run, replace(TINY, epochs=1), tmp_path / "city")
    assert told in run.status().message


def test_each_class_chooses_where_a_person_has_split_nothing(tmp_path: Path) -> None:
    names = ("crack", "joint", "stain", "pothole", "marking")
    for number in range(40):
        photo, mask = cracked(number)
        write(tmp_path / "city", f"{number:02}", photo, (mask > 0) * np.uint8(1 + number % 5))
    key = {str(value): name for value, name in enumerate(names, 1)}
    (tmp_path / "city" / "classes.json").write_text(json.dumps(key))
    data = read_pairs([tmp_path / "city"])
    assert {int(pair.labels.max()) for pair in data.validation} == {1, 2, 3, 4, 5}
    assert {int(pair.labels.max()) for pair in data.train[0]} == {1, 2, 3, 4, 5}
    assert data.tests and not any("No validation photo" in told for told in data.warnings)
    learnt = {path.stem for path in learnt_from([tmp_path / "city"])}
    assert learnt == {pair.name.removeprefix("city/") for pair in data.train[0]}


def test_a_class_that_is_nowhere_to_be_learnt_is_refused(street: Path) -> None:
    (street / "classes.json").write_text(json.dumps({**NAMES, "3": "pothole"}))
    with pytest.raises(DatasetError, match="marks “pothole”: give photos"):
        read_pairs([street])


def test_a_check_says_which_class_is_nowhere_to_be_learnt(street: Path) -> None:
    for mask in (street / "masks").iterdir():
        if split_of(f"{street.name}/{mask.stem}") == "train":
            without_marking(mask)
    found = look(street)
    assert "to learn from marks “marking”" in found.warnings[0] and not found.is_enough
    with pytest.raises(DatasetError) as refused:
        read_pairs([street])
    assert found.warnings == (str(refused.value),)


def test_one_named_class_is_learnt_as_cracks_are(street: Path, tmp_path: Path) -> None:
    (street / "classes.json").write_text(json.dumps({**NAMES, "1": "background"}))
    run = RunFolder(tmp_path / "run")
    fit_all(run, TINY, street)
    assert load_checkpoint(run.checkpoint).config.network.classes == ("marking",)
    assert run.metrics()[0].metric == "pixel_ods"
    assert "Its validation pixel ODS (F1 at" in run.status().message
    assert "On the photos kept aside for tests its pixel F1 is 0." in run.status().message


@pytest.mark.parametrize(("value", "little"), [(0.29, True), (0.3, False)])
def test_a_fit_that_tells_little_apart_says_so(value: float, little: bool) -> None:
    metrics = {"validation_loss": 1.0, f"validation mean_iou{_CHOSE}": value}
    said = _worth(metrics)
    assert said.startswith(f"Its validation mean IoU is {value:.2f}")
    assert ("give it more time" in said) == little
    stopped = _worth(metrics, has_stopped=True)
    assert ("give it more photos" in stopped) == little and "more time" not in stopped


def test_a_loss_of_nothing_is_refused() -> None:
    weights = {"entropy_weight": 0, "focal_weight": 0, "dice_weight": 0}
    with pytest.raises(ConfigError, match="All weights of the loss are 0"):
        parse_config(SegmentConfig, weights)


def test_classes_that_are_never_found_are_named() -> None:
    metrics = {
        f"validation mean_iou{_CHOSE}": 0.4,
        "validation iou of crack": 0.8,
        "validation iou of patch": 0.0,
        "validation iou of stain": None,
    }
    assert _worth(metrics).endswith("is 0.40. It does not find “patch” at all.")


def test_what_the_masks_tell_apart_stands_in_the_settings_of_the_run(
    street: Path, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "run")
    fit_all(run, TINY, street)
    told_apart = load_checkpoint(run.checkpoint).config.network.classes
    assert len(told_apart) > 1
    assert tuple(run.config().fit["network"]["classes"]) == told_apart


def test_photos_without_a_mask_are_told(road: Path) -> None:
    assert read_pairs([road]).warnings == look(road).warnings == ()
    Image.fromarray(cracked(7)[0]).save(road / "images" / "lonely.png")
    told = "“lonely.png” has no mask of its stem in masks/: it is left out."
    assert read_pairs([road]).warnings == look(road).warnings == (told,)
    for number in range(8, 11):
        Image.fromarray(cracked(number)[0]).save(road / "images" / f"n{number}.png")
    told = "4 photos have no mask of their stem in masks/, “lonely.png” first: left out."
    assert read_pairs([road]).warnings == look(road).warnings == (told,)


def test_folders_of_plain_masks_and_of_classes_go_together(street: Path, road: Path) -> None:
    data = read_pairs([road, street])
    assert data.classes == ("crack", "marking")
    assert {int(pair.labels.max()) for pair in data.train[0]} == {1}
    (street / "classes.json").write_text(json.dumps({**NAMES, "2": "background", "1": "joint"}))
    assert read_pairs([street, road]).classes == ("joint", "crack")
    assert {int(pair.labels.max()) for pair in read_pairs([street, road]).train[1]} == {2}


def test_settings_that_name_other_classes_are_refused(street: Path) -> None:
    config = replace(TINY, network=SegmenterConfig((4, 8), classes=("crack", "joint")))
    with pytest.raises(DatasetError, match="the masks hold crack, marking"):
        telling_apart(config, read_pairs([street]).classes)


def test_a_check_shows_each_class(street: Path) -> None:
    found = look(street)
    assert "2 classes" in found.said and "| marking | 1" in found.said
    assert found.sheet is not None and found.sheet.shape[0] > 2 * 128
    (street / "classes.json").write_text(json.dumps({"1": "crack"}))
    told = " ".join(look(street).problems)
    assert "The mask of “00.png” holds the value 2, which classes.json does not name" in told
    (street / "classes.json").write_text("crack")
    assert "no JSON" in look(street).warnings[0] and not look(street).is_enough


def test_a_line_is_learnt(road: Path, tmp_path: Path) -> None:
    plain = PhotoAugmentConfig(scale=(1, 1), blur=0)
    config = replace(TINY, steps_per_epoch=25, epochs=4, learning_rate=2e-2, augment=plain)
    run = RunFolder(tmp_path / "run")
    fit_all(run, config, road)
    photo, mask = cracked(11)
    found = load_checkpoint(run.checkpoint).detector(CPU).detect(photo)
    marked = found.heatmap >= 32768
    assert 2 * (marked & (mask > 0)).sum() / (marked.sum() + (mask > 0).sum()) > 0.8


def test_a_resumed_fit_equals_an_uninterrupted_one(road: Path, tmp_path: Path) -> None:
    whole, parted = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "parted")
    fit_all(whole, TINY, road)
    parted.create(RunConfig(asdict(TINY), [str(road)]))
    list(islice(run_fit(parted, TINY, [road], 1, say=lambda said: None), 1))
    fit_all(parted, TINY, road)
    weights = [load_checkpoint(run.checkpoint).network.state_dict() for run in (whole, parted)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert [r.value for r in whole.metrics()] == [r.value for r in parted.metrics()]


def test_of_epochs_that_come_to_the_same_that_of_the_lowest_loss_is_kept(
    road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, losses = Judge.__call__, iter((0.9, 0.4, 0.6))
    monkeypatch.setattr(
        Judge,
        "__call__",
        lambda *given: judge(*given)._replace(value=0.5, loss=next(losses, 0.9)),
    )
    run = RunFolder(tmp_path / "run")
    fit_all(run, replace(TINY, epochs=3), road)
    assert [report.best for report in run.metrics()] == [True, True, False]


def test_it_begins_by_saying_what_the_heatmap_says() -> None:
    config = started(replace(TINY, start="cae-asphalt"))
    network = new_state(config, CPU).network.eval()
    assert network.inputs == 4 and network.healer is not None
    image = torch.rand(1, 4, 32, 32)
    said = network.answer(image).detach()
    assert torch.allclose(said, image[:, 3:].clamp(1e-3, 1 - 1e-3), atol=1e-4)


def test_it_is_told_what_is_faint_or_alone_too() -> None:
    """And finds out by itself what that is worth."""
    shipped = load_checkpoint(SHIPPED / "cae-asphalt").config.heatmap
    assert isinstance(shipped, HeatmapConfig) and shipped.faint is not None
    evidence = started(replace(TINY, start="cae-asphalt")).heatmap.evidence
    assert evidence is not None and evidence.heatmap == replace(shipped, faint=None, lone=None)


def test_the_result_may_hold_some_of_what_it_began_with() -> None:
    config = started(replace(TINY, start="cae-asphalt"))
    network = new_state(config, CPU).network.eval()
    torch.nn.init.normal_(network.last.weight)
    torch.nn.init.constant_(network.trust, 3.0)
    image = torch.rand(1, 4, 32, 32)
    learnt = dict(network.state_dict())
    logits = []
    for share, photos in ((0.0, 1), (None, 30), (1.0, 1)):
        kept = averaged_with_start(replace(config, start_share=share), learnt, photos)
        network.load_state_dict(kept)
        logits.append(network(image).detach())
    assert torch.allclose(logits[1], torch.lerp(logits[0], logits[2], 0.25), atol=1e-4)
    assert torch.allclose(torch.sigmoid(logits[2]), image[:, 3:].clamp(1e-3, 1 - 1e-3), atol=1e-4)
    plain = new_state(TINY, CPU).network.state_dict()
    assert averaged_with_start(replace(TINY, start_share=0.5), plain, 1) is plain


def test_a_fit_keeps_its_share_of_the_start(road: Path, tmp_path: Path) -> None:
    config = started(replace(TINY, start="cae-asphalt", start_share=1.0, epochs=1))
    run = RunFolder(tmp_path / "run")
    fit_all(run, config, road)
    network = load_checkpoint(run.checkpoint).network
    assert network.trust.item() == 1 and not network.last.weight.any()
    said = re.search(r"is (0\.\d\d)\D.* cae-asphalt alone has (0\.\d\d),", run.status().message)
    assert said is not None and said[1] == said[2]  # which it wholly is
    assert "nothing was gained" in run.status().message


def test_it_says_which_weights_its_figure_is_of(road: Path, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    fit_all(run, started(replace(TINY, start="cae-asphalt", epochs=1)), road)
    told = run.status().message
    assert "are those of the best epoch, averaged with cae-asphalt: so they forget less" in told
    assert "Their validation pixel ODS" in told and "cae-asphalt alone has" in told
    assert run.alarms() == []  # nobody has dropped any
    plain = RunFolder(tmp_path / "plain")
    fit_all(plain, replace(TINY, epochs=1), road)
    assert "averaged" not in plain.status().message


def test_marks_that_were_corrected_are_not_held_against_those_who_made_them(
    road: Path, tmp_path: Path
) -> None:
    for file in (*(road / "images").iterdir(), *(road / "masks").iterdir()):
        file.rename(file.with_name(f"{file.stem}.corrected.png"))
    run = RunFolder(tmp_path / "run")
    fit_all(run, started(replace(TINY, start="cae-asphalt", epochs=1)), road)
    told = run.status().message
    assert "alone has" not in told and "nothing was gained" not in told
    assert "what had been marked, less what was dropped" in told
    assert [each.weights for each in run.alarms()] == ["run", "cae-asphalt"]


def test_it_goes_on_with_a_segmenter(road: Path, tmp_path: Path) -> None:
    first = RunFolder(tmp_path / "first")
    config = started(replace(TINY, start="cae-asphalt", epochs=1))
    fit_all(first, config, road)
    knew = load_checkpoint(first.checkpoint)
    again = started(replace(TINY, start="first", epochs=1), first.checkpoint)
    assert (again.network, again.heatmap) == (knew.config.network, knew.config.heatmap)
    other = replace(TINY, start="first", start_with="both", epochs=1)
    assert replace(started(other, first.checkpoint), start_with="heatmap") == again
    assert "nothing where it starts from a segmenter" in help_of(SegmentConfig)["start_with"]
    began = new_state(again, CPU, first.checkpoint).network.state_dict()
    assert all(torch.equal(value, began[n]) for n, value in knew.network.state_dict().items())
    learnt = {name: torch.full_like(value, 2) for name, value in began.items()}
    half = averaged_with_start(replace(again, start_share=0.5), learnt, 1, first.checkpoint)
    assert torch.allclose(half["last.bias"], 1 + began["last.bias"] / 2)


@pytest.mark.parametrize("weights", ["cae-asphalt", "vae-asphalt"])
def test_it_begins_with_an_encoder(weights: str) -> None:
    config = started(replace(TINY, start=weights, start_with="encoder"))
    network = new_state(config, CPU).network.eval()
    assert network.inputs == 1
    known = load_checkpoint(Path("checkpoints") / weights).network.state_dict()
    own = network.state_dict()
    same = [name for name in known if name.startswith("encoder.")]
    assert same and all(torch.equal(known[name], own[name]) for name in same)
    assert network.answer(torch.rand(1, 1, 32, 48)).shape == (1, 1, 32, 48)


def test_what_cannot_be_started_from_is_refused() -> None:
    with pytest.raises(FitError, match="only a CAE can give"):
        started(replace(TINY, start="vae-asphalt"))
    with pytest.raises(FitError, match="no weights"):
        started(replace(TINY, start="nobody"))
    with pytest.raises(ConfigError, match="does not learn from masks"):
        parse_config(SegmentConfig, {"family": "vae"})


def test_the_healer_is_not_taught(road: Path, tmp_path: Path) -> None:
    config = started(replace(TINY, start="cae-asphalt", epochs=1))
    run = RunFolder(tmp_path / "run")
    fit_all(run, config, road)
    checkpoint = load_checkpoint(run.checkpoint)
    known = load_checkpoint(Path("checkpoints/cae-asphalt")).network.state_dict()
    own = checkpoint.network.state_dict()
    assert all(torch.equal(value, own[f"healer.{name}"]) for name, value in known.items())
    assert checkpoint.detector(CPU).detect(cracked(9)[0]).heatmap.shape == (64, 64)


def two_photos(road: Path) -> None:
    for stem in "23":
        (road / "images" / f"{stem}.png").unlink()


def no_crack(road: Path) -> None:
    for mask in (road / "masks").iterdir():
        Image.fromarray(np.zeros((64, 64), np.uint8)).save(mask)


def all_crack(road: Path) -> None:
    for mask in (road / "masks").iterdir():
        Image.fromarray(np.full((64, 64), 255, np.uint8)).save(mask)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (two_photos, "needs 3 in all"),
        (no_crack, "marks a crack"),
        (all_crack, "marks the whole photo.*: invert"),
    ],
)
def test_too_little_is_refused(
    road: Path, tmp_path: Path, spoil: Callable[[Path], None], reason: str
) -> None:
    spoil(road)
    run = RunFolder(tmp_path / "run")
    with pytest.raises(DatasetError, match=reason):
        fit_all(run, TINY, road)
    assert run.status().state == "failed" and not run.checkpoint.exists()
    seen = look(road)  # the check says what the fit does
    assert not seen.is_enough and re.search(reason, seen.warnings[0])


def test_a_mask_of_another_size_is_left_out(road: Path) -> None:
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(road / "masks" / "1.png")
    data = read_pairs([road])
    assert ["differ in size" in problem for problem in data.problems] == [True]


@pytest.mark.parametrize(("depth", "levels"), [(np.uint8, 250), (np.uint16, 300)])
def test_a_mask_of_hundreds_of_gray_levels_is_none(road: Path, depth: type, levels: int) -> None:
    scale = np.iinfo(depth).max // levels
    areas = np.random.default_rng(0).integers(0, levels, (8, 8)) * scale
    mask: np.ndarray = np.kron(areas, np.ones((8, 8))).astype(depth)
    write(road, "1", cracked(1)[0], mask)
    data = read_pairs([road])
    [problem] = data.problems
    assert problem.startswith("The mask of “1.png” holds gray levels in")


def test_of_many_photos_some_are_kept_aside(tmp_path: Path) -> None:
    for number in range(24):
        write(tmp_path / "road", str(number), *cracked(number))
    data = read_pairs([tmp_path / "road"])
    assert len(data.tests) + len(data.train[0]) + len(data.validation) == 24
    assert data.tests and "kept aside" in data.what_chose


def test_a_check_says_what_is_odd(road: Path) -> None:
    photo, _ = cracked(0)
    write(road, "copy", photo, np.zeros((64, 64), np.uint8))
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(road / "masks" / "stray.png")
    found = look(road)
    assert "photos with a mask" in found.said and found.sheet is not None
    told = " ".join(found.problems)
    assert "the same photo" in told and "belong to no photo" in told
    assert "the same photo" in read_pairs([road]).problems[0]


def test_a_photo_that_looks_like_one_to_learn_from_is_told(tmp_path: Path) -> None:
    for number in range(15):
        split = ("train", "train", "validation", "test", "train")[number % 5]
        write(tmp_path / split, str(number), *cracked(number, side=32))
    copied = tmp_path / "test" / "images" / "3.png"
    image = Image.open(tmp_path / "train" / "images" / "0.png")
    copied.unlink()
    image.save(copied.with_suffix(".jpg"), quality=90)
    (told,) = read_pairs([tmp_path]).warnings
    assert told.startswith("“3.jpg”, in test, looks like “0.png”, in train: figures")
    assert look(tmp_path).warnings == (told,)


def test_settings_are_json(road: Path) -> None:
    config = started(replace(TINY, start="cae-asphalt"))
    assert json.loads(json.dumps(asdict(config)))["network"]["healer"]["skips"] is True
