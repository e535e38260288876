"""The repository to a Space of the Hugging Face Hub, created or brought up to date in one commit.

    python deploy/space.py owner/name [--private]

What is committed here is sent, without the tests; what the Space has besides is removed. The token
is the one of `hf auth login`, or of HF_TOKEN.
"""

import argparse
import io
import subprocess
import sys
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

from crackdemo.checkpoints.hub import hub_explained, parse_hub_id
from crackdemo.errors import CrackdemoError, HubError

ROOT = Path(__file__).parents[1]
LEFT_OUT = ("tests", ".ci")
"""What only those need who change the code."""
KEPT = ".gitattributes"
"""The Hub's own, which says what is kept as LFS."""
STORAGE = "/data"
"""Where the app looks for storage that stays."""


def committed(repository: Path) -> tuple[str, dict[str, bytes]]:
    """The last commit, 40 hexadecimal digits, and its files by path. Raises HubError."""
    left_out = [f":(exclude){folder}" for folder in LEFT_OUT]
    try:
        commit = _git(repository, "rev-parse", "HEAD").decode().strip()
        archive = _git(repository, "archive", "--format=tar", commit, "--", ".", *left_out)
    except (OSError, subprocess.CalledProcessError) as error:
        raise HubError("Nothing is committed here: run this in a clone with git.") from error
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        files = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
        return commit, {name: file.read() for name, file in files.items() if file is not None}


def send(api: HfApi, repo_id: str, commit: str, files: dict[str, bytes], private: bool) -> str:
    """Creates the Space where there is none, and makes it hold exactly these files; gives its
    address. private: whether a new one is. Raises HubError."""
    if parse_hub_id(repo_id)[1]:
        raise HubError(f"{repo_id!r} names a revision: a Space takes owner/name alone.")
    with hub_explained(f"{repo_id} could not be sent"):
        address = api.create_repo(
            repo_id, repo_type="space", space_sdk="gradio", private=private, exist_ok=True
        )
        there = {file.rfilename for file in api.space_info(repo_id).siblings or []}
        gone = there - files.keys() - {KEPT}
        api.create_commit(
            repo_id,
            [CommitOperationDelete(name) for name in sorted(gone)]
            + [CommitOperationAdd(name, data) for name, data in files.items()],
            repo_type="space",
            commit_message=f"crackdemo at {commit[:12]}",
        )
    return str(address)


def told_of_storage(api: HfApi, repo_id: str) -> str:
    """Whether fits stay when the Space starts anew. Raises HubError."""
    with hub_explained(f"{repo_id} was sent, but its storage is not known"):
        runtime = api.get_space_runtime(repo_id)
    paths = [volume.mount_path for volume in runtime.volumes or [] if not volume.read_only]
    if runtime.storage is not None or STORAGE in paths:
        return f"Fits are kept in its storage at {STORAGE}."
    return (
        f"It has no storage: fits are lost when it starts anew. Mount a bucket at {STORAGE} in its "
        "settings to keep them."
    )


def main(argv: Sequence[str], api: HfApi, say: Callable[[str], object] = print) -> int:
    """0: sent; 2: not. Raises SystemExit, as argparse does."""
    parser = argparse.ArgumentParser(prog="python deploy/space.py", description=__doc__)
    parser.add_argument("repo_id", metavar="owner/name", help="of the Space")
    parser.add_argument("--private", action="store_true", help="a new Space is its owner's alone")
    args = parser.parse_args(argv)
    try:
        commit, files = committed(ROOT)
        if changed := _git(ROOT, "status", "--porcelain", "--untracked-files=no"):
            say(f"Not sent, for it is not committed:\n{changed.decode().rstrip()}")
        size = sum(map(len, files.values())) / 1e6
        say(f"Sending {len(files)} files, {size:.1f} MB, of commit {commit[:12]}")
        say(send(api, args.repo_id, commit, files, args.private))
        say(told_of_storage(api, args.repo_id))
    except CrackdemoError as refusal:
        print(refusal, file=sys.stderr)
        return 2
    return 0


def _git(repository: Path, *words: str) -> bytes:
    return subprocess.run(
        ["git", "-C", str(repository), *words], check=True, capture_output=True
    ).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], HfApi()))
