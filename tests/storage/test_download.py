"""Downloads from a server on this machine: resumed, checked, by mirror and proxy, out of reach."""

import hashlib
import socket
import threading
import time
from http import HTTPStatus

import numpy as np
import pytest
from localserver import Asked, LocalServer, silent_host

from audit.core.errors import DataError, DownloadError
from audit.storage import download
from audit.storage.download import MIRROR, address, fetch, reach

NAME = "files.example/folder/noise.bin"
MIB = 1 << 20
CONTENT = np.random.default_rng(0).bytes(3 * MIB + 1)
KNOWN = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server():
    made = LocalServer({NAME: CONTENT})
    yield made
    made.close()


@pytest.fixture
def url(server):
    return f"{server.url}/{NAME}"


def partial(tmp_path, content):
    (tmp_path / "noise.bin.part").write_bytes(content)


def left(tmp_path):
    return sorted(file.name for file in tmp_path.iterdir())


def test_a_file_is_fetched_with_progress(tmp_path, url):
    seen = []

    def track(items, label, total):
        items = list(items)
        seen.append((label, total, len(items)))
        return items

    assert fetch(url, KNOWN, tmp_path / "new", track).read_bytes() == CONTENT
    assert seen == [("Downloading noise.bin (MiB)", 4, 4)]
    assert left(tmp_path / "new") == ["noise.bin"]


def test_a_file_that_is_there_is_not_asked_for(tmp_path, server, url):
    fetch(url, KNOWN, tmp_path)
    asked = list(server.asked)
    fetch(url, KNOWN, tmp_path)
    assert server.asked == asked


def test_a_broken_connection_goes_on_where_it_stopped(tmp_path, server, url):
    server.cuts[NAME] = [2 * MIB, 0]
    assert fetch(url, KNOWN, tmp_path).read_bytes() == CONTENT
    assert server.got() == [("noise.bin", None), *[("noise.bin", f"bytes={2 * MIB}-")] * 2]


def test_a_download_that_breaks_off_for_good_goes_on_in_the_next_run(tmp_path, server, url):
    partial(tmp_path, CONTENT[:MIB])
    server.cuts[NAME] = [0, 0]
    with pytest.raises(DownloadError, match=r"noise\.bin broke off after 1\.0 MiB; the same comm"):
        fetch(url, KNOWN, tmp_path)
    assert fetch(url, KNOWN, tmp_path).read_bytes() == CONTENT
    assert server.got() == [("noise.bin", f"bytes={MIB}-")] * 3


def test_an_interrupted_download_goes_on_in_the_next_run(tmp_path, server, url):
    def interrupt(items, label, total):
        yield next(iter(items))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(url, KNOWN, tmp_path, interrupt)
    fetch(url, KNOWN, tmp_path)
    assert server.got() == [("noise.bin", None), ("noise.bin", f"bytes={MIB}-")]


def test_a_server_without_ranges_starts_over(tmp_path, server, url):
    server.ranges = False
    partial(tmp_path, CONTENT[:1000])
    assert fetch(url, KNOWN, tmp_path).read_bytes() == CONTENT


def test_a_whole_part_is_not_loaded_again(tmp_path, server, url):
    partial(tmp_path, CONTENT)
    fetch(url, KNOWN, tmp_path)
    assert server.got() == [("noise.bin", f"bytes={len(CONTENT)}-")]


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_wrong_checksum_is_refused_and_the_next_try_starts_anew(tmp_path, server, url, kind):
    server.files[NAME] = b"another file"
    known = f"{kind}:{hashlib.new(kind, CONTENT).hexdigest()}"
    with pytest.raises(DownloadError, match=rf"noise\.bin is not the file .* \(its {kind} is not"):
        fetch(url, known, tmp_path)
    assert left(tmp_path) == []
    server.files[NAME] = CONTENT
    fetch(url, known, tmp_path)
    assert server.got() == [("noise.bin", None)] * 2


def test_a_missing_file_is_an_error(tmp_path, url):
    with pytest.raises(DownloadError, match=r"noise\.bin\.old answers 404 Not Found$"):
        fetch(f"{url}.old", KNOWN, tmp_path)
    assert left(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path, url):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"^Cannot write .*file: File exists\.$"):
        fetch(url, KNOWN, tmp_path / "file")


# Ways to a file


def test_a_mirror_has_hosts_as_its_folders(tmp_path, server, monkeypatch):
    monkeypatch.setenv(MIRROR, f"{server.url}/")
    assert address(f"https://{NAME}") == f"{server.url}/{NAME}"
    assert fetch(f"https://{NAME}", KNOWN, tmp_path).read_bytes() == CONTENT


def test_without_a_mirror_files_come_from_their_makers(monkeypatch):
    monkeypatch.delenv(MIRROR, raising=False)
    assert address(f"https://{NAME}") == f"https://{NAME}"


def test_a_mirror_that_is_no_address_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv(MIRROR, "mirror.example")
    with pytest.raises(DownloadError, match=r"^mirror\.example/.* cannot .* No scheme supplied"):
        fetch(f"https://{NAME}", KNOWN, tmp_path)


def test_a_proxy_that_is_no_address_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://:8080")
    with pytest.raises(DownloadError, match=r"noise\.bin cannot be asked for: .* proxy URL"):
        fetch(f"https://{NAME}", KNOWN, tmp_path)


def test_a_proxy_is_asked_for_the_file(tmp_path, server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.url)
    assert fetch(f"http://{NAME}", KNOWN, tmp_path).read_bytes() == CONTENT
    assert server.asked == [Asked("HEAD", NAME, None), Asked("GET", NAME, None)]


def test_a_proxy_that_refuses_is_named(tmp_path, server, monkeypatch):
    server.refusal = HTTPStatus.FORBIDDEN
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    with pytest.raises(DownloadError, match=r"noise\.bin is out of reach: the proxy in HTTPS_PR"):
        fetch(f"https://{NAME}", KNOWN, tmp_path)


def test_an_authority_that_is_no_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with pytest.raises(DownloadError, match=r"noise\.bin cannot be asked for: .*none\.pem$"):
        fetch(f"https://{NAME}", KNOWN, tmp_path)


# Out of reach, which is known in time


def taken(url, seconds, match):
    start = time.monotonic()
    with pytest.raises(DownloadError, match=match):
        reach(url, seconds)
    return time.monotonic() - start


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as taken_port:
        port = taken_port.getsockname()[1]
    with pytest.raises(DownloadError, match=r"is out of reach$"):
        reach(f"http://127.0.0.1:{port}/")


def test_a_host_that_says_nothing_is_given_up():
    with silent_host() as host:
        assert taken(host, 0.5, r"gave no answer within 0\.5 s$") < download.REPLY


def test_a_name_that_is_looked_up_for_ever_is_given_up(monkeypatch):
    done = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: done.wait() and [])
    try:
        assert taken("http://files.example/", 0.5, "gave no answer") < download.REPLY
    finally:
        done.set()
