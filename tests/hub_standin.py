"""A local stand-in for the Hugging Face Hub, for the real huggingface_hub client to talk to.

    with HubStandIn() as hub:
        hub.add_repo("owner/good", {"model.safetensors": b"...", "config.json": b"{}"})
        fetch("owner/good", cache, endpoint=hub.endpoint)

It answers the requests that fetching and publishing a model, and sending a Space, make, with the
status codes, headers and `X-Error-Code`s of the Hub. A Space is a repo whose name begins with
`spaces/`. Weights are LFS files, served from a second host name as the Hub's
CDN does, so that the client drops the token on the way.
"""

import base64
import hashlib
import json
import re
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import unquote, urlsplit

Fault = int | str
"""What goes wrong with a request: a status code, or one of

    "cut"       the connection breaks half way through the body, once
    "truncate"  a download announces all its bytes and ends after half of them
    "shorten"   a download is half the file and announces just that half
    "hang"      there is no answer
    "portal"    a hotel's log-in page answers instead of the Hub
"""

REPO = r"(?P<repo_id>(spaces/)?[^/]+/[^/]+?)"


@dataclass(frozen=True)
class Seen:
    """One request that reached the server."""

    method: str
    host: str
    path: str
    authorization: str | None


@dataclass
class Repo:
    """A model repo or a Space: its commits, what its branches and tags point to, and who may see
    it."""

    private: bool = False
    gated: bool = False
    xet: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    """Of the commits that were sent."""
    volumes: list[dict[str, object]] = field(default_factory=list)
    """What is mounted in a Space."""
    announced: dict[str, int | None] = field(default_factory=dict)
    """Sizes of LFS files as the Hub tells them, where that is not the truth; None: not at all."""

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        """Adds a commit that holds exactly `files` and moves `branch` to it."""
        names = "".join(f"{name}{sha256(data)}" for name, data in sorted(files.items()))
        sha = hashlib.sha1(f"{len(self.commits)}{names}".encode()).hexdigest()
        self.commits[sha] = dict(files)
        self.refs[branch] = sha
        return sha

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[self.refs["main"]]


class HubStandIn:
    """The server; a context manager. `faults` maps the beginning of "METHOD /path" to a Fault."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.blobs: dict[str, bytes] = {}
        self.faults: dict[str, Fault] = {}
        self.requests: list[Seen] = []
        self.on_request: Callable[[Seen], object] | None = None
        self.released = threading.Event()
        self._owners: dict[str, set[str]] = {}
        self._port = 0

    def __enter__(self) -> Self:
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self.go_down()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def cdn(self) -> str:
        return f"http://localhost:{self._port}"

    def come_back(self) -> None:
        """Listens, on the same port as before."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), _Handler)
        self._server.hub = self  # type: ignore[attr-defined]
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def go_down(self) -> None:
        """From here on connections are refused."""
        self._server.shutdown()
        self._server.server_close()

    def add_repo(
        self,
        repo_id: str,
        files: dict[str, bytes],
        private: bool = False,
        gated: bool = False,
        xet: bool = False,
    ) -> Repo:
        """Adds a repo with one commit on `main`."""
        self.repos[repo_id] = Repo(private, gated, xet)
        self.repos[repo_id].commit(files)
        return self.repos[repo_id]

    def add_token(self, token: str, owners: Iterable[str] = ()) -> str:
        """Makes a token known that may read and write the repos of these owners."""
        self._owners[token] = set(owners)
        return token

    def knows(self, token: str) -> bool:
        return token in self._owners

    def owns(self, token: str | None, owner: str) -> bool:
        return owner in self._owners.get(token or "", set())

    def see(self, request: Seen) -> Fault | None:
        """Notes the request and tells what is to go wrong with it."""
        self.requests.append(request)
        if self.on_request:
            self.on_request(request)
        for start, fault in self.faults.items():
            if f"{request.method} {request.path}".startswith(start):
                return self.faults.pop(start) if fault == "cut" else fault
        return None

    def count(self, part: str) -> int:
        """How many requests had `part` in their "METHOD /path"."""
        return sum(part in f"{request.method} {request.path}" for request in self.requests)


class _Refusal(Exception):
    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        url: str | None = None,
        **headers: str,
    ) -> None:
        self.status, self.message = status, message
        self.body = {"error": message} | ({"url": url} if url else {})
        self.headers = headers | ({"X-Error-Code": code} if code else {})


class _Handler(BaseHTTPRequestHandler):
    def _serve(self) -> None:
        self.path = urlsplit(self.path).path
        authorization = self.headers.get("authorization")
        host = self.headers["host"].partition(":")[0]
        self.fault = self.hub.see(Seen(self.command, host, self.path, authorization))
        self.token = authorization.removeprefix("Bearer ") if authorization else None
        length = int(self.headers.get("Content-Length", 0))
        self.body = self.rfile.read(length // 2 if self.fault == "cut" else length)
        if self._fails():
            return
        try:
            if self.token and not self.hub.knows(self.token):
                raise _Refusal(401, "Invalid credentials in Authorization header")
            self._answer()
        except _Refusal as refusal:
            headers = {"X-Error-Message": refusal.message, **refusal.headers}
            self._send_json(refusal.body, refusal.status, headers)

    do_HEAD = do_GET = do_POST = do_PUT = _serve

    @property
    def hub(self) -> HubStandIn:
        return self.server.hub  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        pass

    def _fails(self) -> bool:
        """Carries out the faults that any request can have."""
        match self.fault:
            case int(status):
                self._send_json({"error": "Out of order"}, status)
            case "portal":
                self._send(b"<html>Welcome to the hotel</html>", {"Content-Type": "text/html"})
            case "hang":
                self.hub.released.wait()
            case "cut" if self.command in ("POST", "PUT"):
                self.connection.shutdown(socket.SHUT_RDWR)
            case _:
                return False
        return True

    def _answer(self) -> None:
        path = self.path.replace("/api/spaces/", "/api/models/spaces/", 1)
        for methods, pattern, answer in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and self.command in methods:
                return answer(self, **{key: unquote(v) for key, v in match.groupdict("").items()})
        raise _Refusal(404, f"No such page: {self.path}")

    def _send(self, body: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_json(
        self, answer: object, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        content = {"Content-Type": "application/json", **(headers or {})}
        self._send(json.dumps(answer).encode(), content, status)

    # What a fetch asks for:

    def _find(self, repo_id: str, revision: str = "main") -> tuple[Repo, str]:
        """The repo and the commit that the revision means, for whoever sent the request."""
        repo = self.hub.repos.get(repo_id)
        allowed = self.hub.owns(self.token, owner_of(repo_id))
        if repo is None or (repo.private and not allowed):
            raise _Refusal(404 if self.token else 401, "Repository not found", "RepoNotFound")
        commit = repo.refs.get(revision, revision)
        if commit not in repo.commits:
            raise _Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return repo, commit

    def model_info(self, repo_id: str, revision: str) -> None:
        repo, commit = self._find(repo_id, revision or "main")
        siblings = [{"rfilename": name} for name in repo.commits[commit]]
        traits = {"private": repo.private, "gated": "manual" if repo.gated else False}
        self._send_json({"id": repo_id, "sha": commit, "siblings": siblings, **traits})

    def resolve(self, repo_id: str, revision: str, name: str) -> None:
        repo, commit = self._find(repo_id, revision)
        if repo.gated and not self.hub.owns(self.token, owner_of(repo_id)):
            message = f"Access to model {repo_id} is restricted"
            raise _Refusal(403 if self.token else 401, message, "GatedRepo")
        data, headers = repo.commits[commit].get(name), {"X-Repo-Commit": commit}
        if data is None:
            raise _Refusal(404, "Entry not found", "EntryNotFound", **headers)
        if not is_lfs(name):
            return self._send(data, {"ETag": f'"{git_sha1(data)}"', **headers})
        oid = sha256(data)
        self.hub.blobs[oid] = data
        headers["X-Linked-ETag"] = f'"{oid}"'
        if (size := repo.announced.get(name, len(data))) is not None:
            headers["X-Linked-Size"] = str(size)
        if repo.xet:
            token_url = f"{self.hub.endpoint}/api/models/{repo_id}/xet-read-token/{commit}"
            headers |= {"X-Xet-Hash": oid, "X-Xet-Refresh-Route": token_url}
        self._send(b"", {"Location": f"{self.hub.cdn}/cdn/{oid}", **headers}, 302)

    def cdn_file(self, oid: str) -> None:
        whole = self.hub.blobs[oid]
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        halved = self.fault in ("cut", "truncate", "shorten")
        data = whole[: len(whole) // 2] if halved else whole
        end = len(data if self.fault == "shorten" else whole)
        headers = {"Content-Length": str(end - start)}
        if start:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{end}"
        self._send(data[start:], headers, 206 if start else 200)

    # What a push asks for:

    def _check_may_write(self, owner: str) -> None:
        if self.token is None:
            raise _Refusal(401, "Invalid username or password.")
        if not self.hub.owns(self.token, owner):
            raise _Refusal(403, f'You do not have the rights to write under "{owner}"')

    def create_repo(self) -> None:
        wanted = json.loads(self.body)
        is_space = wanted.get("type") == "space"
        repo_id = "spaces/" * is_space + f"{wanted['organization']}/{wanted['name']}"
        self._check_may_write(owner_of(repo_id))
        if repo_id in self.hub.repos:
            raise _Refusal(
                409, "You already created this repo", url=f"{self.hub.endpoint}/{repo_id}"
            )
        if is_space and wanted["sdk"] not in ("gradio", "docker", "static"):
            raise _Refusal(400, "This SDK is not supported")
        private = wanted.get("visibility") == "private"
        self.hub.add_repo(repo_id, {".gitattributes": b"*.safetensors lfs"}, private=private)
        self._send_json({"url": f"{self.hub.endpoint}/{repo_id}"})

    def validate_card(self) -> None:
        if b"license: nonsense" in self.body:
            errors = [{"message": '"license" must be one of apache-2.0, mit'}]
            return self._send_json({"errors": errors, "warnings": []}, 400)
        self._send_json({"errors": [], "warnings": []})

    def preupload(self, repo_id: str, revision: str) -> None:
        self._check_may_write(owner_of(repo_id))
        self._find(repo_id, revision)
        files = json.loads(self.body)["files"]
        for file in files:
            file["uploadMode"] = "lfs" if is_lfs(file["path"]) else "regular"
            file["shouldIgnore"] = False
        self._send_json({"files": files})

    def lfs_batch(self, repo_id: str) -> None:
        self._check_may_write(owner_of(repo_id))
        objects = json.loads(self.body)["objects"]
        for item in objects:
            upload = {"href": f"{self.hub.cdn}/lfs/{item['oid']}"}
            verify = {"href": f"{self.hub.endpoint}/{repo_id}.git/info/lfs/verify"}
            item["actions"] = {"upload": upload, "verify": verify}
        self._send_json({"transfer": "basic", "objects": objects})

    def lfs_upload(self, oid: str) -> None:
        if sha256(self.body) != oid:
            raise _Refusal(400, "The content does not match its oid")
        self.hub.blobs[oid] = self.body
        self._send(b"", {})

    def lfs_verify(self, repo_id: str) -> None:
        item = json.loads(self.body)
        if len(self.hub.blobs.get(item["oid"], b"")) != item["size"]:
            raise _Refusal(404, "Not uploaded")
        self._send_json({})

    def commit(self, repo_id: str, revision: str) -> None:
        self._check_may_write(owner_of(repo_id))
        repo, parent = self._find(repo_id, revision)
        files = dict(repo.commits[parent])
        for line in self.body.splitlines():
            item = json.loads(line)
            match item["key"]:
                case "header":
                    repo.messages.append(item["value"]["summary"])
                case "file":
                    files[item["value"]["path"]] = base64.b64decode(item["value"]["content"])
                case "lfsFile":
                    files[item["value"]["path"]] = self.hub.blobs[item["value"]["oid"]]
                case "deletedFile":
                    del files[item["value"]["path"]]
        sha = repo.commit(files, revision)
        url = f"{self.hub.endpoint}/{repo_id}/commit/{sha}"
        self._send_json({"success": True, "commitOid": sha, "commitUrl": url})

    # What is asked of a Space alone:

    def runtime(self, repo_id: str) -> None:
        repo, _ = self._find(repo_id)
        hardware = {"current": None, "requested": "cpu-basic"}
        self._send_json({"stage": "BUILDING", "hardware": hardware, "volumes": repo.volumes})


ROUTES = (
    ({"GET"}, rf"/api/models/{REPO}/runtime", _Handler.runtime),
    ({"GET"}, rf"/api/models/{REPO}(/revision/(?P<revision>[^/]+))?", _Handler.model_info),
    ({"HEAD", "GET"}, rf"/{REPO}/resolve/(?P<revision>[^/]+)/(?P<name>.+)", _Handler.resolve),
    ({"GET"}, r"/cdn/(?P<oid>\w+)", _Handler.cdn_file),
    ({"POST"}, r"/api/repos/create", _Handler.create_repo),
    ({"POST"}, r"/api/validate-yaml", _Handler.validate_card),
    ({"POST"}, rf"/api/models/{REPO}/preupload/(?P<revision>[^/]+)", _Handler.preupload),
    ({"POST"}, rf"/{REPO}\.git/info/lfs/objects/batch", _Handler.lfs_batch),
    ({"PUT"}, r"/lfs/(?P<oid>\w+)", _Handler.lfs_upload),
    ({"POST"}, rf"/{REPO}\.git/info/lfs/verify", _Handler.lfs_verify),
    ({"POST"}, rf"/api/models/{REPO}/commit/(?P<revision>[^/]+)", _Handler.commit),
)


def owner_of(repo_id: str) -> str:
    """Of `owner/name` or `spaces/owner/name`."""
    return repo_id.split("/")[-2]


def is_lfs(name: str) -> bool:
    """As the Hub's default .gitattributes has it, whatever the size."""
    return name.endswith((".safetensors", ".bin", ".onnx"))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
