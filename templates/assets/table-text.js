/* Tables as text to paste: Markdown, and CSV in which no cell is a formula. */
(function () {
  "use strict";

  var MARKS = /[\\`*_{}\[\]<>#|~!$&]/g, FORMULA = /^[=+\-@\t\r\n]/, PLUS = /^\+(?=\d[\d.,]*%?( \(|$))/;
  var NUMBER = /^[\-\u2212]?\d[\d,]*(\.\d+)?%?$/;

  /* What a cell says; what stands small below it is put in brackets. */
  function words(node) {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.nodeName === "svg" || node.nodeType !== Node.ELEMENT_NODE) return "";
    var inner = Array.from(node.childNodes, words).join("");
    if (node.nodeName === "BR") return " ";
    return node.nodeName === "SMALL" && inner.trim() ? " (" + inner.trim() + ") " : inner;
  }

  function said(cell) { return words(cell).replace(/\s+/g, " ").trim(); }

  /* Rows as lists of texts: a cell over several rows is said in each, one over several columns in the first. */
  function grid(rows, again) {
    var lines = rows.map(function () { return []; });
    rows.forEach(function (row, y) {
      var x = 0;
      Array.from(row.cells).filter(function (cell) { return !cell.hidden; }).forEach(function (cell) {
        while (lines[y][x] !== undefined) x++;
        for (var dy = 0; dy < cell.rowSpan && y + dy < rows.length; dy++) {
          for (var dx = 0; dx < cell.colSpan; dx++) lines[y + dy][x + dx] = dx && !again ? "" : said(cell);
        }
      });
    });
    return lines;
  }

  function heading(lines) {
    return (lines[0] || []).map(function (_, x) {
      var told = lines.map(function (line) { return line[x] || ""; });
      return told.filter(function (text, y) { return text && told.indexOf(text) === y; }).join(" ");
    });
  }

  /* The heading, and the rows and columns that are shown. */
  function read(table) {
    var shown = Array.from(table.rows).filter(function (row) { return !row.hidden && row.parentNode !== table.tHead; });
    var lines = grid(shown, false);
    var head = heading(grid(Array.from(table.tHead ? table.tHead.rows : []), true));
    return { head: head.length ? head : (lines[0] || []).map(function () { return ""; }), lines: lines };
  }

  function inMarkdown(text) {
    return text.replace(MARKS, function (sign) {
      return { "<": "&lt;", ">": "&gt;", "&": "&amp;" }[sign] || "\\" + sign;
    });
  }

  function inCsv(text) {
    var cell = text.replace(PLUS, "");
    if (NUMBER.test(cell)) cell = cell.replace("\u2212", "-").replace(/,/g, "");
    else if (FORMULA.test(cell)) cell = "'" + cell;
    return /[",\n]/.test(cell) ? '"' + cell.replace(/"/g, '""') + '"' : cell;
  }

  window.FA_TABLE = {
    markdown: function (table) {
      var told = read(table);
      function line(cells) { return "| " + cells.map(inMarkdown).join(" | ") + " |\n"; }
      return line(told.head) + "|" + " --- |".repeat(told.head.length) + "\n" + told.lines.map(line).join("");
    },
    csv: function (table) {
      var told = read(table), named = told.head.some(Boolean);
      return (named ? [told.head] : []).concat(told.lines).map(function (cells) {
        return cells.map(inCsv).join(",") + "\n";
      }).join("");
    }
  };
})();
