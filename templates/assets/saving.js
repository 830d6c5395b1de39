/* Saves what a page draws as a file: it is made here, and nothing is asked of any network. */
(function () {
  "use strict";

  var measure = document.createElement("canvas").getContext("2d");

  /* Lines of a text that fit a width in px; a word that is longer is broken. */
  function lines(text, font, width) {
    var found = [], line = "";
    function fits(more) { return measure.measureText(line + more).width <= width; }
    function end() { if (line) found.push(line); line = ""; }
    measure.font = font;
    text.split(/\s+/).filter(Boolean).forEach(function (word) {
      if (line && fits(" " + word)) { line += " " + word; return; }
      end();
      Array.from(word).forEach(function (sign) { if (!fits(sign)) end(); line += sign; });
    });
    end();
    return found;
  }

  function file(blob, name) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 60000);
    return name;
  }

  function picture(canvas, name) {
    return new Promise(function (done) {
      canvas.toBlob(function (blob) { done(file(blob, name)); }, "image/png");
    });
  }

  /* A name for a file that every system takes. */
  function named(text) {
    return text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 80) || "picture";
  }

  function load(address) {
    var image = new Image();
    image.src = address;
    return image.decode().then(function () { return image; });
  }

  window.FA_SAVE = {
    FONT: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif', INK: "#1d2733", SOFT: "#5a6672",
    lines: lines, file: file, picture: picture, named: named, load: load
  };
})();
