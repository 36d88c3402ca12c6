"""An object store that speaks as much of S3's protocol as s3fs asks for; prints its port.

Objects appear when all of their bytes have come. `--slow SECONDS` lets every picture take that
long; `GET /-/peak` says how many were on their way at a time, `GET /-/refuse/WORD` refuses from
then on what has the word in its name.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

OBJECTS: dict[str, tuple[bytes, str]] = {}
STATE = {"now": 0, "peak": 0, "refuse": None, "slow": 0.0}
GUARD = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        key, _ = self.place()
        data = self.body()
        if STATE["refuse"] and STATE["refuse"] in key:
            return self.answer(403, error("AccessDenied"))
        with GUARD:
            STATE["now"] += 1
            STATE["peak"] = max(STATE["peak"], STATE["now"])
        if key.endswith((".png", ".jpg")):
            time.sleep(STATE["slow"])
        with GUARD:
            STATE["now"] -= 1
            if self.headers.get("If-None-Match") == "*" and key in OBJECTS:
                return self.answer(412, error("PreconditionFailed"))
            now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            OBJECTS[key] = data, now
        return self.answer(200, b"", ETag=etag(data))

    def do_GET(self):
        key, query = self.place()
        if key.startswith("-/"):
            _, what, *word = key.split("/")
            if what == "refuse":
                STATE["refuse"] = word[0]
            return self.answer(200, str(STATE["peak"]).encode())
        if "/" not in key.rstrip("/"):
            return self.answer(200, listing(key.strip("/"), query))
        return self.object(key)

    do_HEAD = do_GET

    def do_DELETE(self):
        with GUARD:
            OBJECTS.pop(self.place()[0], None)
        self.answer(204, b"")

    def object(self, key):
        if key not in OBJECTS:
            return self.answer(404, error("NoSuchKey"))
        data, written = OBJECTS[key]
        code, whole = 200, data
        if found := re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", "")):
            first, last = found.groups()
            data = (
                whole[int(first) : int(last) + 1 if last else None]
                if first
                else whole[-int(last) :]
            )
            code = 206
        when = datetime.datetime.fromisoformat(written.replace("Z", "+00:00"))
        told = when.strftime("%a, %d %b %Y %H:%M:%S GMT")
        return self.answer(code, data, ETag=etag(whole), **{"Last-Modified": told})

    def place(self):
        parts = urlsplit(self.path)
        return unquote(parts.path).lstrip("/"), parse_qs(parts.query, keep_blank_values=True)

    def body(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "aws-chunked" not in self.headers.get("Content-Encoding", ""):
            return data
        whole = b""
        while data:
            size, _, data = data.partition(b"\r\n")
            n_bytes = int(size.split(b";")[0], 16)
            if n_bytes == 0:
                break
            whole, data = whole + data[:n_bytes], data[n_bytes + 2 :]
        return whole

    def answer(self, code, data, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *arguments):
        pass


def etag(data):
    return f'"{hashlib.md5(data).hexdigest()}"'


def error(code):
    return (
        f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
    )


def listing(bucket, query):
    """The answer of ListObjectsV2."""
    prefix, delimiter = query.get("prefix", [""])[0], query.get("delimiter", [""])[0]
    most = int(query.get("max-keys", ["1000"])[0])
    start = query.get("continuation-token", [""])[0]
    with GUARD:
        found = {key.removeprefix(bucket + "/"): value for key, value in OBJECTS.items()}
    told, folders, last = [], set(), None
    for key in sorted(key for key in found if key.startswith(prefix) and key > start):
        rest = key.removeprefix(prefix)
        if delimiter and delimiter in rest:
            folders.add(prefix + rest.partition(delimiter)[0] + delimiter)
            continue
        if len(told) == most:
            last = told[-1][0]
            break
        told.append((key, *found[key]))
    text = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>{when}</LastModified>"
        f"<ETag>{etag(data)}</ETag><Size>{len(data)}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for key, data, when in told
    )
    text += "".join(
        f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>"
        for folder in sorted(folders)
    )
    more = "true" if last else "false"
    token = f"<NextContinuationToken>{escape(last)}</NextContinuationToken>" if last else ""
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><MaxKeys>{most}</MaxKeys>"
        f"<KeyCount>{len(told) + len(folders)}</KeyCount><IsTruncated>{more}</IsTruncated>"
        f"{token}{text}</ListBucketResult>"
    ).encode()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--slow", type=float, default=0.0)
    STATE["slow"] = parser.parse_args().slow
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()
