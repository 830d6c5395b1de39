/* Sorts tables of class "fa-sortable" by a click on a heading; without JavaScript they stay as they are. */
(function () {
  "use strict";

  function value(row, column) {
    var cell = row.cells[column];
    var raw = cell.hasAttribute("data-sort") ? cell.getAttribute("data-sort") : cell.textContent.trim();
    return raw !== "" && isFinite(raw) ? Number(raw) : raw;
  }

  function compare(a, b, down) {
    if (a === "" || b === "") return (a === "") - (b === ""); // undefined stays last either way
    var order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
    return down ? -order : order;
  }

  function sort(heading, headings) {
    var down = heading.getAttribute("aria-sort") === "ascending";
    var body = heading.closest("table").tBodies[0];
    var rows = Array.prototype.slice.call(body.rows);
    rows.sort(function (a, b) {
      return compare(value(a, heading.cellIndex), value(b, heading.cellIndex), down);
    });
    headings.forEach(function (other) { other.setAttribute("aria-sort", "none"); });
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    rows.forEach(function (row) { body.appendChild(row); });
  }

  document.querySelectorAll("table.fa-sortable").forEach(function (table) {
    var headings = Array.prototype.slice.call(table.tHead.rows[0].cells);
    headings.forEach(function (heading) {
      var button = document.createElement("button");
      button.type = "button";
      button.title = heading.title;
      while (heading.firstChild) button.appendChild(heading.firstChild);
      button.addEventListener("click", function () { sort(heading, headings); });
      heading.appendChild(button);
      heading.setAttribute("aria-sort", "none");
    });
  });
})();
