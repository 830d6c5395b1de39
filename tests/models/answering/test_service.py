"""A service that fails, is slow to allow calls, or answers something else."""

import json
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from audit.core.errors import ModelError
from audit.models.answering.classifier import AnsweringClassifier
from audit.models.answering.model import Function, name_of
from audit.models.answering.service import Service

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3), np.uint8)


def mean_colours(images):
    return images.mean(axis=(1, 2))


class Moody:
    """Fails so many times, and keeps how many images it was asked of."""

    def __init__(self, fails):
        self.fails, self.asked = fails, []

    def __call__(self, images):
        self.asked.append(len(images))
        if len(self.asked) <= self.fails:
            raise ConnectionError("reset by peer\nand more")
        return mean_colours(images)


def test_images_come_in_batches():
    ask = Moody(0)
    found = Service(ask, batch=3)(IMAGES)
    assert ask.asked == [3, 3, 1]
    np.testing.assert_allclose(found, mean_colours(IMAGES), rtol=1e-6)


def test_one_that_fails_twice_is_asked_again():
    ask = Moody(2)
    found = Service(ask, batch=7, wait=0.001)(IMAGES)
    assert ask.asked == [7, 7, 7] and len(found) == 7


def test_each_wait_is_twice_the_last(monkeypatch):
    waited = []
    monkeypatch.setattr("audit.models.answering.service.time.sleep", waited.append)
    with pytest.raises(ModelError, match=r"failed 4 times.*ConnectionError: reset by peer\.$"):
        Service(Moody(9), tries=4, wait=0.5)(IMAGES)
    assert waited == [0.5, 1, 2]


def test_calls_come_no_faster_than_allowed():
    begun = time.monotonic()
    Service(mean_colours, batch=1, per_second=50)(IMAGES)
    assert time.monotonic() - begun >= 6 / 50


def test_answers_of_another_number_are_one_line():
    with pytest.raises(ModelError, match=r"returned \(1, 3\) for 7 images"):
        Service(lambda images: mean_colours(images)[:1])(IMAGES)


@pytest.mark.parametrize("given", [{"batch": 0}, {"tries": 0}, {"wait": -1}, {"per_second": 0}])
def test_settings_that_cannot_be_are_refused(given):
    with pytest.raises(ModelError, match="A service needs"):
        Service(mean_colours, **given)


def test_it_is_known_by_what_it_asks():
    assert name_of(Service(mean_colours)) == name_of(mean_colours)
    assert name_of(Service(Moody(0))) == name_of(Moody(0))


class Handler(BaseHTTPRequestHandler):
    """Answers with mean colours; every third request with an error."""

    requests = 0

    def do_POST(self):
        type(self).requests += 1
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.requests % 3 == 0:
            self.send_error(503)
            return
        images = np.frombuffer(content, np.uint8).reshape(-1, 32, 32, 3)
        told = json.dumps(mean_colours(images).tolist()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_):
        pass


@pytest.fixture
def address():
    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_server_that_is_overloaded_at_times_is_a_classifier(address):
    def ask(images):
        with urllib.request.urlopen(address, data=images.tobytes()) as answer:
            return json.load(answer)

    service = Service(ask, batch=2, wait=0.001)
    found = AnsweringClassifier(Function(service, 32)).logits(IMAGES)
    np.testing.assert_allclose(found, mean_colours(IMAGES), rtol=1e-5)
    assert Handler.requests > 5
