"""The pages' Content Security Policy in Chromium: the second line, should a name become markup."""

import base64
import functools
import hashlib
import http.server
import re
import shutil
import threading

import pytest
from links import read_site
from searching import Search
from waiting import until

_PLANTED = """
<script>window.ran = "a script"</script>
<script src="http://127.0.0.1:9/stranger.js"></script>
<img src="data:," onerror="window.ran = 'a handler'">
<img src="http://127.0.0.1:9/stranger.png">
<svg onload="window.ran = 'an svg'"></svg>
<iframe srcdoc="<script>parent.ran = 'a frame'</script>"></iframe>
<object data="data:text/html,x"></object>
<base href="http://127.0.0.1:9/">
<form id="planted" action="http://127.0.0.1:9/"></form>
<a id="link" href="javascript:window.ran = 'a link'">x</a>
</body>"""


@pytest.fixture(scope="module")
def planted(report, compared, tmp_path_factory):
    """The rendered pages with markup of a stranger's in each."""
    root = tmp_path_factory.mktemp("planted")
    shutil.copytree(report.report_dir, root / "report")
    shutil.copy(report.report_html, root)
    shutil.copy(compared / "compare.html", root)
    for page in root.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace("</body>", _PLANTED), encoding="utf-8")
    return root


@pytest.fixture
def tab(chromium):
    """A page to open things in, with the addresses it asked for and the errors it told."""
    context = chromium.new_context()
    page = context.new_page()
    asked, errors = [], []
    page.on("request", lambda r: asked.append(r.url))
    page.on("console", lambda m: m.type == "error" and errors.append(m.text))
    page.on("pageerror", lambda e: errors.append(str(e)))
    yield page, asked, errors
    context.close()


@pytest.mark.parametrize(
    "file",
    [
        "report.html",
        "compare.html",
        "report/index.html",
        "report/gallery.html",
        "report/classes.html",
        "report/cases/right-reasons-1.html",
        "report/classes/1-*.html",
    ],
)
def test_markup_planted_into_a_page_runs_nothing_and_asks_no_network(planted, tab, file):
    page, asked, errors = tab
    page.goto(next(planted.glob(file)).as_uri())
    page.locator("#link").evaluate("e => e.click()")
    page.evaluate("document.getElementById('planted').submit()")
    assert page.evaluate("window.ran") is None
    assert page.evaluate("document.baseURI === location.href")
    refused = [e for e in errors if "violates the following Content Security Policy" in e]
    strangers = {url for url in asked if url.startswith("http")} | {"http://127.0.0.1:9/?"}
    assert all(any(f"'{url}'" in e for e in refused) for url in strangers)


def own_script(page):
    """A single file's script as a policy names it."""
    text = re.findall("<script>(.*?)</script>", page.file.read_text("utf-8"), re.DOTALL)
    assert len(text) == 1
    return f"sha256-{base64.b64encode(hashlib.sha256(text[0].encode()).digest()).decode()}"


@pytest.mark.usefixtures("each_builder")
def test_no_page_allows_inline_scripts_but_single_files_their_own(report, compared):
    single = read_site(report.root)[report.report_html.resolve()]
    comparison = read_site(compared)[(compared / "compare.html").resolve()]
    for page in [*read_site(report.report_dir).values(), single, comparison]:
        metas = [a for tag, a in page.elements if tag == "meta"]
        policy = next(m["content"] for m in metas if "http-equiv" in m)
        rules = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
        assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
        own = f"'{own_script(page)}'" if page in (single, comparison) else "'none'"
        assert rules.get("script-src", "'none'") in (own, "'self' file:"), page.file
        assert not rules.keys() & {"object-src", "frame-src", "script-src-attr", "script-src-elem"}


@pytest.mark.usefixtures("each_builder")
def test_no_page_holds_a_script_or_a_handler_of_its_own(report, compared):
    single = read_site(report.root)[report.report_html.resolve()]
    files = (single, *read_site(compared).values())
    for page in [*read_site(report.report_dir).values(), *files]:
        for tag, attributes in page.elements:
            data = attributes.get("type") == "application/json"
            own = page in files and not attributes  # its policy names it
            assert tag != "script" or data or own or "src" in attributes, page.file
            assert not any(re.match("on[a-z]", name) for name in attributes), page.file


def test_a_choice_of_colours_holds_on_the_next_page(visit, report):
    page = visit(report.report_dir / "index.html")
    page.get_by_title("Switch to dark mode").click()
    until(page, "document.body.dataset.mdColorScheme === 'slate'")
    page.goto(next((report.report_dir / "classes").glob("1-*.html")).as_uri())
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"


def test_a_served_report_searches_and_filters_as_one_on_disk_does(report, tab, site_builder):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    page, asked, errors = tab
    handler = functools.partial(Quiet, directory=str(report.root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}/report"
        page.goto(f"{root}/index.html")
        assert Search(page, site_builder).open().find("tiger") > 0
        page.goto(f"{root}/gallery.html#show=mask&verdict=wrong-reasons")
        page.locator("#fa-grid svg path.fa-line").first.wait_for(state="attached")
        server.shutdown()
    assert all(url.startswith((root, "data:")) for url in asked)
    assert errors == []
