/* What a case was shown in tests, each picture with the answer that it got. */
(function () {
  "use strict";

  var data = window.FA_CASES, gallery = window.FA, EVENED = -1, LOST = -2;
  var SVG = "http://www.w3.org/2000/svg";

  function image(src, alt) {
    var img = document.createElement("img");
    img.src = src;
    img.alt = alt;
    img.width = img.height = 128;
    return img;
  }

  function figure(picture, caption) {
    var made = document.createElement("figure"), words = document.createElement("figcaption");
    words.textContent = caption;
    made.append(picture, words);
    return made;
  }

  function layers(parts) {
    var box = document.createElement("span");
    box.className = "fa-layers";
    box.append.apply(box, parts);
    return box;
  }

  function drawn(name, attributes, inside) {
    var made = document.createElementNS(SVG, name);
    Object.keys(attributes).forEach(function (key) { made.setAttribute(key, attributes[key]); });
    if (inside) made.appendChild(inside);
    return made;
  }

  function photo(i) { return "pictures/" + data.anchor[i] + ".webp"; }

  function region(i, details) {
    var side = details.side, path = drawn("path", { class: "fa-tried", d: details.outline || "" });
    var over = drawn("svg", { class: "fa-outline", viewBox: "0 0 " + side + " " + side, "aria-hidden": "true" }, path);
    var words = "Region tested: " + details.region;
    return figure(layers([image(photo(i), "Photo " + data.name[i] + ", outlined: " + words), over]), words);
  }

  /* The region, and the composites that stand side by side in one file. */
  gallery.composites = function (i, details) {
    var panels = details.panels || [], last = panels.length - 1;
    var shown = panels.map(function (panel, k) {
      var img = image("pictures/" + data.anchor[i] + "-tested.webp", panel[0] + ", " + data.name[i] + ": " + panel[1]);
      img.style.objectPosition = (last ? 100 * k / last : 0) + "% 0";
      return figure(img, panel[0] + ": " + panel[1]);
    });
    return panels.length && details.region ? [region(i, details)].concat(shown) : shown;
  };

  /* The answer on another background: whether it turned, and which it is. */
  function said(i, swap) {
    if (swap[1] === null || swap[1] === undefined) return ": answer not kept";
    if (swap[1] < 0) return ", turned: another answer";
    var stays = swap[1] === data.prediction[i];
    return (stays ? ", stays: " : ", turned: ") + data.classes[swap[1]] + (swap[2] === null ? "" : ", " + swap[2] + "%");
  }

  function elsewhere(i, swap, k) {
    var words = (swap[0] === EVENED ? "Own background, evened out" : "Background " + (k + 1)) + said(i, swap);
    var front = image(photo(i), swap[0] === LOST ? "Foreground of " + data.name[i] + "; its background is lost" : "");
    front.style.clipPath = "url(#fa-cut)";
    var parts = swap[0] === LOST ? [front] :
      [image("pictures/background-" + (swap[0] === EVENED ? "evened" : swap[0]) + ".webp", words), front];
    return figure(layers(parts), words);
  }

  /* Every background that was tried, with the answer that it got; the foreground is cut out by its outline. */
  gallery.swaps = function (i, details) {
    if (!details.swaps) return [];
    var path = drawn("path", { transform: "scale(" + 1 / details.side + ")", "clip-rule": "evenodd", d: details.flower || "" });
    var cut = drawn("clipPath", { id: "fa-cut", clipPathUnits: "objectBoundingBox" }, path);
    var figures = details.swaps.map(function (swap, k) { return elsewhere(i, swap, k); });
    return [drawn("svg", { class: "fa-defs", width: 0, height: 0, "aria-hidden": "true" }, cut)].concat(figures);
  };

  /* "Survives 0 of 5 other backgrounds"; "" where none was tried. */
  gallery.survives = function (details) {
    if (!details.swaps || details.survival === undefined) return "";
    var untold = details.swaps.some(function (swap) { return swap[1] === null; }) ? "which" :
      details.swaps.some(function (swap) { return swap[1] < 0; }) ? "what it became on the others" : "";
    return "Survives " + Math.round(details.survival * details.donors / 1000) + " of " + details.donors + " other backgrounds" +
      (untold ? "; the version that made this run did not keep " + untold + "." : ".");
  };
})();
