/* Below each chart: save it as SVG or PNG, in light colours, with its title and in words what it shows. */
(function () {
  "use strict";

  var SVG = "http://www.w3.org/2000/svg", EDGE = 12, SHARPER = 2, save = window.FA_SAVE;
  var COLOURS = { "currentColor": save.INK, "var(--fa-chart)": "#0072b2" }; // those of light pages

  function made(tag, attributes, text) {
    var element = document.createElementNS(SVG, tag);
    Object.keys(attributes).forEach(function (name) { element.setAttribute(name, attributes[name]); });
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function said(drawing) { return drawing.getAttribute("aria-label"); }

  /* The heading that a chart stands under; its first node, as a link to it follows. */
  function headingOf(drawing) {
    var headings = Array.from(document.querySelectorAll("h1, h2, h3")).filter(function (heading) {
      return heading.compareDocumentPosition(drawing) & Node.DOCUMENT_POSITION_FOLLOWING;
    });
    return headings.pop().firstChild.textContent.trim();
  }

  /* Heading and caption, or the beginning of what is said where that is all there is. */
  function titleOf(drawing) {
    var caption = drawing.parentNode.querySelector("figcaption"), words = said(drawing);
    var title = caption ? caption.textContent.trim() : words;
    if (title === words) return words.split(/[:;,.] /)[0];
    var heading = headingOf(drawing);
    return title.startsWith(heading) ? title : heading + ": " + title;
  }

  /* What stands below: what the chart shows, what its colours mean where it does not say so, and whose it is. */
  function below(drawing) {
    var key = drawing.closest("[data-key]");
    return [said(drawing), key ? key.dataset.key : "", document.title].filter(Boolean);
  }

  /* Add a paragraph at `y`; give where it ends. */
  function write(svg, text, y, style) {
    var width = svg.viewBox.baseVal.width - 2 * EDGE;
    save.lines(text, style.weight + " " + style.size + "px " + save.FONT, width).forEach(function (line) {
      y += 1.35 * style.size;
      svg.appendChild(made("text", {
        x: EDGE, y: y, fill: style.colour, "font-size": style.size, "font-weight": style.weight, "font-family": save.FONT
      }, line));
    });
    return y;
  }

  /* A chart's whole SVG: nothing in it is the page's. */
  function whole(drawing) {
    var chart = drawing.querySelector("svg").cloneNode(true), box = chart.viewBox.baseVal, title = titleOf(drawing);
    var width = box.width + 2 * EDGE;
    var svg = made("svg", { xmlns: SVG, viewBox: "0 0 " + width + " 1", width: width });
    var paper = made("rect", { width: "100%", height: "100%", fill: "#fff" });
    svg.append(made("title", {}, title), made("desc", {}, said(drawing)),
      made("style", {}, "*{stroke-linejoin:round;stroke-linecap:butt}"), paper);
    var y = write(svg, title, EDGE / 2, { size: 13, weight: 600, colour: save.INK }) + EDGE;
    [["x", EDGE], ["y", y], ["width", box.width], ["height", box.height]].forEach(function (pair) {
      chart.setAttribute(pair[0], pair[1]);
    });
    svg.appendChild(chart);
    y += box.height;
    below(drawing).forEach(function (text) {
      y = write(svg, text, y + 4, { size: 9, weight: 400, colour: save.SOFT });
    });
    var height = Math.ceil(y + EDGE);
    svg.setAttribute("viewBox", "0 0 " + width + " " + height);
    svg.setAttribute("height", height);
    var text = new XMLSerializer().serializeToString(svg);
    Object.keys(COLOURS).forEach(function (name) { text = text.replaceAll(name, COLOURS[name]); });
    return { text: text, width: width, height: height, name: save.named("chart " + title) };
  }

  function asSvg(drawing) {
    var svg = whole(drawing);
    save.file(new Blob([svg.text], { type: "image/svg+xml" }), svg.name + ".svg");
  }

  function asPng(drawing) {
    var svg = whole(drawing), canvas = document.createElement("canvas");
    canvas.width = SHARPER * svg.width;
    canvas.height = SHARPER * svg.height;
    save.load("data:image/svg+xml," + encodeURIComponent(svg.text)).then(function (image) {
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      save.picture(canvas, svg.name + ".png");
    });
  }

  function button(kind, saves, drawing) {
    var made = document.createElement("button");
    made.type = "button";
    made.textContent = kind;
    made.setAttribute("aria-label", kind + " of this chart: " + titleOf(drawing));
    made.addEventListener("click", function () { saves(drawing); });
    return made;
  }

  document.querySelectorAll("figure > [role='img'] > svg").forEach(function (chart) {
    var drawing = chart.parentNode, tools = document.createElement("div");
    tools.className = "fa-tools";
    tools.append(button("Save SVG", asSvg, drawing), button("Save PNG", asPng, drawing));
    drawing.parentNode.append(tools);
  });
})();
