"""A server of files on this machine: a mirror, or a proxy that plays the hosts themselves."""

import http.server
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True)
class Asked:
    """One request: its method, ``host/path``, and its range of bytes."""

    method: str
    name: str
    range: str | None


class LocalServer(http.server.ThreadingHTTPServer):
    """Serves ``files``, contents by ``host/path``, as the mirror or the proxy at ``url``.

    Attributes
    ----------
    cuts : dict
        After how many bytes the next replies with a file break off, one number a reply.
    refusal : HTTPStatus or None
        What all requests are answered with instead.
    ranges : bool
        Whether a part of a file can be asked for.
    asked : list of Asked
    """

    daemon_threads = True

    def __init__(self, files, certificate=None):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.cuts, self.refusal, self.asked = files, {}, None, []
        self.certificate, self.ranges = certificate, True
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        """Be gone: nobody listens any more."""
        self.shutdown()
        self.server_close()

    def got(self):
        """Names, without their folders, and ranges of the files that were asked for."""
        return [(a.name.rpartition("/")[2], a.range) for a in self.asked if a.method == "GET"]

    def handle_error(self, request, client_address):
        """Clients that hang up are what some tests are about."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host = None  # that a tunnel leads to

    def do_CONNECT(self):
        self._note(self.path)
        if self.server.refusal:
            self._refuse(self.server.refusal)
            return
        self.send_response_only(HTTPStatus.OK, "Connection established")
        self.end_headers()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server.certificate)
        self.host = self.path.partition(":")[0]
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = (self.connection.makefile(mode, 0) for mode in ("rb", "wb"))
        self.close_connection = False

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer()

    def log_message(self, *_):
        pass

    def _name(self):
        path = self.path.removeprefix("http://").lstrip("/")  # of a proxy's client, of a mirror's
        return f"{self.host}/{path}" if self.host else path

    def _note(self, name):
        self.server.asked.append(Asked(self.command, name, self.headers.get("Range")))

    def _refuse(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self):
        name = self._name()
        self._note(name)
        if self.server.refusal or name not in self.server.files:
            self._refuse(self.server.refusal or HTTPStatus.NOT_FOUND)
            return
        wanted = self.headers.get("Range") if self.server.ranges else None
        body = self.server.files[name][int(wanted[6:-1]) if wanted else 0 :]
        if not body:
            self._refuse(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            return
        self.send_response(HTTPStatus.PARTIAL_CONTENT if wanted else HTTPStatus.OK)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            cuts = self.server.cuts.get(name)
            sent = cuts.pop(0) if cuts else len(body)
            self.wfile.write(body[:sent])
            self.close_connection = sent < len(body)


@contextmanager
def silent_host():
    """Address of a host that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def certify(folder, *hosts):
    """Make an authority, and a certificate for ``hosts``; files of both, by openssl."""
    authority, key, request, made = (folder / n for n in ("ca.pem", "ca.key", "csr", "crt"))
    own = folder / "own.key"
    names = folder / "names"
    names.write_text("subjectAltName=" + ",".join(f"DNS:{host}" for host in hosts))
    new = ("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj")
    by = ("-CA", authority, "-CAkey", key, "-CAcreateserial", "-extfile", names)
    for command in (
        (*new, "/CN=test authority", "-x509", "-keyout", key, "-out", authority),
        (*new, f"/CN={hosts[0]}", "-keyout", own, "-out", request),
        ("openssl", "x509", "-req", "-in", request, *by, "-out", made),
    ):
        subprocess.run(command, check=True, capture_output=True)
    chain = folder / "chain.pem"
    chain.write_text(made.read_text() + own.read_text())
    return authority, chain
