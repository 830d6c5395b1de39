/* Above each table: copy it, and filter its rows where they are many; without JavaScript it stays as it is. */
(function () {
  "use strict";

  var MANY = 12; // rows that are seen at once

  function copier(title, form, table) {
    return window.FA_COPIER(title, function () { return window.FA_TABLE[form](table); });
  }

  function keep(rows, texts, typed) {
    rows.forEach(function (row, i) { row.hidden = !texts[i].includes(typed); });
    return rows.filter(function (row) { return !row.hidden; }).length;
  }

  function numbered(n) { return n.toLocaleString("en"); }

  function filter(table, rows) {
    var field = document.createElement("input"), count = document.createElement("span");
    var texts = rows.map(function (row) { return row.textContent.toLowerCase(); });
    var of = " of " + numbered(rows.length) + " " + (table.dataset.rows || "rows");
    field.type = "search";
    field.placeholder = "Filter";
    count.textContent = numbered(rows.length) + of;
    field.setAttribute("aria-label", "Filter the rows of this table");
    count.setAttribute("role", "status");
    field.addEventListener("input", function () {
      var typed = field.value.trim().toLowerCase();
      count.textContent = numbered(keep(rows, texts, typed)) + of;
      table.classList.toggle("fa-filtered", typed !== "");
    });
    return [field, count];
  }

  document.querySelectorAll(".fa-scroll > table.fa-table").forEach(function (table) {
    var rows = Array.from(table.tBodies).flatMap(function (body) { return Array.from(body.rows); });
    var tools = document.createElement("div");
    tools.className = "fa-tools";
    if (rows.length > MANY) tools.append.apply(tools, filter(table, rows));
    tools.append.apply(tools, window.FA_COLUMNS(table));
    tools.append(copier("Copy Markdown", "markdown", table), copier("Copy CSV", "csv", table));
    table.parentNode.before(tools);
  });
})();
