/* Sorts tables of class "fa-sortable" by a button in each heading; without JavaScript they stay as they are. */
(function () {
  "use strict";

  var NUMBER = /^[+\-\u2212]?\d[\d,]*(\.\d+)?%?$/, words = new Intl.Collator("en", { numeric: true });

  /* The cell of a column, where cells before it may be as wide as several. */
  function cellOf(row, column) {
    var cells = Array.from(row.cells), at = 0;
    var found = cells.find(function (cell) { at += window.FA_SPAN(cell); return at > column; });
    return window.FA_SPAN(found) > 1 ? null : found;
  }

  /* What a cell is sorted by: a number where it is one; null where it is undefined or empty. */
  function value(row, column) {
    var cell = cellOf(row, column);
    if (!cell) return null;
    var told = cell.hasAttribute("data-sort") ? cell.getAttribute("data-sort") : cell.textContent.trim();
    if (told === "" || told === "undefined") return null;
    var plain = NUMBER.test(told) ? told.replace("\u2212", "-").replace(/[,%]/g, "") : told;
    return isFinite(plain) ? Number(plain) : told;
  }

  /* Numbers where a column has nothing else, so that a class called 7 stays among the names. */
  function comparer(keys) {
    var numbers = keys.every(function (key) { return key === null || typeof key === "number"; });
    return numbers ? function (a, b) { return a - b; } : function (a, b) { return words.compare(a, b); };
  }

  /* Equal rows keep their order, and what is undefined comes last either way. */
  function sort(heading, headings) {
    var down = heading.getAttribute("aria-sort") === "ascending", body = heading.closest("table").tBodies[0];
    var column = headings.indexOf(heading), rows = Array.from(body.rows);
    var keys = new Map(rows.map(function (row) { return [row, value(row, column)]; }));
    var compare = comparer(Array.from(keys.values()));
    rows.sort(function (one, other) {
      var a = keys.get(one), b = keys.get(other);
      if (a === null || b === null) return (a === null) - (b === null);
      return down ? compare(b, a) : compare(a, b);
    });
    headings.forEach(function (each) { each.setAttribute("aria-sort", "none"); });
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    body.append.apply(body, rows);
  }

  document.querySelectorAll("table.fa-sortable").forEach(function (table) {
    var headings = Array.from(table.tHead.rows[0].cells);
    headings.forEach(function (heading) {
      var button = document.createElement("button"), small = heading.querySelector("small");
      button.type = "button";
      button.className = "fa-sort";
      button.setAttribute("aria-label", "Sort by " + heading.textContent.trim());
      button.addEventListener("click", function () { sort(heading, headings); });
      heading.insertBefore(button, small);
      heading.setAttribute("aria-sort", "none");
    });
  });
})();
