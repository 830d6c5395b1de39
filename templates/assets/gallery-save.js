/* A case as one PNG: photo, heatmaps with their legend, what the model was shown, and whose answer it is. */
(function () {
  "use strict";

  var data = window.FA_CASES, gallery = window.FA;
  var SIDE = 224, GAP = 8, EDGE = 24, COLUMNS = 4, SHARPER = 2, MOST_LINES = 5, THICK = 1.3; // px of a line of 1 px, as panels are small
  var WIDTH = COLUMNS * SIDE + (COLUMNS - 1) * GAP + 2 * EDGE;

  /* A sheet that grows downwards: it is drawn once its height is known. */
  function Sheet(save) {
    var steps = [], y = EDGE;

    function written(text, x, from, width, style, most) {
      var font = style.weight + " " + style.size + "px " + save.FONT, lines = save.lines(text, font, width);
      if (lines.length > most) lines = lines.slice(0, most - 1).concat(lines[most - 1].slice(0, -1) + "…");
      lines.forEach(function (line, k) {
        steps.push(function (context) {
          context.font = font;
          context.fillStyle = style.colour;
          context.fillText(line, x, from + (k + 1) * 1.4 * style.size);
        });
      });
      return lines.length * 1.4 * style.size;
    }

    this.text = function (text, size, weight, colour, most) {
      y += written(text, EDGE, y, WIDTH - 2 * EDGE, { size: size, weight: weight, colour: colour }, most || MOST_LINES);
    };
    this.space = function (px) { y += px; };
    this.picture = function (canvas) {
      var top = y;
      steps.push(function (context) { context.drawImage(canvas, EDGE, top, canvas.width / SHARPER, canvas.height / SHARPER); });
      y += canvas.height / SHARPER;
    };
    /* Panels beside each other, their captions below. */
    this.row = function (panels) {
      var top = y, small = { size: 11, weight: 400, colour: save.SOFT };
      var tall = panels.map(function (panel, k) {
        var x = EDGE + k * (SIDE + GAP);
        steps.push(function (context) { context.drawImage(panel.canvas, x, top, SIDE, SIDE); });
        return written(panel.caption, x, top + SIDE, SIDE, small, MOST_LINES);
      });
      y += SIDE + Math.max.apply(null, tall) + 2 * GAP;
    };
    this.draw = function (key) {
      var canvas = document.createElement("canvas"), context = canvas.getContext("2d");
      canvas.width = SHARPER * WIDTH;
      canvas.height = SHARPER * Math.ceil(y + EDGE);
      context.scale(SHARPER, SHARPER);
      context.fillStyle = "#fff";
      context.fillRect(0, 0, WIDTH, y + EDGE);
      context.fillStyle = key;
      context.fillRect(0, 0, WIDTH, 6);
      steps.forEach(function (step) { step(context); });
      return canvas;
    };
  }

  function captionOf(i, show) {
    if (show === "photo") return "Photo";
    if (show === "mask") return "Mask of the " + data.subject + " (" + data.masks[data.mask[i]] + ")";
    var k = Number(show.slice(-1));
    return data.titles[k] + ": " + gallery.percent(data["mass" + k][i]) + " of its mass on the " + data.subject;
  }

  /* Boxes in layers of the photo, each heatmap and the mask, made inside `room`, out of sight. */
  function boxes(i, details, lines, room) {
    var heats = data.titles.map(function (_, k) { return "heat" + k; });
    var shows = ["photo"].concat(heats.filter(function (show) { return gallery.heat(i, show); }), "mask");
    return shows.map(function (show) {
      var box = document.createElement("div");
      gallery.layers(box, i, show);
      box.appendChild(gallery.outlines(details, show === "mask" ? { mask: true } : lines));
      room.appendChild(box);
      return { box: box, caption: captionOf(i, show) };
    });
  }

  function shown(dialog) {
    return Array.from(dialog.querySelectorAll(".fa-words figure"), function (figure) {
      return { box: figure, caption: figure.querySelector("figcaption").textContent };
    });
  }

  function painted(panels, at) {
    return Promise.all(panels.map(function (panel) {
      return gallery.paint(panel.box, SHARPER * SIDE, THICK, at).then(function (canvas) {
        return { canvas: canvas, caption: panel.caption };
      });
    }));
  }

  function linesInWords(lines) {
    return (lines.outline ? " White line: outline of the " + data.subject + "." : "") +
      (lines.region ? " Dashed in orange: the region tested." : "");
  }

  function compose(dialog, panels, lines, at) {
    var save = window.FA_SAVE, sheet = new Sheet(save);
    function said(part) { return dialog.querySelector(part).textContent; }
    sheet.text(said("#fa-case-name"), 20, 600, save.INK, 3);
    sheet.text(said(".fa-answer"), 14, 400, save.INK);
    sheet.text(said(".fa-verdict-line") + ": " + Array.from(dialog.querySelectorAll(".fa-reasons li"), function (part) {
      return part.textContent;
    }).join("; "), 14, 400, save.INK, 8);
    sheet.space(2 * GAP);
    for (var k = 0; k < panels.length; k += COLUMNS) sheet.row(panels.slice(k, k + COLUMNS));
    sheet.picture(gallery.legend(SHARPER * SIDE, SHARPER * 20, at));
    sheet.text("No relevance at the left, most relevance of this image at the right, at " + Math.round(100 * at) +
      "% opacity; above as over light parts of the photo, below as over dark ones." + linesInWords(lines), 11, 400, save.SOFT);
    sheet.space(GAP);
    sheet.text(dialog.dataset.run, 11, 400, save.SOFT);
    return sheet.draw(getComputedStyle(dialog).borderTopColor);
  }

  /* Save case `i` as `state` shows it; a promise of the file's name. Heat that is faded out is saved in full. */
  gallery.save = function (dialog, i, state, tell) {
    var at = Number(state.at) / 100 || 1, room = dialog.appendChild(document.createElement("div"));
    var lines = { outline: state.lines.indexOf("outline") >= 0, region: state.lines.indexOf("region") >= 0 };
    room.hidden = true;
    return gallery.open(i, tell)
      .then(function () { return new Promise(function (done) { gallery.details(i, done); }); })
      .then(function (details) { return painted(boxes(i, details, lines, room).concat(shown(dialog)), at); })
      .then(function (panels) {
        return window.FA_SAVE.picture(compose(dialog, panels, lines, at), data.anchor[i] + ".png");
      })
      .finally(function () { room.remove(); });
  };
})();
