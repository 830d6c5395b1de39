/* The gallery's state: read from the address, written to it, and applied to the cases. */
(function () {
  "use strict";

  var data = window.FA_CASES;
  var gallery = (window.FA = {});
  window.FA_DETAILS = {};
  var DEFAULTS = {
    verdict: "", q: "", class: "", predicted: "", answer: "", group: "", mask: "", fragile: "",
    sort: "verdict", direction: "down", show: "photo", case: "", over: "heat0", at: "60", lines: "outline region"
  };
  function each(prefix) { return data.titles.map(function (_, k) { return prefix + k; }); }
  var CHOICES = {
    sort: ["verdict", "score", "share", "confidence", "name"].concat(each("mass"), each("skill")),
    direction: ["down", "up"], show: ["photo", "mask"].concat(each("heat")), over: ["mask"].concat(each("heat"))
  };

  /* The state of an address; what it does not say, or says wrongly, is the default. */
  gallery.read = function (hash) {
    var given = new URLSearchParams(hash.replace(/^#/, ""));
    var state = {};
    Object.keys(DEFAULTS).forEach(function (key) {
      var value = given.get(key);
      var allowed = value !== null && (!CHOICES[key] || CHOICES[key].indexOf(value) >= 0);
      state[key] = allowed ? value : DEFAULTS[key];
    });
    state.at = String(Math.min(100, Math.max(0, Number(state.at) || 0)));
    return state;
  };

  /* The address of a state, without what is as it is by default. */
  gallery.write = function (state) {
    var said = new URLSearchParams();
    Object.keys(DEFAULTS).forEach(function (key) {
      if (state[key] !== DEFAULTS[key]) said.set(key, state[key]);
    });
    return "#" + said.toString();
  };

  /* What an address calls a group; of -1 the images without a value. */
  gallery.group = function (column, place) {
    return column.title + "=" + (place < 0 ? "" : column.values[place]);
  };

  /* Whether a case is in the group of that address. */
  function grouped(address) {
    if (!address) return function () { return true; };
    var found = null;
    data.groups.forEach(function (column) {
      for (var k = -1; k < column.values.length; k++) {
        if (gallery.group(column, k) === address) found = { of: column.of, place: k };
      }
    });
    return function (i) { return found !== null && found.of[i] === found.place; };
  }

  gallery.blank = function () { return gallery.read(""); };

  gallery.find = function (anchor) { return anchor ? data.anchor.indexOf(anchor) : -1; };

  function keeper(state) {
    var wanted = state.verdict ? state.verdict.split(" ") : [];
    var q = state.q.trim().toLowerCase();
    var label = state.class === "" ? -1 : data.indexes.indexOf(Number(state.class));
    var predicted = state.predicted === "" ? -1 : data.indexes.indexOf(Number(state.predicted));
    var inGroup = grouped(state.group);
    var mask = state.mask === "" ? -1 : data.masks.indexOf(state.mask);
    return function (i) {
      var right = data.label[i] === data.prediction[i];
      return (!wanted.length || wanted.indexOf(data.verdicts[data.verdict[i]].key) >= 0) &&
        (state.class === "" || data.label[i] === label) &&
        (state.predicted === "" || data.prediction[i] === predicted) &&
        (!state.answer || right === (state.answer === "right")) &&
        (!state.fragile || data.fragile[i] === 1) &&
        inGroup(i) &&
        (state.mask === "" || data.mask[i] === mask) &&
        (!q || data.name[i].toLowerCase().indexOf(q) >= 0);
    };
  }

  var names = new Intl.Collator(undefined, { numeric: true });

  /* Cases come by verdict already, in the order of the verdicts' own pages. */
  function comparer(state) {
    if (state.sort === "verdict") return state.direction === "down" ? undefined : function (a, b) { return b - a; };
    var column = data[state.sort];
    var sign = state.direction === "down" ? -1 : 1;
    return function (a, b) {
      var x = column[a], y = column[b];
      if (x === null || y === null) return (x === null) - (y === null) || a - b; // undefined stays last
      return sign * (state.sort === "name" ? names.compare(x, y) : x - y) || a - b;
    };
  }

  /* Numbers of the cases that a state shows, in its order. */
  gallery.select = function (state) {
    var kept = [], keep = keeper(state);
    for (var i = 0; i < data.name.length; i++) if (keep(i)) kept.push(i);
    var compare = comparer(state);
    return compare ? kept.sort(compare) : kept;
  };

  gallery.percent = function (thousandths) {
    return thousandths === null || thousandths === undefined ? "undefined" : (thousandths / 10).toFixed(1) + "%";
  };

  gallery.signed = function (thousandths) {
    if (thousandths === null || thousandths === undefined) return "undefined";
    return (thousandths < 0 ? "\u2212" : "+") + (Math.abs(thousandths) / 1000).toFixed(2);
  };

  gallery.shown = function (column, i) {
    var value = data[column === "verdict" ? "score" : column][i];
    if (column === "verdict" || column === "score") return value === null ? "undefined" : (value / 1000).toFixed(2);
    return column.indexOf("skill") === 0 ? gallery.signed(value) : gallery.percent(value);
  };

  var waiting = {};

  /* Call `done` with a case's details, at once or when their script has run. */
  gallery.details = function (i, done) {
    var chunk = Math.floor(i / data.chunk);
    function give() { done(window.FA_DETAILS[chunk][i % data.chunk]); }
    if (window.FA_DETAILS[chunk]) return give();
    if (waiting[chunk]) return waiting[chunk].push(give);
    waiting[chunk] = [give];
    var script = document.createElement("script");
    script.src = "gallery/details-" + chunk + ".js";
    script.onload = function () { waiting[chunk].forEach(function (f) { f(); }); delete waiting[chunk]; };
    document.head.appendChild(script);
  };
})();
