"""A model server of the user's own: answers with its arguments, and crashes when it is told to.

An argument may have a meaning: `fail`, `hang`, `lazy=FILE` (hangs when the file is there, which it
makes), `well=FILE` (is healthy while the file is there).
"""

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

OPTIONS = dict(word.split("=", 1) for word in sys.argv[1:] if "=" in word)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        well = "well" not in OPTIONS or Path(OPTIONS["well"]).exists()
        self._send(200 if self.path == os.environ["AIP_HEALTH_ROUTE"] and well else 404, {})

    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != os.environ["AIP_PREDICT_ROUTE"]:
            self._send(404, {"error": f"no {self.path}"})
        elif self.headers["Content-Type"] == "text/x-file":
            self._stream(Path(data.decode()))
        elif self.headers["Content-Type"] != "application/json":
            self._send(200, {"length": len(data)})
        else:
            self._predict(json.loads(data))

    def _predict(self, body):
        first = body["instances"][0]
        if first == "crash":
            os._exit(3)
        if first == "slow":
            time.sleep(30)
        if first == "broken":
            self._send(500, {"detail": "out of petals"})
        elif first == "bad":
            self._send(422, {"detail": "no such flower"})
        elif first == "odd":
            self._send(200, ["not an object"])
        else:
            said = [*sys.argv[1:], body.get("parameters")]
            said = dict(os.environ)[first[4:]] if str(first).startswith("env:") else said
            self._send(200, {"predictions": [said] * len(body["instances"]), "metadata": {"a": 1}})

    def _stream(self, file):
        """Send one part, and the second as soon as a file is there; without one break off."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in (b"data: one\n\n", b"data: two\n\n"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            while not file.exists():
                time.sleep(0.01)
            if file.read_text() == "break":
                os._exit(3)
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


if sys.argv[1:] == ["fail"]:
    sys.exit("the flowers are gone")
if sys.argv[1:] == ["hang"] or ("lazy" in OPTIONS and Path(OPTIONS["lazy"]).exists()):
    os.environ["AIP_HEALTH_ROUTE"] = "/never"
elif "lazy" in OPTIONS:
    Path(OPTIONS["lazy"]).touch()
HTTPServer(("127.0.0.1", int(os.environ["AIP_HTTP_PORT"])), Handler).serve_forever()
