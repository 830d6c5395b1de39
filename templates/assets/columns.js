/* Which columns of a wide table are shown: a list of its headings to tick. */
(function () {
  "use strict";

  var MANY = 7; // columns that a page has room for

  /* Columns that a cell is of, shown or not. */
  window.FA_SPAN = function (cell) { return Number(cell.dataset.span || cell.colSpan); };

  /* A cell over several columns is as wide as those of them that are shown. */
  function draw(row, hidden) {
    var at = 0;
    Array.from(row.cells).forEach(function (cell) {
      var wide = window.FA_SPAN(cell), shown = 0;
      for (var k = 0; k < wide; k++) shown += hidden.has(at + k) ? 0 : 1;
      if (wide > 1) cell.dataset.span = wide;
      cell.hidden = shown === 0;
      cell.colSpan = shown || 1;
      at += wide;
    });
  }

  function box(title, change) {
    var label = document.createElement("label"), field = document.createElement("input");
    field.type = "checkbox";
    field.checked = true;
    field.addEventListener("change", function () { change(field.checked); });
    label.append(field, " " + title);
    return label;
  }

  function isPlain(table) {
    var head = table.tHead;
    return head && head.rows.length === 1 && head.rows[0].cells.length >= MANY && !table.querySelector("[rowspan]");
  }

  function named(heading) {
    var small = heading.querySelector("small");
    return (small ? heading.textContent.replace(small.textContent, "") : heading.textContent).trim();
  }

  /* The list, to stand among a table's tools; nothing where the table is narrow. The first column names the rows. */
  window.FA_COLUMNS = function (table) {
    if (!isPlain(table)) return [];
    var hidden = new Set(), list = document.createElement("details"), title = document.createElement("summary");
    var boxes = document.createElement("div");
    list.className = "fa-chooser";
    title.textContent = "Columns";
    Array.from(table.tHead.rows[0].cells).forEach(function (heading, column) {
      if (column === 0) return;
      boxes.append(box(named(heading), function (shown) {
        hidden[shown ? "delete" : "add"](column);
        Array.from(table.rows).forEach(function (row) { draw(row, hidden); });
        title.textContent = hidden.size ? "Columns (" + hidden.size + " hidden)" : "Columns";
      }));
    });
    list.append(title, boxes);
    list.addEventListener("keydown", function (event) {
      if (event.key !== "Escape" || !list.open) return;
      list.open = false;
      title.focus();
    });
    return [list];
  };
})();
