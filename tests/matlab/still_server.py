"""A user server that writes down its environment and answers everything."""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit


class Still(BaseHTTPRequestHandler):
    """Says 200."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()


Path(os.environ["HOME"], "environment.json").write_text(json.dumps(dict(os.environ)))
where = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
HTTPServer((where.hostname, where.port), Still).serve_forever()
