/* Marks the section that is read in a page's contents, and closes these once a place is chosen. */
(function () {
  "use strict";

  var box = document.querySelector(".fa-contents details");
  if (!box) return;
  var links = Array.prototype.slice.call(box.querySelectorAll("a"));
  var headings = links.map(function (link) {
    return document.getElementById(decodeURIComponent(link.hash.slice(1)));
  });

  function mark() {
    var read = -1;
    headings.forEach(function (heading, i) {
      if (heading.getBoundingClientRect().top < innerHeight / 3) read = i;
    });
    links.forEach(function (link, i) {
      if (i === read) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  }

  box.addEventListener("click", function (event) {
    if (event.target.closest("a")) box.open = false;
  });
  box.addEventListener("keydown", function (event) {
    if (event.key !== "Escape" || !box.open) return;
    box.open = false;
    box.querySelector("summary").focus();
  });
  addEventListener("scroll", mark, { passive: true });
  mark();
})();
