"""Photos of any number to rows, on all workers of a cluster at once.

Workers read, inspect and hand back rows; this process alone writes them. So a photo that was handed
out twice, because its worker died, has one row.
"""

import os
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from crackdemo.arrays import RgbImage
from crackdemo.checkpoints.checkpoint import Checkpoint
from crackdemo.errors import PhotoError
from crackdemo.inspection.predict import Failed, inspect_photo
from crackdemo.masks.presets import Preset
from crackdemo.photos.exif import Taken, taken_of
from crackdemo.photos.images import decode_photo
from crackdemo.photos.sources import Source
from crackdemo.survey.cluster import Cluster
from crackdemo.survey.parts import KEY, Parts, key_of
from crackdemo.survey.rows import Row, row_of, table_of
from crackdemo.survey.sources import Photo
from crackdemo.survey.stores import read_bytes

_TRIES = 3
"""How often photos are handed out again when their worker has died, in a batch and then alone."""
_MOST_IN_BATCH = 32
"""Photos that a worker is handed at once, and does again if it dies."""
_BATCHES_EACH = 16
"""Or fewer, so that each worker has so many batches and none is left with the last one."""
_NUMBER, _SKIPPED = "number", "skipped"


def survey(
    photos: Sequence[Photo], checkpoint: Checkpoint, preset: Preset, cluster: Cluster, parts: Parts
) -> Iterator[Row | None]:
    """One row for each photo, in no order, as it was written; None for one that was done before.

    preset: names the weights. Raises SurveyError when nothing more can be written.
    """
    ray = cluster.ray
    settings = ray.put(checkpoint), preset, ray.put(parts.take_up())
    waiting = np.ones(len(photos), np.bool_)
    batch = max(1, min(_MOST_IN_BATCH, len(photos) // (_BATCHES_EACH * cluster.workers)))
    for size in (batch, 1):
        numbers = np.flatnonzero(waiting)
        if not len(numbers):
            return
        for number, row in _handed_out(photos, numbers, size, cluster, settings):
            if waiting[number]:
                waiting[number] = False
                if row is not None:
                    parts.add(row)
                yield row
    for number in np.flatnonzero(waiting).tolist():
        row = _given_up(photos[number])
        parts.add(row)
        yield row


def settings_of(checkpoint: Checkpoint, preset: Preset) -> dict[str, Any]:
    """All that decides what a row says; equal for equal weights wherever they lie."""
    digest = sha256(repr(checkpoint.config).encode())
    for name, tensor in sorted(checkpoint.network.state_dict().items()):
        digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return {"format": 1, "network": digest.hexdigest(), "preset": preset.identity()}


class Inspector:
    """What lives in a worker: a detector, and what is done already."""

    def __init__(
        self, checkpoint: Checkpoint, preset: Preset, done: NDArray[np.bytes_], threads: int
    ) -> None:
        torch.set_num_threads(threads)
        cv2.setNumThreads(threads - 1)
        self._detector = checkpoint.detector(only=preset.only)
        self._preset, self._done = preset, done

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Columns number, place and file to rows of SCHEMA, number, and whether it was skipped."""
        asked = batch.to_pylist()
        names = [(os.fsdecode(photo["place"]), photo["file"]) for photo in asked]
        rows = [self._row(file, data) for (_, file), data in _read_ahead(names)]
        return (
            table_of([row or {} for row in rows])
            .append_column(_NUMBER, pa.array([p[_NUMBER] for p in asked], pa.int64()))
            .append_column(_SKIPPED, pa.array([row is None for row in rows], pa.bool_()))
        )

    def _row(self, file: str, data: Callable[[], bytes]) -> Row | None:
        """None for a photo that was done."""
        source = Source(Path(file), file, "")
        name = source.path.name
        try:
            content = data()
        except PhotoError as error:
            return row_of(Failed(source, str(error)), self._preset, None, Taken())
        digest = sha256(content).hexdigest()
        if _is_in(key_of(file, digest), self._done):
            return None

        def read() -> tuple[RgbImage, str]:
            return decode_photo(content, name), digest

        outcome = inspect_photo(source, read, self._detector, self._preset, heal=False)
        return row_of(outcome, self._preset, digest, taken_of(content))


def _handed_out(
    photos: Sequence[Photo],
    numbers: NDArray[np.int64],
    size: int,
    cluster: Cluster,
    settings: tuple[Any, Preset, Any],
) -> Iterator[tuple[int, Row | None]]:
    """Number and row of each photo that a worker came to an end with, in no order."""
    ray = cluster.ray
    batches = [_batch(photos, numbers[at : at + size]) for at in range(0, len(numbers), size)]
    with warnings.catch_warnings():
        # that how often workers are started again will have another name one day
        warnings.simplefilter("ignore")
        rows = ray.data.from_arrow(batches).map_batches(
            _remote(ray, *settings),
            batch_size=size,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=min(cluster.workers, len(batches))),
            num_cpus=0 if cluster.gpus else 1,
            num_gpus=cluster.gpus or None,
            ray_remote_args_fn=lambda: {"max_restarts": -1, "max_task_retries": _TRIES - 1},
        )
    for table in rows.iter_batches(batch_format="pyarrow", batch_size=None):
        for row in table.to_pylist():
            number, is_skipped = row.pop(_NUMBER), row.pop(_SKIPPED)
            yield number, None if is_skipped else row


def _remote(ray: Any, checkpoint: Any, preset: Preset, done: Any) -> type:
    """An Inspector that fetches, once, what is too large to be handed over with each call."""

    class Worker(Inspector):
        def __init__(self) -> None:
            super().__init__(ray.get(checkpoint), preset, ray.get(done), threads=1)

    return Worker


def _batch(photos: Sequence[Photo], numbers: Iterable[int]) -> pa.Table:
    chosen = [(int(number), photos[number]) for number in numbers]
    return pa.table(
        {
            _NUMBER: pa.array([number for number, _ in chosen], pa.int64()),
            "place": pa.array([os.fsencode(photo.place) for _, photo in chosen], pa.binary()),
            "file": [photo.file for _, photo in chosen],
        }
    )


def _read_ahead(
    names: list[tuple[str, str]],
) -> Iterator[tuple[tuple[str, str], Callable[[], bytes]]]:
    """Each photo's place and file, and what gives its content; the next one is read meanwhile."""
    with ThreadPoolExecutor(1) as reader:
        coming: deque[Future[bytes]] = deque()
        for at, both in enumerate(names):
            for place, file in names[at + len(coming) : at + 2]:
                coming.append(reader.submit(read_bytes, place, Path(file).name))
            yield both, coming.popleft().result


def _is_in(key: bytes, keys: NDArray[np.bytes_]) -> bool:
    sought = np.array(key, KEY)
    at = int(np.searchsorted(keys, sought))
    return at < len(keys) and bool(keys[at] == sought)


def _given_up(photo: Photo) -> Row:
    name = Path(photo.file).name
    reason = (
        f"{name} was given up, for each worker that tried it died, most likely for lack of memory; "
        "save it with fewer pixels or give fewer --workers."
    )
    return {"file": photo.file, "reason": reason}
