"""Credentials and whole paths in text of any kind."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.errors import RunFolderError
from audit.core.redact import Shown, credentials, holds_secret, paths
from audit.storage.paths import location

SECRET = "pl4nted/s3c+ret"


# Credentials


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"s3://AKIA:{SECRET}@bucket/run", "s3://***@bucket/run"),
        (f"No s3:/AKIA:{SECRET}@bucket/run.", "No s3:/***@bucket/run."),
        (f"https://ann:{SECRET}@mirror:8443/a, b", "https://***@mirror:8443/a, b"),
        (f"ray://{SECRET.split('/')[0]}@head:10001", "ray://***@head:10001"),
        (
            f"proxy 'http://ann:{SECRET}@proxy:3128' is down",
            "proxy 'http://***@proxy:3128' is down",
        ),
        (f"simplecache::s3://a:{SECRET}@b/c", "simplecache::s3://***@b/c"),
        (
            f"https://h/x?a=1&X-Amz-Signature={SECRET}&b=2",
            "https://h/x?a=1&X-Amz-Signature=***&b=2",
        ),
        (f"https://h/x?sv=1&sig={SECRET}", "https://h/x?sv=1&sig=***"),
        (f"https://h/x?token={SECRET} gone", "https://h/x?token=*** gone"),
        (f"AWS_SECRET_ACCESS_KEY={SECRET} set", "AWS_SECRET_ACCESS_KEY=*** set"),
        (f"x;AccountKey={SECRET};EndpointSuffix=e", "x;AccountKey=***;EndpointSuffix=e"),
        (f"{{'key': 1, 'secret': '{SECRET}'}}", "{'key': 1, 'secret': '***'}"),
        (f"Authorization: Bearer {SECRET}", "Authorization: Bearer ***"),
        ("no key AKIAIOSFODNN7EXAMPLE", "no key ***"),
    ],
)
def test_credentials_are_hidden_and_the_rest_stays(text, shown):
    assert credentials(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "http://host:8080/a@b",
        "abfs://container@account.dfs.core.windows.net/run",
        "ann@example.com: see https://example.com/a?page=2",
        "signature: serving_default; token: rose",
        "12.5/s, 3 of 4",
    ],
)
def test_text_without_credentials_stays_as_it_is(text):
    assert credentials(text) == text


@given(st.text())
def test_hiding_twice_hides_no_more(text):
    assert credentials(credentials(text)) == credentials(text)


@pytest.mark.parametrize(
    "piece",
    ["token", "secret=", "'secret'", "?sig", "a:/", "s3://a:", "'", "/a", "~/", "authorization:"],
)
def test_hostile_text_takes_no_longer_than_its_length(piece):
    """Quadratic time would take minutes."""
    assert Shown(["/srv/photos"]).text(piece * 60_000 + " @ = '")


@pytest.mark.parametrize(
    ("url", "named", "keys"),
    [
        (f"s3://AKIA:{SECRET}@bucket/run", "s3://bucket ", "~/.aws/credentials"),
        (f"gs://b/run?X-Goog-Signature={SECRET}", "gs://b ", "GOOGLE_APPLICATION_CREDENTIALS"),
        (f"az://c/run?sig={SECRET}", "az://c ", "AZURE_STORAGE_CONNECTION_STRING"),
        (f"sftp://ann:{SECRET}@host/run", "sftp://host ", "~/.config/fsspec"),
    ],
)
def test_a_place_with_credentials_is_refused_without_telling_them(url, named, keys):
    with pytest.raises(RunFolderError) as refused:
        location(url)
    told = str(refused.value)
    assert named in told and keys in told
    assert SECRET not in told and "AKIA" not in told and "\n" not in told


@pytest.mark.parametrize("url", ["sftp://ann@host/run", "abfs://container@account/run", "s3://b/x"])
def test_a_name_to_log_in_by_is_no_secret(url):
    assert not holds_secret(url)


@pytest.mark.parametrize("command", [["report"], ["check"], ["compare", "a"]])
def test_a_run_with_credentials_is_refused_by_every_command(call, command):
    url = f"s3://AKIA:{SECRET}@bucket/run"
    code, said, err = call(*command, url)
    assert (code, said) == (1, "")
    assert err.startswith("Error: The URL of s3://bucket carries credentials")
    assert SECRET not in err


# Paths


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no /home/ann/photos/rose/1.png: torn", "no photos/rose/1.png: torn"),
        ("no '/home/ann/my masks/rose/1.png'", "no 'my masks/rose/1.png'"),
        ("a /home/ann/my masks/1.png b", "a my masks/1.png b"),
        ("other /home/ann/photos2/1.png", "other 1.png"),
        ("see '/home/bob smith/x y.png'", "see 'x y.png'"),
        ("(/srv/data/a.png, /srv/b.png)", "(a.png, b.png)"),
        ("in /home/ann or /Users/bob", "in ~ or ~"),
        ("C:\\Users\\ann\\a.png and \\\\server\\disk\\b.png", "a.png and b.png"),
        ("file:///srv/a/b.png", "b.png"),
        ("~/photos/a.png", "a.png"),
        ("photos/a.png, s3://bucket/a/b, 3.1/s, 1/2, a / b", None),
    ],
)
def test_of_a_path_its_end_is_shown(text, shown):
    assert paths(text, ["/home/ann/photos", "/home/ann/my masks"]) == (shown or text)


def test_the_home_directory_is_shown_as_such(monkeypatch):
    monkeypatch.setenv("HOME", "/nfs/staff/ann")
    assert paths("in /nfs/staff/ann, /nfs/staff/ann/x") == "in ~, x"


def test_what_was_given_relative_is_known_by_its_whole_path(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert paths(f"no {tmp_path}/photos/rose/1.png", ["photos"]) == "no photos/rose/1.png"


def test_what_was_given_by_a_link_is_known_by_where_it_leads(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "photos").symlink_to(tmp_path / "disk")
    shown = paths(f"no {tmp_path}/disk/1.png", [str(tmp_path / "photos")])
    assert shown == "no disk/1.png"


def test_words_of_a_command_line_are_shown_each_for_itself():
    line = shlex.join(
        ["flower-audit", "run", "--images", "/home/ann/my photos", "--model=/srv/m.keras", "--out",
         "../../ann/run", "--data-dir", f"s3://AKIA:{SECRET}@bucket/x", "--limit", "3"]
    )  # fmt: skip
    assert Shown().command(line) == (
        "flower-audit run --images 'my photos' --model=m.keras --out run "
        "--data-dir 's3://***@bucket/x' --limit 3"
    )


SEGMENTER = "/home/ann/venv/bin/python '/home/ann/my seg.py' {image} {mask} --api-key k1 --token=k2"
SHOWN = "python 'my seg.py' {image} {mask} --api-key '***' '--token=***'"


@pytest.mark.parametrize("nested", [True, False])
def test_a_command_among_the_settings_keeps_no_folder_and_no_credentials(nested):
    settings = {"segmenter": SEGMENTER, "subject": "flower"}
    config = {"masks": settings} if nested else settings
    told = Shown.of(config).section({"config": config})["config"]
    assert (told["masks"] if nested else told)["segmenter"] == SHOWN


def test_a_command_within_a_command_line_is_redacted_too():
    for words in (["--segmenter", SEGMENTER], [f"--segmenter={SEGMENTER}"]):
        told = Shown().command(shlex.join(["flower-audit", "run", *words]))
        assert SHOWN in shlex.split(told)[-1]
        assert "/home" not in told and "k1" not in told and "k2" not in told


@pytest.mark.parametrize("name", ["grabcut", "rembg", "python seg.py {image} {mask}"])
def test_a_segmenter_without_anything_private_stays_as_it_is(name):
    assert Shown().section({"config": {"segmenter": name}})["config"]["segmenter"] == name


def test_a_command_line_that_is_none_is_shown_as_text():
    assert Shown().command("run '/srv/a/b.png") == "run 'b.png"


def test_names_by_which_things_are_known_again_stay():
    told = {"data": {"classes": ["/a/b"]}, "model": {"feature_layer": "/features/0/Conv"}}
    told["config"] = {"feature_layer": "/features/0/Conv", "images": "/srv/photos", "seed": 1}
    shown = Shown().section(told)
    assert shown == told | {"config": told["config"] | {"images": "photos"}}
