"""Decoding in a process of its own, for formats whose readers a hostile file may crash or hang.

HEIC, AVIF and TIFF are read by large C libraries. What kills or holds them here costs one photo,
and not the program that asked. Run as a module, this is that process: requests come and answers go
through its pipes, each a pickle-free header line and bytes.
"""

import atexit
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from crackdemo.arrays import RgbImage
from crackdemo.errors import PhotoError

SECONDS = 60.0
"""That one photo may take; 200 megapixels take 20."""
MEMORY_BYTES = 6 * 2**30
"""Of addresses that the process may use; a photo of 200 megapixels takes 3 GB."""
_ROOT = Path(__file__).parents[2]

_COMMAND = (sys.executable, "-m", "crackdemo.photos.apart")


class Reader:
    """A process that decodes, started when it is first needed. Threads share it one by one."""

    def __init__(self, command: Sequence[str] = _COMMAND, seconds: float = SECONDS) -> None:
        self._command, self._seconds = command, seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        atexit.register(self.close)

    def read(self, path: Path, most_megapixels: int) -> RgbImage:
        """As `images.read_photo`. Raises PhotoError, also where the process dies of it."""
        with self._lock:
            process = self._started()
            hung = threading.Event()

            def end() -> None:
                hung.set()
                process.kill()

            timer = threading.Timer(self._seconds, end)
            timer.start()
            try:
                return _ask(process, path, most_megapixels)
            except PhotoError:
                raise
            except (OSError, EOFError, ValueError):
                self._stop()
                why = "took too long to decode" if hung.is_set() else "broke its decoder"
                raise PhotoError(
                    f"{path.name} {why}: it is damaged or made to do harm; save it as JPEG or PNG."
                ) from None
            finally:
                timer.cancel()

    def close(self) -> None:
        """Ends the process; the next photo starts another."""
        with self._lock:
            self._stop()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=_ROOT,
            )
        return self._process

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process = None


def _ask(process: subprocess.Popen[bytes], path: Path, most_megapixels: int) -> RgbImage:
    assert process.stdin is not None and process.stdout is not None
    ask = {"path": str(path.absolute()), "most_megapixels": most_megapixels}
    process.stdin.write(json.dumps(ask).encode() + b"\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise EOFError
    answer = json.loads(line)
    if "refusal" in answer:
        raise PhotoError(answer["refusal"])
    height, width = answer["size"]
    photo = np.empty((height, width, 3), np.uint8)
    _fill(process.stdout, photo)
    return photo


def _fill(pipe: IO[bytes], photo: RgbImage) -> None:
    left = photo.data.cast("B")
    while left:
        read = pipe.readinto(left)  # type: ignore[attr-defined]  # of a buffered reader
        if not read:
            raise EOFError
        left = left[read:]


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answers until there are no more requests."""
    from crackdemo.photos.images import read_here

    for line in requests:
        ask = json.loads(line)
        try:
            photo = read_here(Path(ask["path"]), ask["most_megapixels"])
        except PhotoError as refusal:
            answers.write(json.dumps({"refusal": str(refusal)}).encode() + b"\n")
        else:
            answers.write(json.dumps({"size": photo.shape[:2]}).encode() + b"\n")
            answers.write(photo.data.cast("B"))
        answers.flush()


def _limit_memory() -> None:
    """Not on Windows, which has no such limit for a process to set itself."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


if __name__ == "__main__":
    _limit_memory()
    serve(sys.stdin.buffer, sys.stdout.buffer)
