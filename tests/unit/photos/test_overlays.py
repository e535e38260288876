import matplotlib
import numpy as np
import pytest
from skimage.measure import block_reduce

from crackdemo.photos.overlays import (
    CRACK_COLOUR,
    class_colour,
    classes_image,
    classes_overlay,
    contact_sheet,
    heat_rgb,
    mask_image,
    mask_overlay,
    preview,
)


def photo(height: int = 12, width: int = 16) -> np.ndarray:
    return np.random.default_rng(0).integers(60, 200, (height, width, 3), np.uint8)


def block(height: int = 12, width: int = 16) -> np.ndarray:
    mask = np.zeros((height, width), bool)
    mask[3:9, 4:11] = True
    return mask


def test_heat_colours_are_matplotlibs_inferno() -> None:
    heatmap = np.arange(0, 65536, 257, np.uint16)[None]
    expected = matplotlib.colormaps["inferno"](np.arange(256), bytes=True)[:, :3]
    assert np.abs(heat_rgb(heatmap)[0].astype(int) - expected).max() <= 1


def test_heat_colours_do_not_depend_on_the_rest_of_the_photo() -> None:
    calm = np.full((4, 4), 3000, np.uint16)
    cracked = calm.copy()
    cracked[0, 0] = 65535
    assert np.array_equal(heat_rgb(calm)[1:], heat_rgb(cracked)[1:])
    assert heat_rgb(calm).max() < 40


def test_an_overlay_without_opacity_is_the_photo() -> None:
    assert np.array_equal(mask_overlay(photo(), block(), 0), photo())


def test_an_overlay_touches_only_the_mask_and_not_the_callers_photo() -> None:
    original = photo()
    overlay = mask_overlay(original, block(), 0.3)
    assert np.array_equal(overlay[~block()], original[~block()])
    assert (overlay[block()] != original[block()]).any(1).all()
    assert np.array_equal(original, photo())


def test_opacity_mixes_the_photo_with_the_crack_colour() -> None:
    grey = np.full((12, 16, 3), 100, np.uint8)
    overlay = mask_overlay(grey, block(), 0.2)
    assert overlay[5, 7].tolist() == [131, 80, 102]
    assert overlay[3, 4].tolist() == [162, 60, 104]  # the outline, twice as strong
    assert (mask_overlay(grey, block(), 1)[block()] == CRACK_COLOUR).all()


def test_a_one_pixel_crack_is_solid_at_half_opacity() -> None:
    mask = np.zeros((12, 16), bool)
    mask[6] = True
    assert (mask_overlay(photo(), mask, 0.5)[6] == CRACK_COLOUR).all()


def test_an_overlay_of_another_size_or_opacity_is_refused() -> None:
    with pytest.raises(ValueError, match="mask"):
        mask_overlay(photo(), np.zeros((3, 3), bool))
    with pytest.raises(ValueError, match="opacity"):
        mask_overlay(photo(), block(), 1.5)


def test_a_mask_image_is_black_and_white() -> None:
    image = mask_image(block())
    assert image.dtype == np.uint8
    assert np.array_equal(image == 255, block()) and np.array_equal(image == 0, ~block())


def test_a_preview_averages_photos_and_heatmaps() -> None:
    small = preview(photo(), 4)
    assert small.shape == (3, 4, 3) and small.dtype == np.uint8
    expected = block_reduce(photo().astype(float), (4, 4, 1), np.mean)
    assert np.abs(small - expected).max() <= 0.5
    heatmap = np.random.default_rng(1).integers(0, 65536, (8, 8), np.uint16)
    assert np.abs(preview(heatmap, 2) - block_reduce(heatmap.astype(float), 4, np.mean)).max() <= 1


def test_a_preview_of_a_mask_keeps_a_single_pixel() -> None:
    mask = np.zeros((960, 1280), bool)
    mask[500, 701] = True
    small = preview(mask, 40)
    assert small.dtype == np.bool_
    assert np.array_equal(small, block_reduce(mask, 32, np.max))


@pytest.mark.parametrize("max_side", [7, 33, 64, 99])
def test_a_preview_of_a_mask_keeps_every_crack_at_any_scale(max_side: int) -> None:
    for row in range(0, 100, 3):
        mask = np.zeros((100, 100), bool)
        mask[row] = True
        assert preview(mask, max_side).any(0).all()


def test_a_preview_never_enlarges_and_keeps_at_least_one_pixel() -> None:
    assert preview(photo(), 100).shape == (12, 16, 3)
    assert preview(np.zeros((1, 500), bool), 50).shape == (1, 50)


def test_a_contact_sheet_shows_every_image_whole_and_in_order() -> None:
    colours = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (200, 200, 0)]
    images = [np.full((10, 20, 3), colour, np.uint8) for colour in colours]
    sheet = contact_sheet([images[:2], images[2:]], ["photo", "mask"])
    corners = [np.argwhere((sheet == colour).all(2)).min(0) for colour in colours]
    assert [np.count_nonzero((sheet == colour).all(2)) for colour in colours] == [200] * 4
    assert corners[0][0] == corners[1][0] < corners[2][0] == corners[3][0]
    assert corners[0][1] == corners[2][1] < corners[1][1] == corners[3][1]


def test_a_contact_sheet_writes_its_labels_above_the_columns() -> None:
    white = np.full((30, 80, 3), 255, np.uint8)
    sheet = contact_sheet([[white, white]], ["photo", "mask"])
    ink = np.argwhere(sheet.min(2) < 128)
    assert ink[:, 0].max() < sheet.shape[0] - 30
    assert (ink[:, 1] < 84).any() and (ink[:, 1] >= 84).any()


def test_a_contact_sheet_takes_images_of_different_sizes_but_no_ragged_rows() -> None:
    assert contact_sheet([[photo(5, 9), photo(12, 3)]], ["a", "b"]).shape[1] == 2 * (9 + 4)
    with pytest.raises(ValueError, match="2 images"):
        contact_sheet([[photo()]], ["a", "b"])


def test_each_class_has_its_colour() -> None:
    photo = np.full((4, 40, 3), 100, np.uint8)
    labels = np.repeat(np.array([[0, 1, 2, 9]], np.uint8), 10, axis=1).repeat(4, axis=0)
    overlay = classes_overlay(photo, labels, 1)
    shown = [tuple(overlay[1, column]) for column in (5, 15, 25, 35)]
    assert shown == [(100, 100, 100), CRACK_COLOUR, class_colour(2), CRACK_COLOUR]
    assert tuple(classes_image(labels)[0, 25]) == class_colour(2)
    assert len({class_colour(number) for number in range(1, 9)}) == 8
