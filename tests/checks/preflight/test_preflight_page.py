"""What the report says of a preflight: on its page, on the first screen, and for programs."""

import pytest
from drawnruns import make_run
from uncharted import content

from audit.checks.preflight.outcome import gathered, kept
from audit.core.observation import Observation
from audit.report.exports import summary, summary_md
from audit.report.findings import findings
from audit.report.pages import shared
from audit.report.source import load
from audit.report.templating import fill

STRONG = Observation("class-order", "Order of the classes", "8% <b>instead</b> of 100%", "strong",
                     "give --class-order number")  # fmt: skip


@pytest.fixture
def told(tmp_path):
    """The content of a report whose run kept these observations."""

    def of(*observations, anyway=False):
        run = make_run(tmp_path / "run", images=4, corrupted=0, examined=False)
        run.update_manifest(preflight=kept(gathered(observations, anyway=anyway)))
        return content(load(run))

    return of


def test_a_run_that_went_on_with_inputs_read_wrongly_says_so_before_anything_else(told):
    found = told(STRONG, anyway=True)
    opening = fill("partials/opening.html", links=False, **shared(found))
    assert opening.index("Do not judge the model by this report") < opening.index("right predict")
    assert "8% &lt;b&gt;instead&lt;/b&gt; of 100%: give --class-order number." in opening
    assert "**Inputs are read wrongly" in summary_md(found).decode()
    first = findings(found)[0]
    assert (first.key, first.severity) == ("read-wrongly", "blocks")


def test_the_page_lists_what_was_seen_and_what_mends_it(told):
    weak = Observation("suffixes", "Files left out", "3 .heic files", "weak", "convert them")
    page = fill("checks/preflight/summary.html", **shared(told(weak)))
    assert "none is read wrongly beyond doubt; 1 is worth a look" in page
    assert '<td class="fa-text">convert them</td>' in page


def test_the_summary_for_programs_holds_every_observation(told):
    kept_there = summary(told(STRONG, anyway=True))["preflight"]
    assert kept_there == {"anyway": True, "observations": [vars(STRONG)]}


def test_a_run_of_an_earlier_version_has_no_such_page(told):
    found = told()
    assert found.checks["preflight"] is None
    assert summary(found)["preflight"] is None
