"""A user server that asks nobody who they are, and keeps the cookies it is sent."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

SENT = Path.home() / "cookies.txt"


class Page(BaseHTTPRequestHandler):
    """Answers everything with an empty page, whose scripts are the test's."""

    def do_GET(self):
        with SENT.open("a") as file:
            file.write(self.headers.get("Cookie", "") + "\n")
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Nice pictures</title>")

    def log_message(self, *words):
        pass


where = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
HTTPServer((where.hostname, where.port), Page).serve_forever()
