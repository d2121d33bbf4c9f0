"""A hub on this machine: as much of the HTTP interface as pushing and fetching a model takes."""

import base64
import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

TOKEN = "hf_of_nobody"


class HubServer(ThreadingHTTPServer):
    """Keeps pushed files in ``files``, by (repository, path)."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = {}
        self.repositories = set()
        Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def commit_of(self, repository):
        parts = sorted(
            (path, data) for (name, path), data in self.files.items() if name == repository
        )
        return hashlib.sha1(repr(parts).encode()).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer({"error": "Invalid username or password."}, 401)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = self.path.partition("?")[0]
        if path == "/api/validate-yaml":
            return self.answer({"errors": [], "warnings": []})
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = "/".join(filter(None, (asked.get("organization"), asked["name"])))
            self.server.repositories.add(name)
            return self.answer({"url": f"{self.server.url}/{name}"})
        name = "/".join(path.split("/")[3:5])
        if name not in self.server.repositories:
            return self.answer({"error": "Repository not found"}, 404)
        if path.endswith("/preupload/main"):
            asked = json.loads(body)["files"]
            modes = [
                {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in asked
            ]
            return self.answer({"files": modes})
        for line in body.splitlines():
            entry = json.loads(line)
            if entry["key"] == "file":
                content = base64.b64decode(entry["value"]["content"])
                self.server.files[name, entry["value"]["path"]] = content
        oid = self.server.commit_of(name)
        url = f"{self.server.url}/{name}/commit/{oid}"
        return self.answer({"success": True, "commitOid": oid, "commitUrl": url})

    def do_GET(self):
        self.send_file(with_body=True)

    def do_HEAD(self):
        self.send_file(with_body=False)

    def send_file(self, *, with_body):
        name, _, path = self.path.strip("/").partition("/resolve/main/")
        content = self.server.files.get((name, path))
        if content is None:
            code = "EntryNotFound" if name in self.server.repositories else "RepoNotFound"
            return self.answer({}, 404, {"X-Error-Code": code})
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", self.server.commit_of(name))
        self.end_headers()
        if with_body:
            self.wfile.write(content)
        return None

    def answer(self, values, status=200, headers=None):
        content = json.dumps(values).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
