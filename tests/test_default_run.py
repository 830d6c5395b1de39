"""The default run with every download, from a server on this machine that plays the real hosts."""

import dataclasses
import logging
import shutil
import socket
import threading
import time
from http import HTTPStatus
from pathlib import Path

import pytest
import tensorflow_datasets as tfds
from localserver import LocalServer, certify, silent_host
from oxfordfiles import FLOWERS, HOSTS, MASKS, WEIGHTS, digest, oxford_files

from audit.core.errors import AuditError, DataError
from audit.datasets.oxford import OxfordFlowers
from audit.masks import official
from audit.masks.source import mask_path, settled
from audit.masks.tools import make_masks
from audit.models import weightfiles
from audit.settings import load_config
from audit.settings.nesting import flat
from audit.stages import commands
from audit.storage import download
from audit.storage.run import RunFolder

SMALL = {"image_size": 64, "epochs": 1, "limit": 6, "robustness": 0, "workers": 0, "ig_steps": 4,
         "interventions": "off", "health": False, "opportunity": False}  # fmt: skip
pytestmark = pytest.mark.usefixtures("without_charts", "without_sanity")
IMAGES = f"{FLOWERS}102flowers.tgz"
LABELS, SPLITS = f"{FLOWERS}imagelabels.mat", f"{FLOWERS}setid.mat"
PROXIES = "http_proxy", "https_proxy", "all_proxy", "no_proxy"
WITHIN = 10  # seconds in which a run without a network must end


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Contents of all that is downloaded, by ``host/path``."""
    keras_2 = pytest.importorskip("tf_keras").applications
    model = keras_2.EfficientNetB0(include_top=False, weights=None, input_shape=(64, 64, 3))
    file = tmp_path_factory.mktemp("weights") / "efficientnetb0_notop.h5"
    model.save_weights(file)
    return oxford_files(file.read_bytes())


@pytest.fixture(scope="module", autouse=True)
def checksums(files):
    """The small files' checksums stand where those of the real ones do."""
    infos = tfds.builder_cls("oxford_flowers102").url_infos
    weights = f"md5:{digest(files[WEIGHTS], 'md5')}"
    b0 = dataclasses.replace(weightfiles.FILES["efficientnetb0"], known=weights)
    with pytest.MonkeyPatch.context() as patch:
        for url, info in infos.items():
            content = files[url.partition("://")[2]]
            size = tfds.core.utils.Size(len(content))
            own = dataclasses.replace(info, size=size, checksum=digest(content))
            patch.setitem(infos, url, own)
        patch.setitem(weightfiles.FILES, "efficientnetb0", b0)
        patch.setattr(official, "MD5", digest(files[MASKS], "md5"))
        yield


class Home:
    """A user's home, where all downloads are kept, and the only way out of it."""

    def __init__(self, root, patch):
        self.root, self._patch = root, patch
        self.tfds = root / "tensorflow_datasets"
        for name in (*PROXIES, *map(str.upper, PROXIES), download.MIRROR):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(root))
        patch.setenv("XDG_CACHE_HOME", str(root / ".cache"))
        patch.setenv("KERAS_HOME", str(root / ".keras"))

    def mirror(self, url):
        self._patch.setenv(download.MIRROR, url)

    def proxy(self, url, authority=None):
        self._patch.setenv("HTTPS_PROXY", url)
        if authority:
            self._patch.setenv("REQUESTS_CA_BUNDLE", str(authority))

    def config(self, **settings):
        return load_config(SMALL | {"data_dir": self.tfds} | settings)

    def images(self):
        return OxfordFlowers(self.tfds, download=True)


@pytest.fixture
def home(tmp_path, monkeypatch):
    return Home(tmp_path / "home", monkeypatch)


@pytest.fixture
def server(files, home):
    made = LocalServer(dict(files))
    home.mirror(made.url)
    yield made
    made.close()


@dataclasses.dataclass
class First:
    """A first run, what it asked of the network, what it said, and the home it has filled."""

    run: RunFolder
    server: LocalServer
    log: str
    root: Path

    def home(self, patch):
        """Go home again, with nobody to ask but a proxy that is gone."""
        home = Home(self.root, patch)
        home.proxy(self.server.url)
        return home


@pytest.fixture(scope="module")
def first(tmp_path_factory, files):
    """The default run on an empty machine, whose only way out is a proxy."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make certificates with")
    folder = tmp_path_factory.mktemp("first")
    authority, certificate = certify(folder, *HOSTS)
    server = LocalServer(files, certificate)
    with pytest.MonkeyPatch.context() as patch, logged(folder / "log"):
        home = Home(folder / "home", patch)
        home.proxy(server.url, authority)
        run = commands.run(home.config(), folder / "run")
    server.close()
    return First(run, server, (folder / "log").read_text(), folder / "home")


class logged(logging.FileHandler):  # noqa: N801
    """Write what the product says into a file."""

    def __enter__(self):
        self._level = logging.getLogger("audit").level
        logging.getLogger("audit").setLevel(logging.INFO)
        logging.getLogger("audit").addHandler(self)

    def __exit__(self, *_):
        logging.getLogger("audit").setLevel(self._level)
        logging.getLogger("audit").removeHandler(self)
        self.close()


# The first run, and the second


def test_a_first_run_fetches_each_file_once_weights_before_masks_before_images(first):
    assert first.server.got() == [
        (name, None)
        for name in (
            "efficientnetb0_notop.h5",
            "102segmentations.tgz",
            "imagelabels.mat",
            "setid.mat",
            "102flowers.tgz",
        )
    ]
    assert {a.name for a in first.server.asked if a.method == "CONNECT"} == {
        f"{host}:443" for host in HOSTS
    }


def test_a_first_run_ends_with_its_report(first):
    assert first.run.report_html.is_file()
    records = first.run.records()
    assert len(records) == SMALL["limit"]
    assert first.run.manifest()["data"]["counts"] == {"train": 102, "validation": 102, "test": 102}


def test_a_first_run_takes_the_official_masks_and_says_so(first):
    folder = first.root / ".cache" / "flower-audit" / "official" / "segmim"
    assert first.log.count("Masks: ") == 1
    assert f"Masks: the official segmentations, in {folder}." in first.log
    assert set(first.run.records()["mask_source"]) == {"official"}
    assert first.run.config()["masks"] == "official"


def test_a_second_run_asks_nothing_of_the_network(first, tmp_path, monkeypatch):
    home = first.home(monkeypatch)
    second = commands.train(home.config(), tmp_path / "second")
    for key in ("fingerprint", "masks"):
        assert second.manifest()["data"][key] == first.run.manifest()["data"][key]


def test_a_run_goes_on_with_the_masks_that_it_was_begun_with(first, tmp_path, monkeypatch):
    home = first.home(monkeypatch)
    shutil.copytree(first.run.root, tmp_path / "run")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    with pytest.raises(DataError, match=r"^Cannot fetch the official masks: https:"):
        commands.run(home.config(), tmp_path / "run", resume=True)


def test_a_trained_model_is_swept_where_its_first_weights_are_not(first, tmp_path, monkeypatch):
    home = first.home(monkeypatch)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "empty"))
    shutil.copytree(first.run.root, tmp_path / "run")
    monkeypatch.setattr(commands, "report", lambda *_, **__: None)  # the first run has one
    run = commands.run(home.config(), tmp_path / "run", resume=True)
    assert run.records().equals(first.run.records())


def test_prepared_images_without_a_network_get_grabcut_masks(first, tmp_path, monkeypatch, caplog):
    home, data_dir = Home(tmp_path / "home", monkeypatch), first.root / "tensorflow_datasets"
    caplog.set_level(logging.INFO, "audit")
    with silent_host() as host:
        home.mirror(host)
        start = time.monotonic()
        counts = make_masks(home.config(data_dir=data_dir), tmp_path / "masks")
    assert time.monotonic() - start < WITHIN
    assert counts == {"kept": 0, "grabcut": SMALL["limit"]}
    assert "Masks: GrabCut, not the official ones: http" in caplog.text


def test_a_network_does_not_change_the_masks_of_a_run_begun_without(server, home):
    for begun, masks in (({"masks": "grabcut"}, "grabcut"), ({"masks": None}, None)):
        config = settled(home.config(), begun)
        assert flat(config.kept())["masks"] == masks
        assert mask_path(config) is None
    assert server.asked == []


# Downloads that go wrong


def get_weights(home):
    return weightfiles.imagenet("efficientnetb0")


def get_masks(home):
    return official.fetched()


def get_images(home):
    return home.images().items("train")[-1]


each = pytest.mark.parametrize(
    ("name", "get"),
    [(WEIGHTS, get_weights), (MASKS, get_masks), (IMAGES, get_images), (LABELS, get_images)],
    ids=["weights", "masks", "images", "labels"],
)


@each
def test_a_download_cut_in_the_middle_goes_on(server, home, name, get):
    half = len(server.files[name]) // 2
    server.cuts[name] = [half]
    assert get(home)
    kept = half // download.PIECE * download.PIECE
    ranges = [asked for file, asked in server.got() if name.endswith(file)]
    assert ranges == [None, f"bytes={kept}-" if kept else None]


@each
def test_a_download_that_breaks_off_for_good_goes_on_in_the_next_run(server, home, name, get):
    half = len(server.files[name]) // 2
    server.cuts[name] = [half, 0, 0]
    with pytest.raises(AuditError, match=r" broke off after \d\.\d MiB; the same command goes on"):
        get(home)
    assert get(home)


@each
def test_a_wrong_checksum_is_one_line_and_does_no_harm_to_the_next_run(server, home, name, get):
    content, server.files[name] = server.files[name], b"not found, said the proxy"
    with pytest.raises(AuditError) as error:
        get(home)
    assert f"/{name} is not the file it should be" in str(error.value)
    assert "\n" not in str(error.value)
    assert not list(home.root.rglob(f"*{name.rpartition('/')[2]}*"))
    server.files[name] = content
    assert get(home)


def test_an_archive_of_another_layout_is_one_line(server, home, monkeypatch):
    infos = tfds.builder_cls("oxford_flowers102").url_infos
    server.files[IMAGES] = server.files[MASKS]
    own = infos[f"https://{MASKS.replace('102segmentations', '102flowers')}"]
    size = tfds.core.utils.Size(len(server.files[IMAGES]))
    other = dataclasses.replace(own, size=size, checksum=digest(server.files[IMAGES]))
    monkeypatch.setitem(infos, f"https://{IMAGES}", other)
    with pytest.raises(DataError, match=r"^Cannot prepare oxford_flowers102: ") as error:
        home.images()
    assert "\n" not in str(error.value)


# Without a network


def offline(call, home, *options):
    """Run the command; its error and the seconds until it."""
    out, start = home.root / "run", time.monotonic()
    code, _, err = call("run", "--out", out, "--data-dir", home.tfds, *options)
    seconds = time.monotonic() - start
    assert code == 1
    assert not out.exists()
    assert "\n" not in err.splitlines()[-1]
    assert "--backbone efficientnet-lite0" in err
    return err.splitlines()[-1], seconds


def test_images_out_of_reach_end_the_run_in_time(call, home, server):
    get_weights(home)
    with silent_host() as host:
        home.mirror(host)
        error, seconds = offline(call, home)
    assert error.startswith("Error: Cannot download oxford_flowers102: ")
    assert "/imagelabels.mat gave no answer within 4 s. Without a network: " in error
    assert seconds < WITHIN


def test_names_that_are_looked_up_for_ever_end_the_run_in_time(call, home, monkeypatch):
    done = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: done.wait() and [])
    try:
        error, seconds = offline(call, home)
    finally:
        done.set()
    assert error.startswith("Error: Cannot fetch the ImageNet weights of efficientnetb0: https://")
    assert seconds < WITHIN


def test_a_proxy_that_refuses_ends_the_run_in_time(call, home, server):
    home.mirror("")
    home.proxy(server.url)
    server.refusal = HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
    error, seconds = offline(call, home)
    assert "the proxy in HTTPS_PROXY or HTTP_PROXY refuses or is down" in error
    assert seconds < WITHIN


def test_a_certificate_that_nobody_knows_is_named(call, home, files, tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make certificates with")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    _, certificate = certify(tmp_path / "theirs", *HOSTS)
    authority, _ = certify(tmp_path / "ours", *HOSTS)
    server = LocalServer(files, certificate)
    home.proxy(server.url, authority)
    error, _ = offline(call, home)
    server.close()
    assert "has a certificate that is not trusted: REQUESTS_CA_BUNDLE=FILE names others" in error
