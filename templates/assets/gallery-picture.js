/* A case's picture in layers: photo, heatmap or mask over it, outlines, and what they say in words. */
(function () {
  "use strict";

  var data = window.FA_CASES, gallery = window.FA;
  var SVG = "http://www.w3.org/2000/svg";

  function image(kind, src, alt) {
    var img = document.createElement("img");
    img.className = kind;
    img.alt = alt;
    img.decoding = "async";
    img.src = src;
    return img;
  }

  function path(kind, d) {
    var drawn = document.createElementNS(SVG, "path");
    drawn.setAttribute("class", kind);
    drawn.setAttribute("d", d);
    return drawn;
  }

  /* Outlines: the mask dimmed around the flower, the flower's line alone, the region tested. */
  gallery.outlines = function (details, parts) {
    var side = details.side, svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 " + side + " " + side);
    svg.setAttribute("class", "fa-outline");
    svg.setAttribute("aria-hidden", "true");
    var around = "M-9-9H" + (side + 9) + "V" + (side + 9) + "H-9z";
    if (parts.mask) {
      svg.appendChild(path("fa-line", around + (details.flower || "")));
      if (details.unknown) svg.appendChild(path("fa-unknown", details.unknown));
    }
    if (parts.outline && details.flower) svg.append(path("fa-casing", details.flower), path("fa-hollow", details.flower));
    if (parts.region && details.outline) {
      ["fa-casing", "fa-hollow", "fa-region"].forEach(function (kind) { svg.appendChild(path(kind, details.outline)); });
    }
    return svg;
  };

  /* What a layer shows, in words; `details` may not be there yet. */
  gallery.words = function (i, show, details) {
    var name = data.name[i], subject = data.subject;
    if (show === "photo") return "Photo " + name;
    if (show === "mask") {
      return "Mask of the " + subject + " (" + data.masks[data.mask[i]] + ") on " + name + ": " +
        gallery.percent(data.chance[i]) + " of the image";
    }
    var k = Number(show.slice(-1)), where = details && details.hottest ? details.hottest[k] : "";
    if (!gallery.heat(i, show)) return data.titles[k] + " of " + name + ": not sampled";
    return data.titles[k] + " of " + name + ": " + gallery.percent(data["mass" + k][i]) + " of its mass on the " +
      subject + (where ? ", the hottest part at the " + where : "");
  };

  /* End of the name of a heatmap's picture; "" where the explainer was not asked. */
  gallery.heat = function (i, show) {
    if (show.indexOf("heat") !== 0) return "";
    return data.halves[Number(show.slice(-1))] ? "-heat.webp" : data[show][i];
  };

  /* Fill a box of class fa-layers; the returned photo bears the words. */
  gallery.layers = function (box, i, show) {
    var base = "pictures/" + data.anchor[i], heat = gallery.heat(i, show);
    var photo = image("fa-photo", base + ".webp", gallery.words(i, show));
    box.replaceChildren(photo);
    box.classList.toggle("fa-greyed", heat !== "");
    if (heat) box.appendChild(image("fa-heat fa-heat-" + data.halves[Number(show.slice(-1))], base + heat, ""));
    return photo;
  };
})();
