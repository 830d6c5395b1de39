/* A grid of thousands of tiles of which only those near the window exist. */
(function () {
  "use strict";

  var data = window.FA_CASES, gallery = window.FA;
  var LEAST = 132, GAP = 8, CAPTION = 42, BEYOND = 2; // px, and rows kept beyond the window

  gallery.Grid = function (list, state) {
    var order = [], tiles = new Map(), columns = 1, width = LEAST, active = 0, asked = false;

    function height() { return width + CAPTION + GAP; }

    function measure() {
      var whole = list.clientWidth;
      columns = Math.max(2, Math.floor((whole + GAP) / (LEAST + GAP)));
      width = (whole + GAP) / columns - GAP;
      list.style.height = Math.ceil(order.length / columns) * height() + "px";
    }

    function fill(tile, i) {
      var now = state(), box = tile.querySelector(".fa-layers");
      var photo = gallery.layers(box, i, now.show);
      if (now.show === "photo") return;
      gallery.details(i, function (details) {
        photo.alt = gallery.words(i, now.show, details);
        if (now.show === "mask") box.appendChild(gallery.outlines(details, { mask: true }));
      });
    }

    function make(place) {
      var i = order[place], now = state(), tile = document.createElement("li");
      var link = document.createElement("a"), box = document.createElement("span");
      var name = document.createElement("bdi"), line = document.createElement("small");
      var verdict = data.verdicts[data.verdict[i]];
      tile.className = "fa-v-" + verdict.key;
      tile.setAttribute("aria-setsize", order.length);
      tile.setAttribute("aria-posinset", place + 1);
      box.className = "fa-layers";
      name.textContent = data.name[i];
      var value = now.sort === "name" ? "" : " " + gallery.shown(now.sort, i);
      line.textContent = verdict.title + value + (data.fragile[i] ? ", fragile" : "");
      link.href = gallery.write(Object.assign({}, now, { case: data.anchor[i] }));
      link.title = data.name[i].slice(0, 200);
      link.append(box, name, line);
      tile.appendChild(link);
      fill(tile, i);
      return tile;
    }

    function put(place) {
      var tile = tiles.get(place);
      if (!tile) {
        tile = make(place);
        tiles.set(place, tile);
        list.appendChild(tile);
      }
      tile.style.width = width + "px";
      tile.style.height = height() - GAP + "px";
      tile.style.transform = "translate(" + (place % columns) * (width + GAP) + "px," +
        Math.floor(place / columns) * height() + "px)";
      tile.firstChild.tabIndex = place === active ? 0 : -1;
    }

    function draw() {
      asked = false;
      var top = list.getBoundingClientRect().top;
      var first = Math.floor(-top / height()) - BEYOND, last = Math.ceil((innerHeight - top) / height()) + BEYOND;
      var wanted = new Set();
      for (var p = Math.max(0, first * columns); p < Math.min(order.length, last * columns); p++) wanted.add(p);
      if (active < order.length) wanted.add(active); // what has the focus must not vanish
      tiles.forEach(function (tile, place) {
        if (!wanted.has(place)) { tile.remove(); tiles.delete(place); }
      });
      Array.from(wanted).sort(function (a, b) { return a - b; }).forEach(put);
    }

    function ask() {
      if (!asked) { asked = true; requestAnimationFrame(draw); }
    }

    function focus(place) {
      active = Math.max(0, Math.min(order.length - 1, place));
      put(active);
      tiles.get(active).scrollIntoView({ block: "nearest" });
      draw();
      tiles.get(active).firstChild.focus({ preventScroll: true });
    }

    list.addEventListener("keydown", function (event) {
      var page = Math.max(1, Math.floor(innerHeight / height()) - 1) * columns;
      var steps = {
        ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns,
        PageUp: -page, PageDown: page, Home: -active, End: order.length - 1 - active
      };
      if (!(event.key in steps) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      focus(active + steps[event.key]);
    });
    list.addEventListener("focusin", function (event) {
      tiles.forEach(function (tile, place) { if (tile.contains(event.target)) active = place; });
      tiles.forEach(function (tile, place) { tile.firstChild.tabIndex = place === active ? 0 : -1; });
    });
    addEventListener("scroll", ask, { passive: true });
    new ResizeObserver(function () { measure(); ask(); }).observe(list);

    /* Show these cases; the tiles are made anew. */
    this.show = function (numbers) {
      order = numbers;
      active = 0;
      tiles.forEach(function (tile) { tile.remove(); });
      tiles.clear();
      measure();
      draw();
    };
    /* Move the focus to a case's tile, if it is among those shown. */
    this.focusCase = function (i) {
      var place = order.indexOf(i);
      if (place >= 0) focus(place);
    };
  };
})();
