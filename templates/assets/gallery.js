/* Ties the gallery together: the address is its state, and every control writes there. */
(function () {
  "use strict";

  var data = window.FA_CASES, gallery = window.FA;
  var get = document.getElementById.bind(document);
  var form = get("fa-filters"), dialog = get("fa-case");
  var state = gallery.read(location.hash), order = [], drawn = null;
  var FIELDS = ["class", "predicted", "answer", "group", "mask", "sort", "direction", "show", "q"];
  var grid, close;

  function options(name, values, texts) {
    values.forEach(function (value, k) { form.elements[name].add(new Option(texts[k], value)); });
  }

  function fillForm() {
    var wanted = state.verdict.split(" ");
    form.querySelectorAll("[name=verdict]").forEach(function (box) { box.checked = wanted.indexOf(box.value) >= 0; });
    FIELDS.forEach(function (name) {
      if (form.elements[name].value !== state[name]) form.elements[name].value = state[name];
    });
    form.elements.fragile.checked = state.fragile === "1";
    get("fa-fold").textContent = "Filter and sort" + (countSet() ? " (" + countSet() + " set)" : "");
  }

  function readForm() {
    var wanted = Array.from(form.querySelectorAll("[name=verdict]:checked"), function (box) { return box.value; });
    var found = { verdict: wanted.join(" "), fragile: form.elements.fragile.checked ? "1" : "" };
    FIELDS.forEach(function (name) {
      found[name] = form.elements[name].value;
    });
    return found;
  }

  /* What of the state decides which tiles stand where; a case on top changes none of it. */
  function view() { return gallery.write(Object.assign({}, state, { case: "", over: "heat0", at: "60", lines: "outline region" })); }

  function render() {
    fillForm();
    if (drawn !== view()) {
      drawn = view();
      order = gallery.select(state);
      grid.show(order);
      get("fa-count").textContent = order.length.toLocaleString("en") + " of " +
        data.name.length.toLocaleString("en") + (data.name.length === 1 ? " image" : " images") +
        (order.length ? "" : ": none fits. Reset shows all that were explained.");
    }
    var i = gallery.find(state.case);
    if (i >= 0) close.show(i, order, state);
    else close.hide();
  }

  function change(some, asStep) {
    state = Object.assign({}, state, some);
    history[asStep ? "pushState" : "replaceState"](null, "", gallery.write(state));
    render();
  }

  function step(by) {
    var place = order.indexOf(close.shown()) + by;
    if (order[place] !== undefined && close.shown() >= 0) change({ case: data.anchor[order[place]] });
  }

  function address(hash) { return location.href.replace(/#.*/, "") + hash; }

  function copy(text, say) {
    window.FA_COPY(text, function (copied) { say(copied ? "Link copied." : "Copy this link: " + text); });
  }

  function save() {
    function tell(text) { dialog.querySelector(".fa-copied").textContent = text; }
    gallery.save(dialog, close.shown(), state, tell).then(
      function (name) { tell("Saved as " + name + "."); },
      function (error) { tell(error.message); });
  }

  /* Filters are folded on narrow screens alone; what of them is set is told. */
  function fold() {
    var isOpen = form.classList.toggle("fa-unfolded");
    get("fa-fold").setAttribute("aria-expanded", isOpen);
  }

  function countSet() {
    var blank = gallery.blank();
    return FIELDS.concat("verdict", "fragile").filter(function (name) { return state[name] !== blank[name]; }).length;
  }

  function listen() {
    form.addEventListener("input", function () { change(readForm()); });
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    get("fa-reset").addEventListener("click", function () { change(gallery.blank()); });
    get("fa-copy-view").addEventListener("click", function (event) {
      copy(address(view()), function (text) { event.target.textContent = text; });
      setTimeout(function () { event.target.textContent = "Copy link to this view"; }, 3000);
    });
    get("fa-copy").addEventListener("click", function () {
      var alone = Object.assign(gallery.blank(), { case: state.case, over: state.over, at: state.at, lines: state.lines });
      copy(address(gallery.write(alone)), function (text) { dialog.querySelector(".fa-copied").textContent = text; });
    });
    get("fa-save").addEventListener("click", save);
    get("fa-fold").addEventListener("click", fold);
    get("fa-previous").addEventListener("click", function () { step(-1); });
    get("fa-next").addEventListener("click", function () { step(1); });
    get("fa-close").addEventListener("click", function () { dialog.close(); });
    dialog.addEventListener("click", function (event) {
      var box = dialog.getBoundingClientRect(), x = event.clientX, y = event.clientY;
      var outside = x < box.left || x > box.right || y < box.top || y > box.bottom;
      if (event.target === dialog && outside) dialog.close();
    });
    dialog.addEventListener("keydown", function (event) {
      var by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by && event.target.tagName !== "INPUT") { event.preventDefault(); step(by); }
    });
    dialog.addEventListener("close", function () {
      var i = gallery.find(state.case);
      if (i < 0) return;
      change({ case: "" });
      grid.focusCase(i);
    });
    addEventListener("hashchange", function () { state = gallery.read(location.hash); render(); });
  }

  ["class", "predicted"].forEach(function (name) {
    options(name, data.indexes, data.classes.map(function (text) { return text.slice(0, 80); }));
  });
  options("mask", data.masks, data.masks);
  data.groups.forEach(function (column) {
    for (var k = -1; k < column.values.length; k++) {
      var text = column.title + ": " + (k < 0 ? "no value" : column.values[k]);
      form.elements.group.add(new Option(text.slice(0, 80), gallery.group(column, k)));
    }
  });
  get("fa-groups").hidden = !data.groups.length;
  get("fa-gallery").hidden = false;
  grid = new gallery.Grid(get("fa-grid"), function () { return state; });
  close = new gallery.Close(dialog, change);
  listen();
  render();
})();
