#!/usr/bin/env python3
"""The authorities that signatures are asked about, on loopback: a CA with its CRL and OCSP responder, and a time-stamping
authority, all of them openssl's programs behind one HTTP server.

usage: authorities.py FOLDER

FOLDER gets port, ca.pem, leaf.pem, leaf.key, tsa-root.pem, requests (one line each), and reads mode: good, stall, huge,
500, junk, old, no-ocsp. `revoked` in it (of openssl ca) is made by `authorities.py FOLDER revoke [INVALIDITY]`."""
import http.server
import os
import subprocess
import sys
import threading
import time

CONFIG = """
[req]
distinguished_name = dn
prompt = no
[dn]
C = US
[ca]
default_ca = d
[d]
database = index.txt
serial = serial
crlnumber = crlnumber
default_md = sha256
default_crl_days = 7
certificate = ca.pem
private_key = ca.key
new_certs_dir = .
policy = any
unique_subject = no
[any]
C = optional
ST = optional
O = optional
CN = supplied
[v3ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[v3]
keyUsage = critical,digitalSignature
extendedKeyUsage = codeSigning
%(sources)s
[v3tsa]
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = t
[t]
serial = tsa-serial
crypto_device = builtin
signer_cert = tsa.pem
certs = tsa-root.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256,sha384,sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def openssl(*args, **kw):
    return subprocess.run(["openssl", *args], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **kw).stdout


def new_key(name, subject, **root):
    args = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key", "-config", "c.cnf",
            "-subj", "/C=US/ST=WA/O=acme/CN=" + subject]
    if root:
        openssl("req", "-x509", *args, "-extensions", "v3ca", "-days", "30", "-out", name + ".pem")
    else:
        openssl("req", *args, "-out", name + ".csr")


def make(port, sources):
    names = {"ocsp": f"authorityInfoAccess = OCSP;URI:http://127.0.0.1:{port}/ocsp",
             "crl": f"crlDistributionPoints = URI:http://127.0.0.1:{port}/ca.crl"}
    with open("c.cnf", "w") as f:
        f.write(CONFIG % {"sources": "\n".join(names[s] for s in sources.split("+") if s in names)})
    for name, text in (("index.txt", ""), ("serial", "1000\n"), ("crlnumber", "01\n"), ("tsa-serial", "01\n")):
        with open(name, "w") as f:
            f.write(text)
    new_key("ca", "ca", root=True)
    new_key("leaf", "build")
    openssl("ca", "-batch", "-config", "c.cnf", "-extensions", "v3", "-in", "leaf.csr", "-out", "leaf.pem", "-days", "20", "-notext")
    new_key("tsa-root", "tsa root", root=True)
    new_key("tsa", "tsa")
    openssl("x509", "-req", "-in", "tsa.csr", "-CA", "tsa-root.pem", "-CAkey", "tsa-root.key", "-CAcreateserial", "-out", "tsa.pem",
            "-days", "20", "-extfile", "c.cnf", "-extensions", "v3tsa")


def crl(seconds=None):
    extra = ["-crlsec", str(seconds)] if seconds else []
    pem = openssl("ca", "-config", "c.cnf", "-gencrl", *extra)
    return openssl("crl", "-outform", "DER", input=pem)


def ocsp(body, old):
    with open("q", "wb") as f:
        f.write(body)
    extra = ["-nmin", "1"] if old else ["-ndays", "1"]
    openssl("ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key", "-reqin", "q", "-respout", "a", *extra)
    with open("a", "rb") as f:
        return f.read()


def stamp(body):
    with open("tq", "wb") as f:
        f.write(body)
    return openssl("ts", "-reply", "-config", "c.cnf", "-queryfile", "tq")


TYPES = {"/ca.crl": "application/pkix-crl", "/ocsp": "application/ocsp-response"}


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, body):
        with open("requests", "a") as f:
            f.write(f"{self.command} {self.path}\n")
        mode = open("mode").read().strip() if os.path.exists("mode") else "good"
        if mode == "stall":
            time.sleep(30)
            return
        if mode == "500" or (mode == "no-ocsp" and self.path == "/ocsp"):
            self.send_error(500)
            return
        if mode == "junk":
            data = b"\x30\x03junk"
        elif mode == "huge":
            data = b"\x30" * (17 << 20)
        elif self.path == "/ca.crl":
            data = crl(1 if mode == "old" else None)
        elif self.path == "/ocsp":
            data = ocsp(body, mode == "old")
        else:
            data = stamp(body)
        self.send_response(200)
        self.send_header("Content-Type", TYPES.get(self.path, "application/timestamp-reply"))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            pass

    def do_GET(self):
        self.answer(b"")

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    lock = threading.Lock()

    def process_request_thread(self, request, address):
        with self.lock:  # the files of openssl ca are one set
            super().process_request_thread(request, address)


def main():
    os.chdir(sys.argv[1])
    if sys.argv[2] == "revoke":
        how = ["-crl_compromise", sys.argv[3]] if len(sys.argv) > 3 else ["-crl_reason", "keyCompromise"]
        openssl("ca", "-batch", "-config", "c.cnf", "-revoke", "leaf.pem", *how)
        return
    server = Server(("127.0.0.1", 0), Handler)
    make(server.server_address[1], sys.argv[2])
    with open("port.new", "w") as f:
        f.write(str(server.server_address[1]))
    os.rename("port.new", "port")
    server.serve_forever()


main()
