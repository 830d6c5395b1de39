"""The search of a report's site: the dialogs of Material and of Zensical, in one set of words."""

from waiting import until


class Search:
    """The search of an open page."""

    def __init__(self, page, site_builder):
        self.page = page
        self._zensical = site_builder == "zensical"
        if self._zensical:
            self.field = page.get_by_role("combobox", name="Search")
            self.hits = page.get_by_role("listbox", name="Search results").get_by_role("option")
            self._status = page.get_by_role("dialog", name="Search").get_by_role("status")
        else:
            self.field = page.get_by_role("textbox", name="Search")
            self.hits = page.locator(".md-search-result__link")
            self._status = page.locator(".md-search-result__meta")

    def open(self):
        """Open it, and wait until its index is read."""
        if self._zensical:
            self.page.locator(".md-search__button").click()
        else:
            self.field.click()
        self.field.wait_for()
        until(self.page, "e => !/Initializing|Loading/.test(e.textContent)", self._status_now())
        return self

    def find(self, text):
        """Search for a text, and wait for the answer; return how many pages and sections fit."""
        self.field.fill("")
        self.page.wait_for_timeout(50)
        self.field.fill(text)
        self.page.keyboard.press("End")
        done = "e => /\\d|No /.test(e.textContent)"
        until(self.page, done, self._status_now())
        return self.hits.count()

    def links(self):
        """Return where the pages and sections that fit are, those that are folded among them."""
        return self.hits.evaluate_all("hits => hits.map(hit => hit.getAttribute('href'))")

    def _status_now(self):
        return self._status.element_handle()
