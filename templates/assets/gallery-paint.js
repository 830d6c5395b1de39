/* Paints on a canvas what a case shows in layers, from pictures that the page may read. */
(function () {
  "use strict";

  var data = window.FA_CASES, gallery = window.FA, chosen = null;
  window.FA_HELD = {};

  function blank(width, height) {
    var canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    return canvas;
  }

  /* A channel of the page's own filter as 256 values, 0..255, with straight lines between those of its table. */
  function table(channel) {
    var node = document.querySelector("#fa-heat-colours feFunc" + channel);
    var values = node.getAttribute("tableValues").split(" ").map(Number), last = values.length - 1;
    return Array.from({ length: 256 }, function (_, level) {
      var place = level / 255 * last, k = Math.min(Math.floor(place), last - 1);
      return 255 * (values[k] + (place - k) * (values[k + 1] - values[k]));
    });
  }

  var colours = ["R", "G", "B", "A"].map(table);

  function heat(pixels) {
    for (var k = 0; k < pixels.length; k += 4) {
      var level = pixels[k];
      colours.forEach(function (values, channel) { pixels[k + channel] = values[level]; });
    }
  }

  function grey(pixels) {
    var flat = Number(getComputedStyle(document.documentElement).getPropertyValue("--fa-flat"));
    for (var k = 0; k < pixels.length; k += 4) {
      var luma = 0.2126 * pixels[k] + 0.7152 * pixels[k + 1] + 0.0722 * pixels[k + 2];
      pixels[k] = pixels[k + 1] = pixels[k + 2] = 127.5 + flat * (luma - 127.5);
    }
  }

  function changed(canvas, change) {
    var context = canvas.getContext("2d"), image = context.getImageData(0, 0, canvas.width, canvas.height);
    change(image.data);
    context.putImageData(image, 0, 0);
    return canvas;
  }

  /* The square of a picture that CSS shows of it: object-fit: cover. */
  function square(source, img, side) {
    var width = source.naturalWidth || source.width, height = source.naturalHeight || source.height;
    var least = Math.min(width, height), canvas = blank(side, side);
    var place = getComputedStyle(img).objectPosition.split(" ").map(function (part) { return parseFloat(part) / 100; });
    canvas.getContext("2d").drawImage(source, (width - least) * place[0], (height - least) * place[1], least, least,
      0, 0, side, side);
    return canvas;
  }

  /* Draw no more than what the foreground's outline leaves of a layer that it cuts. */
  function cut(context, layer, side) {
    var path = layer.style.clipPath && document.querySelector("#fa-cut path");
    if (!path) return;
    var scale = side * path.transform.baseVal.consolidate().matrix.a, shape = new Path2D();
    shape.addPath(new Path2D(path.getAttribute("d")), new DOMMatrix([scale, 0, 0, scale, 0, 0]));
    context.clip(shape, "evenodd");
  }

  /* Lines as the page's style has them, `thick` times as thick. */
  function outlined(context, svg, side, thick) {
    var scale = side / svg.viewBox.baseVal.width;
    svg.querySelectorAll("path").forEach(function (path) {
      var style = getComputedStyle(path), shape = new Path2D();
      shape.addPath(new Path2D(path.getAttribute("d")), new DOMMatrix([scale, 0, 0, scale, 0, 0]));
      context.fillStyle = style.fill.indexOf("url") < 0 ? style.fill : "rgb(255 255 255 / 45%)"; // for the hatching
      if (style.fill !== "none") context.fill(shape, style.fillRule);
      if (style.stroke === "none") return;
      context.strokeStyle = style.stroke;
      context.lineWidth = thick * parseFloat(style.strokeWidth);
      context.setLineDash(style.strokeDasharray === "none" ? [] :
        style.strokeDasharray.split(",").map(function (part) { return thick * parseFloat(part); }));
      context.stroke(shape);
    });
  }

  /* Pages from disk may show their pictures, but not read them: then those of a script, or of a folder that was chosen. */
  function readable(img) {
    var file = img.getAttribute("src").replace(/^.*\//, "");
    if (location.protocol !== "file:") return img.decode().then(function () { return img; });
    if (window.FA_HELD[file]) return window.FA_SAVE.load(window.FA_HELD[file]);
    if (chosen && chosen[file]) return createImageBitmap(chosen[file]);
    chosen = null; // the next time another folder may be chosen
    throw new Error("Not saved: " + file + " is not among the pictures that this page may read.");
  }

  function choose(tell) {
    tell("Choose this report’s folder “pictures”: a page from disk may not read it by itself. It stays on this machine.");
    return new Promise(function (done, fail) {
      var input = document.createElement("input");
      input.type = "file";
      input.webkitdirectory = true;
      input.addEventListener("change", function () {
        chosen = {};
        Array.from(input.files).forEach(function (file) { chosen[file.name] = file; });
        done();
      });
      input.addEventListener("cancel", function () { fail(new Error("Not saved: no folder was chosen.")); });
      input.click();
    });
  }

  function held(i) {
    return new Promise(function (done, fail) {
      var script = document.createElement("script");
      script.src = "gallery/held/" + data.anchor[i] + ".js";
      script.onload = done;
      script.onerror = function () { fail(new Error("Not saved: " + script.src + " is not there.")); };
      document.head.appendChild(script);
    });
  }

  /* Once the pictures of case `i` may be read. */
  gallery.open = function (i, tell) {
    if (location.protocol !== "file:") return Promise.resolve();
    if (data.held[i]) return held(i);
    return chosen ? Promise.resolve() : choose(tell);
  };

  /* A canvas `side` px wide of the layers in a box, heat at an opacity of 0..1. */
  gallery.paint = function (box, side, thick, at) {
    var layers = Array.from(box.querySelectorAll("img, svg")), canvas = blank(side, side), context = canvas.getContext("2d");
    return Promise.all(layers.map(function (layer) { return layer.matches("img") ? readable(layer) : layer; }))
      .then(function (sources) {
        layers.forEach(function (layer, k) {
          if (!layer.matches("img")) return outlined(context, layer, side, thick);
          var isHeat = layer.matches(".fa-heat"), isGrey = layer.matches(".fa-greyed > img:first-child");
          var drawn = square(sources[k], layer, side);
          context.save();
          cut(context, layer, side);
          context.globalAlpha = isHeat ? at : 1;
          context.drawImage(isHeat ? changed(drawn, heat) : isGrey ? changed(drawn, grey) : drawn, 0, 0);
          context.restore();
        });
        return canvas;
      });
  };

  function ramp(width, height, change, ends, colours) {
    var canvas = blank(width, height), context = canvas.getContext("2d");
    var gradient = context.createLinearGradient(0, 0, ends[0], ends[1]);
    gradient.addColorStop(0, colours[0]);
    gradient.addColorStop(1, colours[1]);
    context.fillStyle = gradient;
    context.fillRect(0, 0, width, height);
    return changed(canvas, change);
  }

  /* The legend: heat from none to the most, over greys from light to dark. */
  gallery.legend = function (width, height, at) {
    var canvas = ramp(width, height, grey, [0, height], ["#fff", "#000"]), context = canvas.getContext("2d");
    context.globalAlpha = at;
    context.drawImage(ramp(width, height, heat, [width, 0], ["#000", "#fff"]), 0, 0);
    return canvas;
  };
})();
