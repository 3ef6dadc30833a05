#!/usr/bin/python3
"""A webhook: webhook.py FOLDER. Writes its port to FOLDER/port, and each body that it took to FOLDER/N.json. While
FOLDER/status is there, it answers with the status in it, and takes nothing; FOLDER/tries counts all requests."""
import http.server
import os
import sys

folder = sys.argv[1]


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        with open(f"{folder}/tries", "a", encoding="ascii") as tries:
            tries.write(f"{self.path} {self.headers['content-type']}\n")
        status = 204
        if os.path.exists(f"{folder}/status"):
            with open(f"{folder}/status", encoding="ascii") as f:
                status = int(f.read())
        if status < 300:
            taken = len([n for n in os.listdir(folder) if n.endswith(".json")])
            with open(f"{folder}/{taken + 1}.json", "wb") as f:
                f.write(body)
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
with open(f"{folder}/port.new", "w", encoding="ascii") as f:
    f.write(str(server.server_port))
os.rename(f"{folder}/port.new", f"{folder}/port")
server.serve_forever()
