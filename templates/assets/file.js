/* What a site has from its theme, for the page that is one file: other colours, and the decision alone on paper. */
(function () {
  "use strict";

  var root = document.documentElement, list = document.querySelector(".fa-contents ol");
  if (!list) return;
  var system = matchMedia("(prefers-color-scheme: dark)"), item = document.createElement("li");
  item.className = "fa-tools";
  list.prepend(item);

  function button(title, act) {
    var made = document.createElement("button");
    made.type = "button";
    made.textContent = title;
    made.addEventListener("click", act);
    item.append(made);
    return made;
  }

  function isDark() { return root.dataset.colours ? root.dataset.colours === "dark" : system.matches; }
  function name() { colours.textContent = isDark() ? "Light colours" : "Dark colours"; }

  var colours = button("", function () {
    root.dataset.colours = isDark() ? "light" : "dark";
    name();
  });
  system.addEventListener("change", name);
  name();

  button("Print the decision alone", function () {
    root.dataset.print = "decision";
    print();
  });
  addEventListener("afterprint", function () { delete root.dataset.print; });
})();
