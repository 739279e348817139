"""A model server of the user's own, which says what it was sent; some words upset it."""

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

busy = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, {})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        instances = body["instances"]
        if "crash" in instances:
            os._exit(3)
        if "slow" in instances:
            time.sleep(600)
        if "busy once" in instances and not busy:
            busy.append(1)
            self.answer(503, {"error": "busy"})
        elif "bad" in instances:
            self.answer(400, {"error": "no such word"})
        elif "odd" in instances:
            self.answer(200, ["not an object"])
        else:
            self.answer(200, {"predictions": said(body)})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def said(body):
    facts = {"together": len(body["instances"]), "parameters": body.get("parameters")}
    answers = [{"sent": each, **facts} for each in body["instances"] if each != "fewer"]
    return [float("nan") if each["sent"] == "nan" else each for each in answers]


print(os.getpid(), flush=True)
if sys.argv[1:] == ["fail"]:
    sys.exit("the echo is gone")
HTTPServer(("127.0.0.1", int(os.environ["AIP_HTTP_PORT"])), Handler).serve_forever()
